#include "gateway/server/https_server.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "clusters/log.h"
#include "gateway/server/protocol_answer.h"

namespace fairway::gateway {

namespace {

constexpr size_t kReadBytes = 64u << 10;
constexpr int kBacklog = 1024;
// Connections beyond the limit that are still told so; past these they are just closed.
constexpr size_t kBusyConnectionsMax = 64;

int64_t TickMs(const ServerLimits& limits) {
  int64_t least = std::min({limits.header_timeout_ms, limits.body_timeout_ms,
                            limits.handshake_timeout_ms, limits.idle_timeout_ms});
  return std::clamp<int64_t>(least / 8, 5, 1000);
}

void TurnAway(ExchangePtr exchange) {
  ProtocolAnswer answer = TooBusy("too many connections, please try again later");
  answer.headers.emplace_back("connection", "close");
  exchange->Reply(answer.status, std::move(answer.headers), std::move(answer.body));
}

Result<sockaddr_storage> ParseAddress(const std::string& host, uint16_t port) {
  sockaddr_storage address{};
  std::string numeric = host == "localhost" ? "127.0.0.1" : host.empty() ? "::" : host;
  if (uv_ip4_addr(numeric.c_str(), port, reinterpret_cast<sockaddr_in*>(&address)) == 0 ||
      uv_ip6_addr(numeric.c_str(), port, reinterpret_cast<sockaddr_in6*>(&address)) == 0) {
    return address;
  }
  return Fail(
      Error{.code = 500,
            .reason = "InternalError",
            .message = fmt::format("cannot listen on {}:{}: not an IP address", host, port)});
}

}  // namespace

Result<std::unique_ptr<HttpsServer>> HttpsServer::Create(Loop& loop, const std::string& host,
                                                         uint16_t port, const TlsIdentity& identity,
                                                         ServerLimits limits, Handler handler) {
  auto context = TlsContext::Create(identity);
  if (!context) return tl::unexpected<Error>(context.error());
  auto server = std::make_unique<HttpsServerImpl>(loop, *context, limits, std::move(handler));
  if (Status listening = server->Listen(host, port); !listening) {
    return tl::unexpected<Error>(listening.error());
  }
  return std::unique_ptr<HttpsServer>(std::move(server));
}

HttpsServerImpl::HttpsServerImpl(Loop& loop, std::shared_ptr<TlsContext> context,
                                 ServerLimits limits, Handler handler)
    : loop_(loop),
      context_(std::move(context)),
      limits_(limits),
      handler_(std::move(handler)),
      busy_handler_(TurnAway),
      read_buffer_(kReadBytes),
      plain_buffer_(kReadBytes) {}

HttpsServerImpl::~HttpsServerImpl() {
  *alive_ = false;
  listener_.reset();
  auto connections = std::move(connections_);
  connections_.clear();
  connections.clear();
}

Status HttpsServerImpl::Listen(const std::string& host, uint16_t port) {
  auto address = ParseAddress(host, port);
  if (!address) return Fail(address.error());
  listener_ = MakeUvHandle<uv_tcp_t>();
  uv_tcp_init(loop_.uv(), listener_.get());
  listener_->data = this;
  int failed = uv_tcp_bind(listener_.get(), reinterpret_cast<sockaddr*>(&*address), 0);
  if (failed == 0) {
    failed = uv_listen(reinterpret_cast<uv_stream_t*>(listener_.get()), kBacklog,
                       [](uv_stream_t* handle, int status) {
                         auto* self = static_cast<HttpsServerImpl*>(handle->data);
                         if (self != nullptr) self->OnClient(status);
                       });
  }
  if (failed != 0) {
    return Fail(Error{
        .code = 500,
        .reason = "InternalError",
        .message = fmt::format("cannot listen on {}:{}: {}", host, port, uv_strerror(failed))});
  }
  sockaddr_storage bound{};
  int size = sizeof(bound);
  uv_tcp_getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&bound), &size);
  port_ = ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&bound)->sin6_port
                                            : reinterpret_cast<sockaddr_in*>(&bound)->sin_port);
  tick_ = loop_.StartRepeating(TickMs(limits_), [this] { Tick(); });
  return {};
}

void HttpsServerImpl::OnClient(int status) {
  if (status != 0) {
    Log(LogLevel::kWarning, "accept failed: {}", uv_strerror(status));
    return;
  }
  bool busy = connections_.size() >= limits_.connections_max;
  bool hopeless = connections_.size() >= limits_.connections_max + kBusyConnectionsMax;
  auto connection = std::make_unique<Connection>(loop_, *this, limits_,
                                                 busy ? busy_handler_ : handler_, context_, busy);
  Connection* raw = connection.get();
  connections_[raw] = std::move(connection);
  if (!raw->Accept(reinterpret_cast<uv_stream_t*>(listener_.get())) || hopeless) raw->Abort();
}

void HttpsServerImpl::MarkDirty(Connection& connection) {
  if (connection.dirty) return;
  connection.dirty = true;
  dirty_.push_back(&connection);
  if (flush_asked_) return;
  flush_asked_ = true;
  loop_.AtTurnEnd([this, alive = alive_] {
    if (*alive) FlushTurn();
  });
}

void HttpsServerImpl::FlushTurn() {
  // Answers may wake other connections (a write wakes its watchers): those are flushed by another
  // turn end, before the loop waits again.
  flush_asked_ = false;
  flushing_.swap(dirty_);
  for (size_t i = 0; i < flushing_.size(); ++i) {
    if (flushing_[i] == nullptr) continue;  // closed meanwhile
    flushing_[i]->dirty = false;
    flushing_[i]->Turn();
  }
  flushing_.clear();
}

void HttpsServerImpl::OnConnectionClosed(Connection& connection) {
  auto it = connections_.find(&connection);
  if (it == connections_.end()) return;  // the server is being destroyed
  loop_.DeferDelete(std::move(it->second));
  connections_.erase(it);
  for (auto* list : {&dirty_, &flushing_}) {
    std::replace(list->begin(), list->end(), &connection, static_cast<Connection*>(nullptr));
  }
  FinishDrain();
}

Status HttpsServerImpl::ReplaceIdentity(const TlsIdentity& identity) {
  auto context = TlsContext::Create(identity);
  if (!context) return Fail(context.error());
  if ((*context)->client_ca() == context_->client_ca()) (*context)->ShareTickets(*context_);
  context_ = *context;
  return {};
}

void HttpsServerImpl::Tick() {
  int64_t now = loop_.MonotonicMs();
  std::vector<Connection*> all;
  all.reserve(connections_.size());
  for (const auto& [raw, owned] : connections_) all.push_back(raw);
  // Closed connections are deleted in a later callback, so the pointers hold.
  for (Connection* connection : all) connection->Tick(now);
}

void HttpsServerImpl::Drain(int64_t grace_ms, std::function<void()> drained) {
  draining_ = true;
  drained_ = std::move(drained);
  listener_.reset();
  std::vector<Connection*> all;
  for (const auto& [raw, owned] : connections_) all.push_back(raw);
  for (Connection* connection : all) connection->Drain();
  grace_ = loop_.StartTimer(grace_ms, [this] {
    std::vector<Connection*> rest;
    for (const auto& [raw, owned] : connections_) rest.push_back(raw);
    for (Connection* connection : rest) connection->Abort();
    FinishDrain();
  });
  FinishDrain();
}

void HttpsServerImpl::FinishDrain() {
  if (!draining_ || !connections_.empty() || !drained_) return;
  grace_ = Call();
  loop_.Defer(std::exchange(drained_, nullptr));
}

}  // namespace fairway::gateway
