// Http2Client: one HTTP/2 connection of the load generator. Bare nghttp2 over TlsSocket, no more
// than a benchmark needs. One thread.
#pragma once

#include <nghttp2/nghttp2.h>

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tests/bench/tls_socket.h"

namespace fairway::bench {

class Http2Client {
 public:
  struct Events {
    // A part of an answer's body; may be empty.
    std::function<void(int32_t stream, std::string_view part)> data;
    std::function<void(int32_t stream, int status)> headers;
    std::function<void(int32_t stream, int status)> closed;  // status 0: reset before an answer
  };

  Http2Client(SSL_CTX* context, int fd, std::string authority, std::string token, Events events);
  ~Http2Client();
  Http2Client(const Http2Client&) = delete;
  Http2Client& operator=(const Http2Client&) = delete;

  int fd() const { return socket_.fd(); }
  bool wants_write() const { return socket_.has_output(); }
  // The stream's id. `body` must live until the stream is closed; empty for GET.
  int32_t Request(std::string_view method, const std::string& path, std::string_view body);
  // Moves bytes both ways. False: the connection is gone.
  bool OnReadable();
  bool Flush();

 private:
  struct Stream {
    std::string_view unsent;
    int status = 0;
  };
  static nghttp2_session_callbacks* MakeCallbacks();
  static ssize_t ReadBody(nghttp2_session*, int32_t stream, uint8_t* out, size_t length,
                          uint32_t* flags, nghttp2_data_source*, void* self);

  TlsSocket socket_;
  const std::string authority_, authorization_;
  const Events events_;
  nghttp2_session* session_ = nullptr;
  std::unordered_map<int32_t, Stream> streams_;
  std::string plain_, pending_;
};

}  // namespace fairway::bench
