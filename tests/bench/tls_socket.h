// TlsSocket: TLS over a non-blocking socket through memory BIOs: one read and one write of the
// kernel per turn, whatever the number of records. Used by both ends: the twin and the load
// generator. One thread.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

namespace fairway::bench {

struct SslContextDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, SslContextDeleter>;

// A context that offers one protocol ("h2" or "http/1.1") and believes any certificate.
SslContext MakeClientContext(std::string_view protocol);
// A context with a fresh self-signed P-256 certificate that takes h2, else http/1.1.
SslContext MakeServerContext();

// A connected, non-blocking socket to "host:port" (numeric), or -1.
int Connect(const std::string& address);
// A listening, non-blocking socket on "host:port"; port 0 picks one. -1 on failure.
int Listen(const std::string& address);
int PortOf(int fd);

class TlsSocket {
 public:
  // Takes over the socket.
  TlsSocket(SSL_CTX* context, int fd, bool server);
  ~TlsSocket();
  TlsSocket(const TlsSocket&) = delete;
  TlsSocket& operator=(const TlsSocket&) = delete;

  int fd() const { return fd_; }
  bool ready() const { return SSL_is_init_finished(ssl_) == 1; }
  // The protocol agreed upon; "" until ready.
  std::string_view protocol() const;

  // Takes in what has arrived and appends its plaintext. False: the other side is gone.
  bool Receive(std::string& plain);
  // Encrypts; Flush() puts it on the wire as far as the kernel takes it. False: gone.
  bool Send(std::string_view plain);
  bool Flush();
  bool has_output() const { return !out_.empty(); }

 private:
  void TakeOutput();

  const int fd_;
  SSL* ssl_;
  BIO* in_bio_;
  BIO* out_bio_;
  std::string out_;
};

}  // namespace fairway::bench
