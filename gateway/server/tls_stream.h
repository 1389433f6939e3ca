// TlsStream: the server's side of one TLS connection, without a socket: ciphertext in, plaintext
// out, and back. Thread: the loop.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/server/tls_context.h"

namespace fairway::gateway {

class TlsStream {
 public:
  enum class State { kHandshake, kOpen, kClosed, kFailed };

  explicit TlsStream(std::shared_ptr<TlsContext> context);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  // Ciphertext that Advance() works on; it must stay until all of it is consumed.
  void Give(std::string_view ciphertext) { input_ = ciphertext; }
  // Continues the handshake, or decrypts into `plain` what fits; the answer is the bytes written.
  // Call again until it answers 0.
  size_t Advance(char* plain, size_t size);
  // Encrypts one record at most and says how much of `plain` it took.
  size_t Encrypt(std::string_view plain);
  // Queues close_notify.
  void Shutdown();

  State state() const { return state_; }
  // Ciphertext to be sent; the caller takes it away.
  std::string& output() { return output_; }
  bool h2() const;
  void DescribePeer(Peer& peer) const { TlsContext::DescribePeer(ssl_, peer); }
  // Why state() is kFailed.
  const std::string& error() const { return error_; }

 private:
  friend struct TlsBio;
  void Fail();

  std::shared_ptr<TlsContext> context_;  // an older identity lives as long as its connections
  ssl_st* ssl_ = nullptr;
  std::string_view input_;
  std::string output_;
  State state_ = State::kHandshake;
  std::string error_;
};

}  // namespace fairway::gateway
