#include "gateway/server/protocol_answer.h"

#include <fmt/core.h>

namespace fairway::gateway {

namespace {

ProtocolAnswer StatusAnswer(int code, std::string_view reason, std::string_view message,
                            std::string_view details) {
  ProtocolAnswer answer;
  answer.status = code;
  answer.headers = {{"content-type", "application/json"}, {"cache-control", "no-cache, private"}};
  answer.body = fmt::format(
      R"({{"kind":"Status","apiVersion":"v1","metadata":{{}},"status":"Failure","message":"{}",)"
      R"("reason":"{}"{},"code":{}}})"
      "\n",
      message, reason, details, code);
  return answer;
}

}  // namespace

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Request Entity Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Entity";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

bool IsBodiless(int status) {
  return status == 204 || status == 304 || (status >= 100 && status < 200);
}

ProtocolAnswer PlainAnswer(int status, std::string_view detail) {
  ProtocolAnswer answer;
  answer.status = status;
  answer.headers = {{"content-type", "text/plain; charset=utf-8"},
                    {"x-content-type-options", "nosniff"}};
  answer.body = fmt::format("{} {}: {}\n", status, ReasonPhrase(status), detail);
  return answer;
}

ProtocolAnswer BodyTooLarge(size_t body_bytes_max) {
  return StatusAnswer(413, "RequestEntityTooLarge",
                      fmt::format("Request entity too large: limit is {}", body_bytes_max), "");
}

ProtocolAnswer TooBusy(std::string_view what) {
  ProtocolAnswer answer =
      StatusAnswer(429, "TooManyRequests", what, R"(,"details":{"retryAfterSeconds":1})");
  answer.headers.emplace_back("retry-after", "1");
  return answer;
}

}  // namespace fairway::gateway
