// Session and Transport: the border between a protocol (HTTP/1.1, HTTP/2) and the bytes that carry
// it. A session never sees a socket or TLS, so tests and fuzzers drive it with a fake transport.
//
// Thread: the loop. Lifetime: the transport owns the session and outlives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace fairway::gateway {

// Why a connection does not read. It reads when no reason is left.
enum class PauseReason : unsigned {
  kPeerSlow = 1,   // the client does not read its answers
  kPipelined = 2,  // requests wait behind one that is being answered
  kHeld = 4,       // its requests wait for their turn (Exchange::HoldInput)
  kTurnShare = 8,  // it has brought enough for one loop turn
};

class Transport {
 public:
  virtual ~Transport() = default;
  // Queues bytes. Nothing is sent before the turn's flush, so what one turn answers shares a write.
  virtual void Send(std::string_view bytes) = 0;
  // The same without a copy where that pays.
  virtual void Send(std::shared_ptr<const std::string> piece) = 0;
  // Asks for Session::Produce() at the end of this turn.
  virtual void RequestProduce() = 0;
  // Queued and not yet taken by the kernel.
  virtual size_t unsent() const = 0;
  virtual void PauseRead(PauseReason reason) = 0;
  virtual void ResumeRead(PauseReason reason) = 0;
  // Does not read until the answer is dropped; null when it cannot.
  virtual std::shared_ptr<void> HoldInput() { return nullptr; }
  // Closes politely: sends what is queued, then discards input for a bounded while, so that a
  // client that is still sending can read its answer.
  virtual void CloseAfterFlush() = 0;
  // Closes now, after the current callback.
  virtual void Abort() = 0;
};

class Session {
 public:
  virtual ~Session() = default;
  virtual void OnBytes(std::string_view bytes) = 0;
  // Fills the transport with what is ready: at the end of a turn that asked for it, and when the
  // transport has emptied.
  virtual void Produce() = 0;
  // The client is gone or the server cuts the connection: every open exchange is closed.
  virtual void OnClosed() = 0;
  // Takes no new requests and closes the transport when the last one is answered.
  virtual void Drain() = 0;
  // Enforces the deadlines of requests under way and of idleness.
  virtual void Tick(int64_t now_ms) = 0;
};

// Pieces of an answer from here on are sent from where they are, without a copy.
inline constexpr size_t kShareFrom = 16u << 10;
// A session stops producing above this much unsent.
inline constexpr size_t kTransportHighWater = 256u << 10;

}  // namespace fairway::gateway
