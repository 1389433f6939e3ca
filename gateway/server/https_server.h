// The HttpsServer behind server.h: listener, connections, the flush at the end of each turn, the
// tick that enforces deadlines, and the drain.
#pragma once

#include <uv.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "clusters/loop/loop.h"
#include "clusters/loop/uv_handle.h"
#include "gateway/server/connection.h"
#include "gateway/server/server.h"
#include "gateway/server/tls_context.h"

namespace fairway::gateway {

class HttpsServerImpl final : public HttpsServer, public Connection::Host {
 public:
  HttpsServerImpl(Loop& loop, std::shared_ptr<TlsContext> context, ServerLimits limits,
                  Handler handler);
  ~HttpsServerImpl() override;

  Status Listen(const std::string& host, uint16_t port);

  uint16_t port() const override { return port_; }
  Status ReplaceIdentity(const TlsIdentity& identity) override;
  void Drain(int64_t grace_ms, std::function<void()> drained) override;
  size_t connections() const override { return connections_.size(); }

 private:
  void MarkDirty(Connection& connection) override;
  void OnConnectionClosed(Connection& connection) override;
  std::vector<char>& read_buffer() override { return read_buffer_; }
  std::vector<char>& plain_buffer() override { return plain_buffer_; }

  void OnClient(int status);
  void FlushTurn();
  void Tick();
  void FinishDrain();

  Loop& loop_;
  std::shared_ptr<TlsContext> context_;
  const ServerLimits limits_;
  const Handler handler_;
  const Handler busy_handler_;  // for connections beyond the limit: 429
  std::vector<char> read_buffer_;
  std::vector<char> plain_buffer_;
  UvHandle<uv_tcp_t> listener_;
  uint16_t port_ = 0;
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> dirty_;     // to be flushed at the end of the turn
  std::vector<Connection*> flushing_;  // being flushed
  bool flush_asked_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // outlived by queued turn ends
  Call tick_;
  Call grace_;
  bool draining_ = false;
  std::function<void()> drained_;
};

}  // namespace fairway::gateway
