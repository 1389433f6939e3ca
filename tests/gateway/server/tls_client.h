// A blocking TLS client for tests. It runs on a thread of its own while the test's thread drives
// the server's loop.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fairway::gateway {

struct TlsClientOptions {
  uint16_t port = 0;
  std::string ca;                 // PEM; the server is verified against it
  std::string certificate, key;   // PEM; "" = none
  std::string alpn = "http/1.1";  // "" = none
  int max_version = 0;            // 0 = newest
  SSL_SESSION* resume = nullptr;  // a ticket of an earlier connection
};

class TlsClient {
 public:
  explicit TlsClient(const TlsClientOptions& options);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  bool connected() const { return connected_; }
  std::string alpn() const;
  bool resumed() const { return SSL_session_reused(ssl_) == 1; }
  // Session for TlsClientOptions::resume; owned by the caller. After something was read.
  SSL_SESSION* TakeSession() { return SSL_get1_session(ssl_); }

  bool Write(std::string_view bytes);
  // Some bytes; "" at the end of the stream or on an error.
  std::string Read();
  // Reads until `mark` has been seen, or the end.
  std::string ReadUntil(std::string_view mark);
  std::string ReadToEnd();
  // One HTTP/1.1 answer with a content-length.
  std::string ReadAnswer();
  // Drops the connection without a word.
  void Reset();
  int fd() const { return fd_; }

 private:
  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
  int fd_ = -1;
  bool connected_ = false;
  std::string pending_;  // read beyond the last answer
};

}  // namespace fairway::gateway
