// TwinSession: one client of the twin server, over h2 or HTTP/1.1 keep-alive. Takes POSTs, answers
// 201 with a body; nothing else. One thread.
#pragma once

#include <nghttp2/nghttp2.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "tests/bench/tls_socket.h"

namespace fairway::bench {

class TwinSession {
 public:
  // Room that simdjson wants behind a document.
  static constexpr size_t kPadding = 64;
  // `post(stream, body)`: a whole request; the body's capacity has kPadding to spare.
  using Post = std::function<void(int32_t stream, std::string body)>;

  TwinSession(SSL_CTX* context, int fd, Post post);
  ~TwinSession();
  TwinSession(const TwinSession&) = delete;
  TwinSession& operator=(const TwinSession&) = delete;

  int fd() const { return socket_.fd(); }
  bool wants_write() const { return socket_.has_output(); }
  bool OnReadable();
  void Answer(int32_t stream, int status, std::shared_ptr<std::string> body);
  bool Flush();

 private:
  struct Stream {
    std::string request;
    std::shared_ptr<std::string> answer;
    size_t sent = 0;
  };
  void StartHttp2();
  bool TakeHttp1();
  static ssize_t ReadAnswer(nghttp2_session*, int32_t stream, uint8_t* out, size_t length,
                            uint32_t* flags, nghttp2_data_source*, void* self);

  TlsSocket socket_;
  const Post post_;
  nghttp2_session* h2_ = nullptr;
  bool chosen_ = false;
  std::unordered_map<int32_t, Stream> streams_;
  std::string plain_, pending_;
};

}  // namespace fairway::bench
