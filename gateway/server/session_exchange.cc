#include "gateway/server/session_exchange.h"

#include <utility>

#include "scheduler/assert.h"

namespace fairway::gateway {

namespace {

// Lower-case names (HTTP/2 demands them) and values that cannot split a header block.
void Clean(Headers& headers) {
  for (auto& [name, value] : headers) {
    for (char& c : name) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    for (char& c : value) {
      if (c == '\r' || c == '\n' || c == '\0') c = ' ';
    }
  }
}

}  // namespace

SessionExchange::SessionExchange(Loop& loop, Owner& owner, int32_t stream_id, size_t high_water,
                                 Request request, std::shared_ptr<size_t> live)
    : loop_(loop),
      owner_(&owner),
      stream_id_(stream_id),
      high_water_(high_water),
      live_(std::move(live)) {
  request_ = std::move(request);
  if (live_) ++*live_;
}

SessionExchange::~SessionExchange() {
  if (live_) --*live_;
}

void SessionExchange::Reply(int status, Headers headers, std::shared_ptr<const std::string> body) {
  ReplyPieces(status, std::move(headers), {std::move(body)});
}

void SessionExchange::ReplyLine(int status, Headers headers,
                                std::shared_ptr<const std::string> body) {
  static const auto newline = std::make_shared<const std::string>("\n");
  ReplyPieces(status, std::move(headers), {std::move(body), newline});
}

void SessionExchange::ReplyPieces(
    int status, Headers headers, std::initializer_list<std::shared_ptr<const std::string>> pieces) {
  if (closed()) return;
  FAIRWAY_ASSERT(!answered());
  status_ = status;
  headers_ = std::move(headers);
  Clean(headers_);
  whole_ = true;
  ended_ = true;
  for (const auto& piece : pieces) {
    if (!piece || piece->empty()) continue;
    queued_ += piece->size();
    pieces_.push_back(piece);
  }
  owner_->OnAnswer(*this);
}

void SessionExchange::Start(int status, Headers headers) {
  if (closed()) return;
  FAIRWAY_ASSERT(!answered());
  status_ = status;
  headers_ = std::move(headers);
  Clean(headers_);
  owner_->OnAnswer(*this);
}

bool SessionExchange::Write(std::shared_ptr<const std::string> piece) {
  if (closed()) return false;
  FAIRWAY_ASSERT(answered() && !ended_);
  if (piece && !piece->empty()) {
    size_t added = piece->size();
    queued_ += added;
    pieces_.push_back(std::move(piece));
    owner_->OnOutput(*this, added);
  }
  if (buffered() <= high_water_) return true;
  held_back_ = true;
  return false;
}

void SessionExchange::End() {
  if (closed() || ended_) return;
  FAIRWAY_ASSERT(answered());
  ended_ = true;
  owner_->OnOutput(*this, 0);
}

size_t SessionExchange::buffered() const {
  return owner_ == nullptr ? 0 : queued_ + owner_->unsent();
}

void SessionExchange::OnClose(std::function<void()> fn) {
  if (finished_) return;
  if (closed()) {
    loop_.Defer(std::move(fn));
  } else {
    on_close_ = std::move(fn);
  }
}

void SessionExchange::OnDrain(std::function<void()> fn) {
  if (closed()) return;
  if (draining_) {
    loop_.Defer(std::move(fn));
  } else {
    on_drain_ = std::move(fn);
  }
}

std::string_view SessionExchange::Front() const {
  if (head_ == pieces_.size()) return {};
  return std::string_view(*pieces_[head_]).substr(offset_);
}

void SessionExchange::Consume(size_t bytes) {
  FAIRWAY_ASSERT(bytes <= queued_);
  queued_ -= bytes;
  while (bytes > 0) {
    size_t left = pieces_[head_]->size() - offset_;
    if (bytes < left) {
      offset_ += bytes;
      return;
    }
    bytes -= left;
    pieces_[head_].reset();
    ++head_;
    offset_ = 0;
  }
  if (head_ == pieces_.size()) {
    pieces_.clear();
    head_ = 0;
  } else if (head_ >= 64 && head_ * 2 >= pieces_.size()) {
    pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
}

std::shared_ptr<const std::string> SessionExchange::TakeFront() {
  if (head_ == pieces_.size() || offset_ != 0) return nullptr;
  auto piece = pieces_[head_];
  Consume(piece->size());
  return piece;
}

void SessionExchange::MaybeWritable() {
  if (!held_back_ || closed() || buffered() > high_water_ / 2) return;
  held_back_ = false;
  if (on_writable_) loop_.Defer(on_writable_);
}

void SessionExchange::Drain() {
  if (closed() || draining_) return;
  draining_ = true;
  if (on_drain_) loop_.Defer(std::exchange(on_drain_, nullptr));
}

void SessionExchange::DropQueue() {
  owner_ = nullptr;
  pieces_.clear();
  head_ = offset_ = queued_ = 0;
  on_writable_ = nullptr;
  on_drain_ = nullptr;
}

void SessionExchange::Finish() {
  finished_ = true;
  DropQueue();
  on_close_ = nullptr;
}

void SessionExchange::Close() {
  if (closed()) return;
  DropQueue();
  if (on_close_) loop_.Defer(std::exchange(on_close_, nullptr));
}

}  // namespace fairway::gateway
