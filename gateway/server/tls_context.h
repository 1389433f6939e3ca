// TlsContext: what all connections of one identity share: certificate, ciphers, ALPN, ticket keys,
// and how client certificates are judged.
//
// A client certificate that does not verify does not end the handshake: the reason is kept, and the
// authenticator answers 401 with it. A TLS alert would reach the user as "remote error: tls: bad
// certificate" at best. No list of accepted CAs is sent for the same reason: clients would then
// hold back a foreign certificate silently and turn up as anonymous.
#pragma once

#include <memory>
#include <string>

#include "gateway/server/exchange.h"
#include "gateway/server/server.h"
#include "scheduler/result.h"

struct ssl_ctx_st;
struct ssl_st;

namespace fairway::gateway {

class TlsContext {
 public:
  static Result<std::shared_ptr<TlsContext>> Create(const TlsIdentity& identity);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  ssl_ctx_st* get() const { return context_; }
  // Lets tickets that `other` has issued go on. Only where both trust the same client CAs: a ticket
  // carries the verdict on the certificate it was issued for.
  void ShareTickets(const TlsContext& other);
  const std::string& client_ca() const { return client_ca_; }

  // Who the peer has proved to be. After the handshake.
  static void DescribePeer(ssl_st* ssl, Peer& peer);

 private:
  TlsContext() = default;
  Status Load(const TlsIdentity& identity);

  ssl_ctx_st* context_ = nullptr;
  std::string client_ca_;
};

}  // namespace fairway::gateway
