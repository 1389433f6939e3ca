// SessionExchange: the Exchange that both protocols use. The handler's side queues status, headers
// and pieces; the session's side takes them out in its own framing.
//
// Thread: the loop. Lifetime: shared by session and handler; after Close() or Finish() it no longer
// knows its session.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "clusters/loop/loop.h"
#include "gateway/server/exchange.h"

namespace fairway::gateway {

class SessionExchange final : public Exchange {
 public:
  // The session. Its methods may be called inside a handler that the session itself called.
  class Owner {
   public:
    virtual ~Owner() = default;
    // Status and headers are set.
    virtual void OnAnswer(SessionExchange& exchange) = 0;
    // `added` streamed bytes were queued, or the stream has ended.
    virtual void OnOutput(SessionExchange& exchange, size_t added) = 0;
    virtual size_t unsent() const = 0;
    virtual std::shared_ptr<void> HoldInput() { return nullptr; }
  };

  // `live`, when given, is counted up for as long as anybody holds the exchange.
  SessionExchange(Loop& loop, Owner& owner, int32_t stream_id, size_t high_water, Request request,
                  std::shared_ptr<size_t> live);
  ~SessionExchange() override;

  using Exchange::Reply;
  void Reply(int status, Headers headers, std::shared_ptr<const std::string> body) override;
  void ReplyLine(int status, Headers headers, std::shared_ptr<const std::string> body) override;
  void Start(int status, Headers headers) override;
  bool Write(std::shared_ptr<const std::string> piece) override;
  void End() override;
  size_t buffered() const override;
  void OnWritable(std::function<void()> fn) override { on_writable_ = std::move(fn); }
  void OnClose(std::function<void()> fn) override;
  bool closed() const override { return owner_ == nullptr; }
  void OnDrain(std::function<void()> fn) override;
  std::shared_ptr<void> HoldInput() override { return owner_ ? owner_->HoldInput() : nullptr; }

  // The session's side.
  int32_t stream_id() const { return stream_id_; }
  bool answered() const { return status_ != 0; }
  // The whole body was given at once.
  bool whole() const { return whole_; }
  bool ended() const { return ended_; }
  int status() const { return status_; }
  const Headers& headers() const { return headers_; }
  size_t queued() const { return queued_; }
  // The next contiguous bytes; empty when nothing is queued.
  std::string_view Front() const;
  void Consume(size_t bytes);
  // Takes the front piece whole; nullptr when a part of it was consumed or nothing is queued.
  std::shared_ptr<const std::string> TakeFront();
  // Lets a writer that was held back go on, in a later callback.
  void MaybeWritable();
  void Drain();
  // The answer is out: callbacks are dropped.
  void Finish();
  // The client is gone: OnClose runs in a later callback.
  void Close();

 private:
  void DropQueue();
  void ReplyPieces(int status, Headers headers,
                   std::initializer_list<std::shared_ptr<const std::string>> pieces);

  Loop& loop_;
  Owner* owner_;
  const int32_t stream_id_;
  const size_t high_water_;
  std::shared_ptr<size_t> live_;
  int status_ = 0;
  bool whole_ = false;
  bool ended_ = false;
  bool draining_ = false;
  bool held_back_ = false;  // a Write() answered false since the last OnWritable
  bool finished_ = false;
  Headers headers_;
  std::vector<std::shared_ptr<const std::string>> pieces_;
  size_t head_ = 0;    // first piece that is not consumed
  size_t offset_ = 0;  // consumed bytes of it
  size_t queued_ = 0;
  std::function<void()> on_writable_;
  std::function<void()> on_close_;
  std::function<void()> on_drain_;
};

using SessionExchangePtr = std::shared_ptr<SessionExchange>;

}  // namespace fairway::gateway
