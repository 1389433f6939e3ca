#include "tests/clusters/http/scripted_server_fixture.h"

#include <fmt/core.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <uv.h>

#include <algorithm>
#include <cstdlib>

#include "clusters/loop/uv_handle.h"
#include "scheduler/assert.h"

namespace fairway::testing {

namespace {

struct TlsDelete {
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
  void operator()(SSL* p) const { SSL_free(p); }
  void operator()(BIO* p) const { BIO_free_all(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, TlsDelete>;

Owned<BIO> Reader(const std::string& text) {
  return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Owned<SSL_CTX> MakeContext(const clusters::ClientCertificate& identity,
                           const std::string& client_ca) {
  Owned<SSL_CTX> context(SSL_CTX_new(TLS_server_method()));
  Owned<BIO> certificate_reader = Reader(identity.certificate_pem);
  Owned<X509> leaf(PEM_read_bio_X509(certificate_reader.get(), nullptr, nullptr, nullptr));
  Owned<BIO> key_reader = Reader(identity.key_pem);
  Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(key_reader.get(), nullptr, nullptr, nullptr));
  FAIRWAY_ASSERT(SSL_CTX_use_certificate(context.get(), leaf.get()) == 1);
  FAIRWAY_ASSERT(SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1);
  if (!client_ca.empty()) {
    Owned<BIO> reader = Reader(client_ca);
    Owned<X509> ca(PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr));
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), ca.get());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

class ScriptedServer::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(ScriptedServer& server, UvHandle<uv_tcp_t> tcp, SSL_CTX* context)
      : server_(&server), tcp_(std::move(tcp)), ssl_(SSL_new(context)) {
    tcp_->data = this;
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_set_accept_state(ssl_.get());
  }

  void StartReading();
  void Send(std::string_view text) {
    if (!tcp_) return;
    SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
    Flush();
  }
  void Close();
  void Orphan() { server_ = nullptr; }

 private:
  void OnBytes(const char* data, size_t size);
  void TakeRequests();
  bool TakeRequest();
  void Flush();

  ScriptedServer* server_;
  UvHandle<uv_tcp_t> tcp_;
  Owned<SSL> ssl_;
  BIO* in_ = nullptr;   // owned by ssl_
  BIO* out_ = nullptr;  // likewise
  std::string plain_;
  char buffer_[64 << 10];
};

struct ScriptedServer::Impl {
  Loop& loop;
  Owned<SSL_CTX> context;
  UvHandle<uv_tcp_t> listener;
  std::set<std::shared_ptr<Connection>> connections;
};

void ScriptedServer::Connection::StartReading() {
  uv_read_start(
      reinterpret_cast<uv_stream_t*>(tcp_.get()),
      [](uv_handle_t* handle, size_t, uv_buf_t* buffer) {
        auto* self = static_cast<Connection*>(handle->data);
        *buffer = self == nullptr ? uv_buf_init(nullptr, 0)
                                  : uv_buf_init(self->buffer_, sizeof(self->buffer_));
      },
      [](uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
        auto* self = static_cast<Connection*>(stream->data);
        if (self == nullptr) return;
        auto keep = self->shared_from_this();
        if (count < 0) return self->Close();
        self->OnBytes(buffer->base, static_cast<size_t>(count));
      });
}

void ScriptedServer::Connection::OnBytes(const char* data, size_t size) {
  if (server_ != nullptr && server_->mute) return;
  BIO_write(in_, data, static_cast<int>(size));
  if (SSL_is_init_finished(ssl_.get()) == 0) {
    int result = SSL_do_handshake(ssl_.get());
    Flush();
    if (result != 1 && SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) {
      ERR_clear_error();
      return Close();
    }
  }
  char piece[16 << 10];
  int got = 0;
  while ((got = SSL_read(ssl_.get(), piece, sizeof(piece))) > 0) {
    plain_.append(piece, static_cast<size_t>(got));
  }
  ERR_clear_error();
  Flush();
  TakeRequests();
}

void ScriptedServer::Connection::TakeRequests() {
  while (tcp_ && TakeRequest()) {
  }
}

bool ScriptedServer::Connection::TakeRequest() {
  size_t head_end = plain_.find("\r\n\r\n");
  if (head_end == std::string::npos) return false;
  auto exchange = std::make_shared<Exchange>();
  std::string head = plain_.substr(0, head_end + 2);
  size_t line_end = head.find("\r\n");
  std::string first = head.substr(0, line_end);
  exchange->method = first.substr(0, first.find(' '));
  size_t target_at = first.find(' ') + 1;
  exchange->target = first.substr(target_at, first.find(' ', target_at) - target_at);
  for (size_t at = line_end + 2; at < head.size();) {
    size_t end = head.find("\r\n", at);
    std::string line = head.substr(at, end - at);
    size_t colon = line.find(':');
    std::string value = line.substr(colon + 1);
    value.erase(0, value.find_first_not_of(' '));
    exchange->headers.emplace_back(Lower(line.substr(0, colon)), value);
    at = end + 2;
  }
  size_t length = static_cast<size_t>(std::atoll(exchange->Header("content-length").c_str()));
  if (plain_.size() < head_end + 4 + length) return false;
  exchange->body = plain_.substr(head_end + 4, length);
  plain_.erase(0, head_end + 4 + length);
  exchange->connection = weak_from_this();
  if (Owned<X509> peer{SSL_get1_peer_certificate(ssl_.get())}) {
    char name[256] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(peer.get()), NID_commonName, name,
                              sizeof(name));
    exchange->client_name = name;
  }
  const char* sni = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  exchange->sni = sni == nullptr ? "" : sni;
  if (server_ != nullptr && server_->handler) server_->handler(std::move(exchange));
  return true;
}

void ScriptedServer::Connection::Flush() {
  if (!tcp_) return;
  char* data = nullptr;
  long size = BIO_get_mem_data(out_, &data);
  if (size <= 0) return;
  struct Write {
    uv_write_t request;
    std::string bytes;
  };
  auto* write = new Write{{}, std::string(data, static_cast<size_t>(size))};
  BIO_reset(out_);
  write->request.data = write;
  uv_buf_t buffer = uv_buf_init(write->bytes.data(), static_cast<unsigned>(write->bytes.size()));
  uv_write(&write->request, reinterpret_cast<uv_stream_t*>(tcp_.get()), &buffer, 1,
           [](uv_write_t* request, int) { delete static_cast<Write*>(request->data); });
}

void ScriptedServer::Connection::Close() {
  tcp_.reset();
  if (server_ != nullptr) {
    auto self = shared_from_this();
    server_->impl_->loop.Defer([self] {});
    server_->impl_->connections.erase(self);
  }
}

std::string ScriptedServer::Exchange::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return "";
}

void ScriptedServer::Exchange::Reply(int status, std::string_view content, std::string_view extra) {
  if (auto open = connection.lock()) {
    open->Send(
        fmt::format("HTTP/1.1 {} x\r\nContent-Type: application/json\r\n{}Content-Length: "
                    "{}\r\n\r\n{}",
                    status, extra, content.size(), content));
  }
}

void ScriptedServer::Exchange::Start(int status) {
  if (auto open = connection.lock()) {
    open->Send(
        fmt::format("HTTP/1.1 {} x\r\nContent-Type: application/json\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n",
                    status));
  }
}

void ScriptedServer::Exchange::Chunk(std::string_view content) {
  if (auto open = connection.lock())
    open->Send(fmt::format("{:x}\r\n{}\r\n", content.size(), content));
}

void ScriptedServer::Exchange::End() {
  if (auto open = connection.lock()) open->Send("0\r\n\r\n");
}

void ScriptedServer::Exchange::Abort() {
  if (auto open = connection.lock()) open->Close();
}

ScriptedServer::ScriptedServer(Loop& loop, const clusters::ClientCertificate& identity,
                               const std::string& client_ca)
    : impl_(new Impl{loop, MakeContext(identity, client_ca), MakeUvHandle<uv_tcp_t>(), {}}) {
  uv_tcp_t* listener = impl_->listener.get();
  uv_tcp_init(loop.uv(), listener);
  listener->data = this;
  sockaddr_in address{};
  uv_ip4_addr("127.0.0.1", 0, &address);
  FAIRWAY_ASSERT(uv_tcp_bind(listener, reinterpret_cast<sockaddr*>(&address), 0) == 0);
  int code =
      uv_listen(reinterpret_cast<uv_stream_t*>(listener), 128, [](uv_stream_t* s, int status) {
        if (s->data != nullptr && status == 0) static_cast<ScriptedServer*>(s->data)->Accept();
      });
  FAIRWAY_ASSERT(code == 0);
  int size = sizeof(address);
  uv_tcp_getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
}

ScriptedServer::~ScriptedServer() {
  for (auto& connection : impl_->connections) connection->Orphan();
  CutAll();
}

void ScriptedServer::Accept() {
  auto tcp = MakeUvHandle<uv_tcp_t>();
  uv_tcp_init(impl_->loop.uv(), tcp.get());
  auto* listener = reinterpret_cast<uv_stream_t*>(impl_->listener.get());
  if (uv_accept(listener, reinterpret_cast<uv_stream_t*>(tcp.get())) != 0) return;
  ++connections_made_;
  auto connection = std::make_shared<Connection>(*this, std::move(tcp), impl_->context.get());
  impl_->connections.insert(connection);
  connection->StartReading();
}

void ScriptedServer::CutAll() {
  auto all = std::move(impl_->connections);
  impl_->connections.clear();
  for (auto& connection : all) connection->Close();
}

}  // namespace fairway::testing
