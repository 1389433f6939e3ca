#include "clusters/kube/api_error.h"

#include <fmt/core.h>

#include <algorithm>
#include <string>

namespace fairway::kube {

namespace {

constexpr size_t kQuotedMax = 256;

std::string_view ReasonOfStatus(int http_status) {
  switch (http_status) {
    case 400:
      return "BadRequest";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "NotFound";
    case 405:
      return "MethodNotAllowed";
    case 406:
      return "NotAcceptable";
    case 409:
      return "Conflict";
    case 410:
      return "Expired";
    case 413:
      return "RequestEntityTooLarge";
    case 415:
      return "UnsupportedMediaType";
    case 422:
      return "Invalid";
    case 429:
      return "TooManyRequests";
    case 503:
      return "ServiceUnavailable";
    case 504:
      return "Timeout";
    default:
      return http_status >= 500 ? "InternalError" : "";
  }
}

// The start of a foreign body, on one line, safe for a log and a condition message.
std::string Quote(std::string_view body) {
  std::string out;
  for (char c : body.substr(0, std::min(body.size(), kQuotedMax))) {
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  if (body.size() > kQuotedMax) out += "...";
  return out;
}

}  // namespace

Error ErrorFromStatusObject(const Object& status) {
  Error error;
  error.code = static_cast<int>(Get<int64_t>(status, {"code"}).value_or(500));
  if (error.code < 400 || error.code > 599) error.code = 500;
  error.reason = std::string(GetString(status, {"reason"}));
  error.message = std::string(GetString(status, {"message"}));
  error.name = std::string(GetString(status, {"details", "name"}));
  error.group = std::string(GetString(status, {"details", "group"}));
  error.kind = std::string(GetString(status, {"details", "kind"}));
  error.uid = std::string(GetString(status, {"details", "uid"}));
  error.retry_after_seconds = static_cast<int>(std::clamp<int64_t>(
      Get<int64_t>(status, {"details", "retryAfterSeconds"}).value_or(0), 0, 3600));
  error.continue_token = std::string(GetString(status, {"metadata", "continue"}));
  const Array* causes = GetArray(status, {"details", "causes"});
  for (size_t i = 0; causes != nullptr && i < causes->size() && i < 100; ++i) {
    const Value& cause = (*causes)[i];
    error.causes.push_back({std::string(GetString(cause, {"reason"})),
                            std::string(GetString(cause, {"message"})),
                            std::string(GetString(cause, {"field"}))});
  }
  return error;
}

Error ErrorFromAnswer(int http_status, int retry_after_seconds, std::string_view body) {
  Error error;
  bool is_status = false;
  if (!body.empty() && body.size() <= (1u << 20) && body.front() == '{') {
    if (auto parsed = ParseJson(body);
        parsed && parsed->is_object() && GetString(*parsed, {"kind"}) == "Status") {
      error = ErrorFromStatusObject(parsed->get_object());
      is_status = true;
    }
  }
  // The line of the answer is what decides: a Status inside may lie.
  error.code = http_status;
  if (!is_status) error.reason = std::string(ReasonOfStatus(http_status));
  if (error.message.empty()) {
    error.message = body.empty()
                        ? fmt::format("the server answered {}", http_status)
                        : fmt::format("the server answered {}: {}", http_status, Quote(body));
  }
  if (retry_after_seconds > 0) error.retry_after_seconds = retry_after_seconds;
  return error;
}

bool IsRetryable(const Error& error) {
  return error.code == 408 || error.code == 429 || error.code >= 500;
}

bool IsExpired(const Error& error) {
  return error.code == 410 || error.reason == "Expired" || error.reason == "Gone";
}

}  // namespace fairway::kube
