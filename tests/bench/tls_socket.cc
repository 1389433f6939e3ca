#include "tests/bench/tls_socket.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace fairway::bench {

namespace {

constexpr unsigned char kServerProtocols[] = "\x02h2\x08http/1.1";
constexpr size_t kReadBytes = 64 << 10;

int ChooseProtocol(SSL*, const unsigned char** out, unsigned char* length, const unsigned char* in,
                   unsigned in_length, void*) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, length, kServerProtocols, sizeof kServerProtocols - 1, in,
                            in_length) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

bool ParseAddress(const std::string& address, sockaddr_in& out) {
  size_t colon = address.rfind(':');
  if (colon == std::string::npos) return false;
  out = {};
  out.sin_family = AF_INET;
  out.sin_port = htons(static_cast<uint16_t>(std::atoi(address.c_str() + colon + 1)));
  return inet_pton(AF_INET, address.substr(0, colon).c_str(), &out.sin_addr) == 1;
}

void SetNoDelay(int fd) {
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

}  // namespace

SslContext MakeClientContext(std::string_view protocol) {
  SslContext context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  std::string offer(1, static_cast<char>(protocol.size()));
  offer += protocol;
  SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(offer.data()),
                          static_cast<unsigned>(offer.size()));
  return context;
}

SslContext MakeServerContext() {
  SslContext context(SSL_CTX_new(TLS_server_method()));
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 24 * 3600);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("twin"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, EVP_sha256());
  SSL_CTX_use_certificate(context.get(), certificate);
  SSL_CTX_use_PrivateKey(context.get(), key);
  X509_free(certificate);
  EVP_PKEY_free(key);
  SSL_CTX_set_alpn_select_cb(context.get(), ChooseProtocol, nullptr);
  return context;
}

int Connect(const std::string& address) {
  sockaddr_in to{};
  if (!ParseAddress(address, to)) return -1;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  // Blocking until connected: on loopback that is at once.
  if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
    close(fd);
    return -1;
  }
  SetNoDelay(fd);
  return fd;
}

int Listen(const std::string& address) {
  sockaddr_in at{};
  if (!ParseAddress(address, at)) return -1;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 || listen(fd, 512) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

int PortOf(int fd) {
  sockaddr_in at{};
  socklen_t size = sizeof at;
  getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
  return ntohs(at.sin_port);
}

TlsSocket::TlsSocket(SSL_CTX* context, int fd, bool server)
    : fd_(fd),
      ssl_(SSL_new(context)),
      in_bio_(BIO_new(BIO_s_mem())),
      out_bio_(BIO_new(BIO_s_mem())) {
  SetNoDelay(fd);
  SSL_set_bio(ssl_, in_bio_, out_bio_);
  if (server) {
    SSL_set_accept_state(ssl_);
  } else {
    SSL_set_connect_state(ssl_);
    SSL_do_handshake(ssl_);
    TakeOutput();
  }
}

TlsSocket::~TlsSocket() {
  SSL_free(ssl_);
  close(fd_);
}

std::string_view TlsSocket::protocol() const {
  const unsigned char* name = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ssl_, &name, &length);
  return {reinterpret_cast<const char*>(name), length};
}

bool TlsSocket::Receive(std::string& plain) {
  static thread_local std::string buffer(kReadBytes, '\0');
  ssize_t got = recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got == 0) return false;
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  BIO_write(in_bio_, buffer.data(), static_cast<int>(got));
  if (!ready()) {
    int done = SSL_do_handshake(ssl_);
    TakeOutput();
    if (done != 1) return SSL_get_error(ssl_, done) == SSL_ERROR_WANT_READ;
  }
  for (;;) {
    int read = SSL_read(ssl_, buffer.data(), static_cast<int>(buffer.size()));
    if (read > 0) {
      plain.append(buffer.data(), static_cast<size_t>(read));
      continue;
    }
    TakeOutput();  // key updates, session tickets
    return SSL_get_error(ssl_, read) == SSL_ERROR_WANT_READ;
  }
}

bool TlsSocket::Send(std::string_view plain) {
  if (plain.empty()) return true;
  if (SSL_write(ssl_, plain.data(), static_cast<int>(plain.size())) <= 0) return false;
  TakeOutput();
  return true;
}

bool TlsSocket::Flush() {
  size_t sent = 0;
  while (sent < out_.size()) {
    ssize_t wrote = send(fd_, out_.data() + sent, out_.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0 && errno == EAGAIN) break;
    if (wrote <= 0) return false;
    sent += static_cast<size_t>(wrote);
  }
  out_.erase(0, sent);
  return true;
}

void TlsSocket::TakeOutput() {
  char* data = nullptr;
  long size = BIO_get_mem_data(out_bio_, &data);
  if (size > 0) out_.append(data, static_cast<size_t>(size));
  BIO_reset(out_bio_);
}

}  // namespace fairway::bench
