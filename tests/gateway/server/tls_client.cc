#include "tests/gateway/server/tls_client.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>

namespace fairway::gateway {

namespace {

BIO* Bio(const std::string& text) {
  return BIO_new_mem_buf(text.data(), static_cast<int>(text.size()));
}

}  // namespace

TlsClient::TlsClient(const TlsClientOptions& options) {
  context_ = SSL_CTX_new(TLS_client_method());
  if (options.max_version != 0) SSL_CTX_set_max_proto_version(context_, options.max_version);
  SSL_CTX_set_options(context_, SSL_OP_IGNORE_UNEXPECTED_EOF);
  BIO* bio = Bio(options.ca);
  X509* ca = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), ca);
  X509_free(ca);
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  if (!options.certificate.empty()) {
    bio = Bio(options.certificate);
    X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
    BIO_free(bio);
    bio = Bio(options.key);
    EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
    BIO_free(bio);
    SSL_CTX_use_certificate(context_, certificate);
    SSL_CTX_use_PrivateKey(context_, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  ssl_ = SSL_new(context_);
  X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), "127.0.0.1");
  if (!options.alpn.empty()) {
    std::string wire(1, static_cast<char>(options.alpn.size()));
    wire += options.alpn;
    SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(wire.data()),
                        static_cast<unsigned>(wire.size()));
  }
  if (options.resume != nullptr) SSL_set_session(ssl_, options.resume);
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  // A test that would hang fails instead.
  timeval limit{20, 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) return;
  SSL_set_fd(ssl_, fd_);
  connected_ = SSL_connect(ssl_) == 1;
}

TlsClient::~TlsClient() {
  // Without it OpenSSL takes the session for broken and never resumes it.
  if (connected_ && fd_ >= 0) SSL_shutdown(ssl_);
  SSL_free(ssl_);
  SSL_CTX_free(context_);
  if (fd_ >= 0) close(fd_);
}

std::string TlsClient::alpn() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

bool TlsClient::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    int count = SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

std::string TlsClient::Read() {
  std::string bytes(64u << 10, '\0');
  int count = SSL_read(ssl_, bytes.data(), static_cast<int>(bytes.size()));
  bytes.resize(count > 0 ? static_cast<size_t>(count) : 0);
  return bytes;
}

std::string TlsClient::ReadUntil(std::string_view mark) {
  std::string text = std::move(pending_);
  pending_.clear();
  while (text.find(mark) == std::string::npos) {
    std::string more = Read();
    if (more.empty()) return text;
    text += more;
  }
  size_t end = text.find(mark) + mark.size();
  pending_ = text.substr(end);
  text.resize(end);
  return text;
}

std::string TlsClient::ReadToEnd() {
  std::string text = std::move(pending_);
  pending_.clear();
  for (std::string more = Read(); !more.empty(); more = Read()) text += more;
  return text;
}

std::string TlsClient::ReadAnswer() {
  std::string head = ReadUntil("\r\n\r\n");
  constexpr std::string_view kLength = "content-length: ";
  size_t at = head.find(kLength);
  if (at == std::string::npos) return head;
  size_t length = std::strtoull(head.c_str() + at + kLength.size(), nullptr, 10);
  std::string body = std::move(pending_);
  pending_.clear();
  while (body.size() < length) {
    std::string more = Read();
    if (more.empty()) return head + body;
    body += more;
  }
  pending_ = body.substr(length);
  return head + body.substr(0, length);
}

void TlsClient::Reset() {
  linger now{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  close(fd_);
  fd_ = -1;
}

}  // namespace fairway::gateway
