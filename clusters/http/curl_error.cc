#include "clusters/http/curl_error.h"

#include <curl/curl.h>
#include <fmt/core.h>

#include <cstring>
#include <string>

#include "clusters/http/http_client.h"

namespace fairway::clusters {

namespace {

Error Transport(int code, std::string_view reason, std::string message) {
  Error error;
  error.code = code;
  error.reason = std::string(reason);
  error.message = std::move(message);
  return error;
}

}  // namespace

Error ClassifyCurlError(int curl_code, std::string_view detail, std::string_view server,
                        int os_errno) {
  std::string text(detail.empty() ? curl_easy_strerror(static_cast<CURLcode>(curl_code)) : detail);
  switch (curl_code) {
    case CURLE_OPERATION_TIMEDOUT:
      return Transport(504, kHttpTimeout,
                       fmt::format("{} did not answer in time: {}", server, text));
    case CURLE_COULDNT_RESOLVE_HOST:
      return Transport(503, kHttpUnreachable,
                       fmt::format("the host name of {} does not resolve: {}", server, text));
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
      return Transport(503, kHttpUnreachable,
                       fmt::format("the proxy to {} cannot be used: {}", server, text));
    case CURLE_COULDNT_CONNECT:
      if (os_errno != 0) text = std::strerror(os_errno);
      return Transport(503, kHttpUnreachable,
                       fmt::format("cannot connect to {}: {}", server, text));
    case CURLE_PEER_FAILED_VERIFICATION:
      return Transport(502, kHttpTls,
                       fmt::format("the certificate of {} is not accepted: {}", server, text));
    case CURLE_SSL_CERTPROBLEM:
      return Transport(
          502, kHttpTls,
          fmt::format("our client certificate for {} cannot be used: {}", server, text));
    case CURLE_SSL_CACERT_BADFILE:
      return Transport(502, kHttpTls,
                       fmt::format("the CA certificates for {} cannot be used: {}", server, text));
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_USE_SSL_FAILED:
      return Transport(502, kHttpTls, fmt::format("TLS with {} failed: {}", server, text));
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
      return Transport(502, kHttpProtocol, fmt::format("{} does not speak HTTP: {}", server, text));
    default:
      return Transport(503, kHttpUnreachable,
                       fmt::format("the connection to {} broke: {}", server, text));
  }
}

bool IsBrokenConnection(int curl_code) {
  switch (curl_code) {
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_FAIL_REWIND:
      return true;
    default:
      return false;
  }
}

bool IsSilence(int curl_code) { return curl_code == CURLE_OPERATION_TIMEDOUT; }

}  // namespace fairway::clusters
