// Connection: one accepted socket with its TLS and its session. Bytes in, bytes out, watermarks and
// the end of it all; what the bytes mean is the session's business.
//
// Thread: the loop. Lifetime: owned by its host, which deletes it in a later turn once it has
// closed.
#pragma once

#include <uv.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "clusters/loop/loop.h"
#include "clusters/loop/uv_handle.h"
#include "gateway/server/server.h"
#include "gateway/server/session.h"
#include "gateway/server/tls_stream.h"

namespace fairway::gateway {

class Connection final : public Transport {
 public:
  // The server, as its connections see it.
  class Host {
   public:
    virtual ~Host() = default;
    // Calls Connection::Turn() at the end of this loop turn.
    virtual void MarkDirty(Connection& connection) = 0;
    // The socket is closed; the connection may be deleted, but not before the callback returns.
    virtual void OnConnectionClosed(Connection& connection) = 0;
    // Shared by all connections, since each callback is done with them when it returns.
    virtual std::vector<char>& read_buffer() = 0;
    virtual std::vector<char>& plain_buffer() = 0;
  };

  // `handler` may be one that turns everybody away: then `one_shot` closes after the first answer.
  Connection(Loop& loop, Host& host, const ServerLimits& limits, const Handler& handler,
             std::shared_ptr<TlsContext> context, bool one_shot);
  ~Connection() override;

  // Takes the waiting client of `listener`. False when that failed.
  bool Accept(uv_stream_t* listener);
  // Lets the session produce, and sends what is queued.
  void Turn();
  void Drain();
  void Tick(int64_t now_ms);
  bool dirty = false;

  void Send(std::string_view bytes) override;
  void Send(std::shared_ptr<const std::string> piece) override;
  void RequestProduce() override;
  size_t unsent() const override { return queued_ + sending_bytes_; }
  void PauseRead(PauseReason reason) override;
  void ResumeRead(PauseReason reason) override;
  std::shared_ptr<void> HoldInput() override;
  void CloseAfterFlush() override;
  void Abort() override;

 private:
  // A run of plaintext: own bytes, or a shared body from `offset` on.
  struct Piece {
    std::string own;
    std::shared_ptr<const std::string> shared;
    size_t offset = 0;
    std::string_view rest() const {
      return std::string_view(shared ? *shared : own).substr(offset);
    }
  };
  enum class Phase { kHandshake, kOpen, kFlushing, kLingering, kClosed };

  void OnRead(ssize_t count, const uv_buf_t* buffer);
  void OnWritten(int status);
  void OnPlain(std::string_view bytes);
  void OnOpen();
  void OnPeerClosed();
  void Flush();
  void EncryptQueued();
  void SendCiphertext();
  void StartLinger();
  void UpdateReading();
  void CloseNow();

  Loop& loop_;
  Host& host_;
  const ServerLimits& limits_;
  const Handler& handler_;
  const bool one_shot_;
  UvHandle<uv_tcp_t> socket_;
  TlsStream tls_;
  std::unique_ptr<Session> session_;
  std::shared_ptr<Connection*> self_ = std::make_shared<Connection*>(this);  // for what is deferred
  std::string address_;
  Phase phase_ = Phase::kHandshake;
  std::vector<Piece> queue_;  // plaintext to be sent
  size_t queue_head_ = 0;
  size_t queued_ = 0;
  size_t sending_bytes_ = 0;  // ciphertext that the kernel has not taken yet; 0 = none in flight
  unsigned pauses_ = 0;
  size_t holds_ = 0;       // of HoldInput
  size_t turn_bytes_ = 0;  // read in this turn
  bool reading_ = false;
  bool draining_ = false;
  int64_t deadline_ms_ = 0;       // of handshake or lingering; 0 = none
  int64_t stalled_since_ms_ = 0;  // when the kernel stopped taking bytes; 0 = it takes them
  size_t lingered_bytes_ = 0;
};

}  // namespace fairway::gateway
