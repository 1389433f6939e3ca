// Http1Client: one keep-alive HTTP/1.1 connection of the load generator, one request at a time. One
// thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "tests/bench/tls_socket.h"

namespace fairway::bench {

class Http1Client {
 public:
  // `done(status)` runs in OnReadable() when an answer is whole.
  Http1Client(SSL_CTX* context, int fd, std::string authority, std::string token,
              std::function<void(int status)> done);

  int fd() const { return socket_.fd(); }
  bool wants_write() const { return socket_.has_output(); }
  void Request(std::string_view method, const std::string& path, std::string_view body);
  // Moves bytes both ways. False: the connection is gone, or the answer has no content-length.
  bool OnReadable();
  bool Flush();
  // The body of the last whole answer.
  std::string_view body() const { return body_; }

 private:
  bool TakeAnswer();

  TlsSocket socket_;
  const std::string authority_, token_;
  const std::function<void(int status)> done_;
  std::string unsent_, plain_, body_;
};

}  // namespace fairway::bench
