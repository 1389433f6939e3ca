// HttpsServer: listens on loopback or wherever configured, speaks TLS 1.2+ with ALPN (h2, http/1.1)
// and hands each complete request to the handler as an Exchange.
//
// Thread: the loop. Limits are per connection and per server; beyond them a client gets 431, 413,
// 408, 429 or is closed, never silence or memory growth.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "clusters/loop/loop.h"
#include "gateway/server/exchange.h"
#include "scheduler/result.h"

namespace fairway::gateway {

struct ServerLimits {
  size_t header_bytes_max = 64u << 10;
  size_t body_bytes_max = 3u << 20;    // 3145728, as kube-apiserver
  int64_t header_timeout_ms = 10'000;  // from first byte to end of headers (slow loris)
  int64_t body_timeout_ms = 60'000;
  int64_t handshake_timeout_ms = 10'000;
  int64_t idle_timeout_ms = 180'000;
  size_t connections_max = 4096;
  size_t streams_per_connection_max = 250;
  size_t write_high_water = 1u << 20;        // per exchange
  size_t connection_buffer_max = 16u << 20;  // above it a slow reader is closed
};

// PEM texts. `client_ca` may hold several certificates; client certificates are asked for, not
// required.
struct TlsIdentity {
  std::string certificate_chain;
  std::string private_key;
  std::string client_ca;
};

class HttpsServer {
 public:
  virtual ~HttpsServer() = default;
  // Starts to listen; fails with a message that names the address. Port 0 picks a free one.
  static Result<std::unique_ptr<HttpsServer>> Create(Loop& loop, const std::string& host,
                                                     uint16_t port, const TlsIdentity& identity,
                                                     ServerLimits limits, Handler handler);
  virtual uint16_t port() const = 0;
  // New connections use the new identity; open ones go on.
  virtual Status ReplaceIdentity(const TlsIdentity& identity) = 0;
  // Accepts no more, asks h2 peers to go away, closes idle connections; `drained` runs when none is
  // left or after `grace_ms`, when the rest is cut.
  virtual void Drain(int64_t grace_ms, std::function<void()> drained) = 0;
  virtual size_t connections() const = 0;
};

}  // namespace fairway::gateway
