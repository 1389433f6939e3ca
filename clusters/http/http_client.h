// HttpClient: HTTP requests to one server, many at once, over few connections.
//
// Thread: the loop. Lifetime: dropping the Call of a request cancels it, and then its callbacks do
// not run; callbacks never run inside the starting call. Everything is bounded: requests in flight,
// requests waiting, bytes of an answer, time without a byte, total time.
//
// Errors are only those of the transport and of our own limits; an answer with status 500 is an
// answer. Their `reason` is one of the kHttp* constants, their message names the server.
#pragma once

#include <absl/functional/any_invocable.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clusters/loop/call.h"
#include "scheduler/result.h"

namespace fairway::clusters {

// Reasons of transport errors.
inline constexpr std::string_view kHttpUnreachable = "Unreachable";    // no connection, or it broke
inline constexpr std::string_view kHttpTls = "TLSFailed";              // certificates do not match
inline constexpr std::string_view kHttpTimeout = "Timeout";            // too slow, or silent
inline constexpr std::string_view kHttpTooLarge = "ResponseTooLarge";  // beyond our limit
inline constexpr std::string_view kHttpProtocol = "ProtocolError";     // not HTTP
inline constexpr std::string_view kHttpQueueFull = "TooManyRequests";  // our own queue is full
inline constexpr std::string_view kHttpCredentials = "CredentialsFailed";  // none to be had

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "GET";
  std::string target;   // "/api/v1/nodes?limit=500": appended to the server's URL
  HttpHeaders headers;  // beside Host, User-Agent, Authorization
  std::string body;
  int64_t timeout_ms = 30'000;  // from the start to the last byte; 0 = none
  int64_t idle_timeout_ms = 0;  // without any byte; 0 = none
  size_t response_bytes_max = 8u << 20;
  // May be sent again when the connection broke before an answer. True for what the server does
  // once even when asked twice: GET, PATCH by apply, DELETE with a uid, create under a fixed name.
  bool idempotent = true;
  bool urgent = false;    // goes before the queue, and does not count against what is in flight
  bool compress = false;  // accept gzip
};

struct HttpResponse {
  int status = 0;
  std::string content_type;
  int retry_after_seconds = 0;  // of the Retry-After header; 0 = none
  int64_t date_seconds = 0;     // of the Date header, since the epoch; 0 = none
  std::string body;             // empty for streams
};

using HttpDone = absl::AnyInvocable<void(Result<HttpResponse>)>;

// A response that has no end of its own. `on_head` runs once, then `on_data` for each piece, then
// `on_end` once; a transport error may come at any time and is given to `on_end`. The limit on
// bytes is the reader's business.
struct HttpStream {
  absl::AnyInvocable<void(const HttpResponse& head)> on_head;
  absl::AnyInvocable<void(std::string_view piece)> on_data;
  absl::AnyInvocable<void(Status)> on_end;
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  virtual Call Fetch(HttpRequest request, HttpDone done) = 0;
  // Streams have connections of their own, so that they never starve requests.
  virtual Call Stream(HttpRequest request, HttpStream stream) = 0;
};

}  // namespace fairway::clusters
