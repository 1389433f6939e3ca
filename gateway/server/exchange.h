// Exchange: one HTTP request and its answer, whichever protocol carries it. The server makes it, a
// Handler answers it.
//
// Thread: the loop. Lifetime: shared between session and handler; when the client goes away the
// exchange is closed, later Reply() and Write() do nothing, and OnClose runs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairway::gateway {

// Header names are lower-case. Order and repeats are kept (Warning, Impersonate-Group).
using Headers = std::vector<std::pair<std::string, std::string>>;

// Who is at the other end of the TLS connection.
struct Peer {
  std::string address;  // 127.0.0.1:51234
  // The verified client certificate, if one was given: subject CN, every O, SHA-256 of the DER in
  // hex.
  struct Certificate {
    std::string common_name;
    std::vector<std::string> organizations;
    std::string sha256_hex;
    int64_t not_after_ms = 0;
  };
  std::shared_ptr<const Certificate> certificate;
  // Why a presented certificate was not accepted; such requests are answered 401 with this text.
  std::string certificate_error;
};

struct Request {
  std::string method;  // GET
  std::string target;  // as sent: /apis/batch/v1/jobs?limit=5
  std::string path;    // decoded target up to '?'; percent escapes resolved
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
  Headers headers;
  std::string body;  // complete; at most the server's limit
  Peer peer;
  bool http2 = false;

  std::string_view Header(std::string_view lower_case_name) const;     // first; "" when absent
  std::optional<std::string_view> Query(std::string_view name) const;  // first
};

class Exchange {
 public:
  virtual ~Exchange() = default;

  const Request& request() const { return request_; }

  // Answers whole; content-length is set here. Once. 304 and 204 carry no body.
  virtual void Reply(int status, Headers headers, std::shared_ptr<const std::string> body) = 0;
  void Reply(int status, Headers headers, std::string body) {
    Reply(status, std::move(headers), std::make_shared<const std::string>(std::move(body)));
  }
  // The same with a newline behind the body, which is shared and stays as it is.
  virtual void ReplyLine(int status, Headers headers, std::shared_ptr<const std::string> body) {
    Reply(status, std::move(headers), *body + '\n');
  }

  // Streams: headers go out at once, then Write() pieces (chunked or DATA frames), then End().
  virtual void Start(int status, Headers headers) = 0;
  // Queues a piece. The answer is false when more than the high-water mark is buffered: stop until
  // OnWritable runs. The piece is kept in either case.
  virtual bool Write(std::shared_ptr<const std::string> piece) = 0;
  virtual void End() = 0;

  // Bytes queued and not yet handed to the kernel.
  virtual size_t buffered() const = 0;
  // `fn` runs whenever a Write() that answered false may be continued. It replaces an earlier one.
  virtual void OnWritable(std::function<void()> fn) = 0;
  // Runs once, when the client has gone or the server shuts down; not after a finished Reply or
  // End.
  virtual void OnClose(std::function<void()> fn) = 0;
  virtual bool closed() const = 0;
  // Reads no more from the connection that brought this request, whatever else it carries, until
  // the answer is dropped: for clients who send more than they get done. Null when that cannot be.
  virtual std::shared_ptr<void> HoldInput() { return nullptr; }
  // Runs once, when the server begins to drain: an endless stream (watch) should End() soon.
  // Streams that do not are cut, and their OnClose runs, when the drain's grace is over.
  virtual void OnDrain(std::function<void()> fn) { static_cast<void>(fn); }

 protected:
  Request request_;
};
using ExchangePtr = std::shared_ptr<Exchange>;

using Handler = std::function<void(ExchangePtr)>;

}  // namespace fairway::gateway
