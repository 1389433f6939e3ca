#include "gateway/server/connection.h"

#include <fmt/core.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

#include "gateway/server/http1_session.h"
#include "gateway/server/http2_session.h"

namespace fairway::gateway {

namespace {

// Small writes share a buffer up to this size, a TLS record.
constexpr size_t kCoalesce = 16u << 10;
// Ciphertext made ahead of the kernel: what stays in the cache on its way there.
constexpr size_t kCipherMax = 64u << 10;
// What the last record adds beyond the 64th part that full ones add at most.
constexpr size_t kRecordOverhead = 512;
// What one connection may bring in one turn: libuv would read on for as long as there is more.
constexpr size_t kTurnBytesMax = 128u << 10;
constexpr int64_t kLingerMsMax = 5'000;
constexpr unsigned kKeepaliveSeconds = 30;
constexpr unsigned kUserTimeoutMs = 60'000;

// What libuv works on belongs to libuv until it calls back, which may be after the connection is
// gone.
struct PendingWrite {
  uv_write_t request;
  std::string bytes;
};

std::string PeerName(const uv_tcp_t* socket) {
  sockaddr_storage address{};
  int size = sizeof(address);
  if (uv_tcp_getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  char text[64] = "";
  if (address.ss_family == AF_INET6) {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address);
    uv_ip6_name(v6, text, sizeof(text));
    return fmt::format("[{}]:{}", text, ntohs(v6->sin6_port));
  }
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address);
  uv_ip4_name(v4, text, sizeof(text));
  return fmt::format("{}:{}", text, ntohs(v4->sin_port));
}

}  // namespace

Connection::Connection(Loop& loop, Host& host, const ServerLimits& limits, const Handler& handler,
                       std::shared_ptr<TlsContext> context, bool one_shot)
    : loop_(loop),
      host_(host),
      limits_(limits),
      handler_(handler),
      one_shot_(one_shot),
      socket_(MakeUvHandle<uv_tcp_t>()),
      tls_(std::move(context)) {
  uv_tcp_init(loop.uv(), socket_.get());
  socket_->data = this;
  deadline_ms_ = loop.MonotonicMs() + limits.handshake_timeout_ms;
}

Connection::~Connection() { CloseNow(); }

bool Connection::Accept(uv_stream_t* listener) {
  auto* stream = reinterpret_cast<uv_stream_t*>(socket_.get());
  if (uv_accept(listener, stream) != 0) return false;
  uv_tcp_nodelay(socket_.get(), 1);
  uv_tcp_keepalive(socket_.get(), 1, kKeepaliveSeconds);
  // A peer whose host has vanished is noticed within a minute, also by a watch that only writes.
  uv_os_fd_t fd = -1;
  if (uv_fileno(reinterpret_cast<uv_handle_t*>(socket_.get()), &fd) == 0) {
    unsigned timeout = kUserTimeoutMs;
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof(timeout));
  }
  address_ = PeerName(socket_.get());
  UpdateReading();
  return true;
}

void Connection::UpdateReading() {
  bool want = phase_ != Phase::kClosed && (pauses_ == 0 || phase_ == Phase::kLingering);
  if (want == reading_) return;
  reading_ = want;
  auto* stream = reinterpret_cast<uv_stream_t*>(socket_.get());
  if (!want) {
    uv_read_stop(stream);
    return;
  }
  uv_read_start(
      stream,
      [](uv_handle_t* handle, size_t, uv_buf_t* buffer) {
        auto& shared = static_cast<Connection*>(handle->data)->host_.read_buffer();
        *buffer = uv_buf_init(shared.data(), static_cast<unsigned>(shared.size()));
      },
      [](uv_stream_t* handle, ssize_t count, const uv_buf_t* buffer) {
        if (handle->data != nullptr) static_cast<Connection*>(handle->data)->OnRead(count, buffer);
      });
}

void Connection::OnRead(ssize_t count, const uv_buf_t* buffer) {
  if (count == 0 || phase_ == Phase::kClosed) return;
  if (count < 0) {
    CloseNow();
    return;
  }
  if (phase_ == Phase::kLingering) {
    lingered_bytes_ += static_cast<size_t>(count);
    if (lingered_bytes_ > 8 * limits_.body_bytes_max) CloseNow();
    return;
  }
  turn_bytes_ += static_cast<size_t>(count);
  if (turn_bytes_ >= kTurnBytesMax) {
    PauseRead(PauseReason::kTurnShare);
    RequestProduce();
  }
  tls_.Give(std::string_view(buffer->base, static_cast<size_t>(count)));
  std::vector<char>& plain = host_.plain_buffer();
  size_t filled = 0;
  // All records of one read go to the session together, so that their answers share a write.
  while (phase_ != Phase::kClosed) {
    size_t got = tls_.Advance(plain.data() + filled, plain.size() - filled);
    if (phase_ == Phase::kHandshake && tls_.state() == TlsStream::State::kOpen) OnOpen();
    filled += got;
    if (got > 0 && filled < plain.size()) continue;
    if (filled > 0) OnPlain(std::string_view(plain.data(), filled));
    filled = 0;
    if (got == 0) break;
  }
  if (phase_ == Phase::kClosed) return;
  if (tls_.state() == TlsStream::State::kFailed) {
    SendCiphertext();  // the alert that says why
    CloseNow();
  } else if (tls_.state() == TlsStream::State::kClosed && phase_ == Phase::kOpen) {
    OnPeerClosed();
  } else if (!tls_.output().empty()) {
    RequestProduce();
  }
}

void Connection::OnOpen() {
  phase_ = Phase::kOpen;
  if (!one_shot_) deadline_ms_ = 0;
  auto peer = std::make_shared<Peer>();
  peer->address = address_;
  tls_.DescribePeer(*peer);
  if (tls_.h2()) {
    session_ = std::make_unique<Http2Session>(loop_, *this, limits_, handler_, std::move(peer));
  } else {
    session_ = std::make_unique<Http1Session>(loop_, *this, limits_, handler_, std::move(peer));
  }
  // HTTP/2 has no "connection: close": the GOAWAY says it.
  if (draining_ || (one_shot_ && tls_.h2())) session_->Drain();
}

void Connection::OnPlain(std::string_view bytes) {
  if (phase_ == Phase::kOpen) session_->OnBytes(bytes);
}

void Connection::OnPeerClosed() {
  // Its half of the connection is closed; nobody who does that to an API server reads on.
  session_->OnClosed();
  CloseAfterFlush();
}

void Connection::Send(std::string_view bytes) {
  RequestProduce();
  queued_ += bytes.size();
  if (queue_.size() > queue_head_) {
    Piece& last = queue_.back();
    if (!last.shared && last.own.size() + bytes.size() <= kCoalesce) {
      last.own.append(bytes);
      return;
    }
  }
  Piece& piece = queue_.emplace_back();
  // HTTP/2 frames come in small parts; a whole record's room avoids growing in steps.
  piece.own.reserve(std::max(bytes.size(), bytes.size() < 64 ? kCoalesce : bytes.size() + 1024));
  piece.own.append(bytes);
}

void Connection::Send(std::shared_ptr<const std::string> piece) {
  if (piece->size() < kShareFrom) {
    Send(std::string_view(*piece));
    return;
  }
  RequestProduce();
  queued_ += piece->size();
  queue_.emplace_back().shared = std::move(piece);
}

void Connection::RequestProduce() {
  if (phase_ != Phase::kClosed) host_.MarkDirty(*this);
}

void Connection::Turn() {
  turn_bytes_ = 0;
  ResumeRead(PauseReason::kTurnShare);
  if (phase_ == Phase::kOpen && session_) session_->Produce();
  Flush();
}

void Connection::Flush() {
  if (phase_ == Phase::kClosed) return;
  while (sending_bytes_ == 0 && (queued_ > 0 || !tls_.output().empty())) {
    EncryptQueued();
    if (phase_ == Phase::kClosed) return;
    SendCiphertext();
    if (phase_ == Phase::kClosed) return;
    // The kernel took it all: there may be more where that came from.
    if (sending_bytes_ == 0 && phase_ == Phase::kOpen) session_->Produce();
  }
  // An idle connection keeps no buffer of its busiest moment.
  if (std::string& output = tls_.output(); output.empty() && output.capacity() > 2 * kCoalesce) {
    output.shrink_to_fit();
  }
  if (unsent() > kTransportHighWater) {
    PauseRead(PauseReason::kPeerSlow);
  } else {
    ResumeRead(PauseReason::kPeerSlow);
  }
  if (phase_ == Phase::kFlushing && unsent() == 0) StartLinger();
}

void Connection::EncryptQueued() {
  // Room for it all at once: growing by doubling would copy what many streams answer in one turn.
  std::string& output = tls_.output();
  size_t coming = std::min(queued_, kCipherMax);
  if (queued_ > 0) output.reserve(output.size() + coming + coming / 64 + kRecordOverhead);
  while (queue_head_ < queue_.size() && tls_.output().size() < kCipherMax) {
    Piece& piece = queue_[queue_head_];
    size_t taken = tls_.Encrypt(piece.rest());
    if (taken == 0) {
      CloseNow();
      return;
    }
    piece.offset += taken;
    queued_ -= taken;
    if (piece.rest().empty()) {
      piece = Piece{};
      ++queue_head_;
    }
  }
  if (queue_head_ == queue_.size()) {
    queue_.clear();
    queue_head_ = 0;
  }
}

void Connection::SendCiphertext() {
  std::string& output = tls_.output();
  if (output.empty() || sending_bytes_ > 0 || phase_ == Phase::kClosed) return;
  auto* stream = reinterpret_cast<uv_stream_t*>(socket_.get());
  uv_buf_t buffer = uv_buf_init(output.data(), static_cast<unsigned>(output.size()));
  int sent = uv_try_write(stream, &buffer, 1);
  if (sent < 0 && sent != UV_EAGAIN) {
    CloseNow();
    return;
  }
  size_t taken = sent < 0 ? 0 : static_cast<size_t>(sent);
  if (taken == output.size()) {
    output.clear();
    stalled_since_ms_ = 0;
    return;
  }
  auto pending = std::make_unique<PendingWrite>();
  pending->bytes = output.substr(taken);
  output.clear();
  if (taken > 0 || stalled_since_ms_ == 0) stalled_since_ms_ = loop_.MonotonicMs();
  sending_bytes_ = pending->bytes.size();
  buffer = uv_buf_init(pending->bytes.data(), static_cast<unsigned>(sending_bytes_));
  pending->request.data = pending.get();
  int failed = uv_write(&pending->request, stream, &buffer, 1, [](uv_write_t* request, int status) {
    std::unique_ptr<PendingWrite> done(static_cast<PendingWrite*>(request->data));
    auto* self = static_cast<Connection*>(request->handle->data);
    if (self != nullptr) self->OnWritten(status);
  });
  if (failed != 0) {
    CloseNow();
    return;
  }
  static_cast<void>(pending.release());  // the callback owns it
}

void Connection::OnWritten(int status) {
  if (phase_ == Phase::kClosed) return;
  if (status < 0) {
    CloseNow();
    return;
  }
  sending_bytes_ = 0;
  stalled_since_ms_ = 0;
  RequestProduce();
}

void Connection::PauseRead(PauseReason reason) {
  pauses_ |= static_cast<unsigned>(reason);
  UpdateReading();
}

void Connection::ResumeRead(PauseReason reason) {
  pauses_ &= ~static_cast<unsigned>(reason);
  UpdateReading();
}

std::shared_ptr<void> Connection::HoldInput() {
  ++holds_;
  PauseRead(PauseReason::kHeld);
  return std::shared_ptr<void>(this, [weak = std::weak_ptr<Connection*>(self_)](void*) {
    auto self = weak.lock();
    if (!self || --(*self)->holds_ > 0) return;
    if ((*self)->phase_ != Phase::kClosed) (*self)->ResumeRead(PauseReason::kHeld);
  });
}

void Connection::CloseAfterFlush() {
  if (phase_ != Phase::kOpen && phase_ != Phase::kHandshake) return;
  phase_ = Phase::kFlushing;
  pauses_ &= ~static_cast<unsigned>(PauseReason::kPipelined);
  UpdateReading();
  RequestProduce();
}

void Connection::StartLinger() {
  tls_.Shutdown();
  SendCiphertext();
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kLingering;
  deadline_ms_ = loop_.MonotonicMs() + std::min(kLingerMsMax, limits_.body_timeout_ms);
  UpdateReading();
  // Sends FIN behind what is queued; the client's own end, or the deadline, ends the connection.
  auto request = std::make_unique<uv_shutdown_t>();
  int failed = uv_shutdown(request.get(), reinterpret_cast<uv_stream_t*>(socket_.get()),
                           [](uv_shutdown_t* done, int) { delete done; });
  if (failed == 0) {
    static_cast<void>(request.release());
  } else {
    CloseNow();
  }
}

void Connection::Abort() {
  if (phase_ == Phase::kClosed) return;
  // The caller may be deep inside the session.
  loop_.Defer([weak = std::weak_ptr<Connection*>(self_)] {
    if (auto self = weak.lock()) (*self)->CloseNow();
  });
  phase_ = Phase::kClosed;
}

void Connection::Drain() {
  draining_ = true;
  if (phase_ == Phase::kHandshake) {
    CloseNow();
  } else if (phase_ == Phase::kOpen) {
    session_->Drain();
  }
}

void Connection::Tick(int64_t now_ms) {
  if (phase_ == Phase::kClosed) return;
  bool late = deadline_ms_ != 0 && now_ms >= deadline_ms_;
  bool stalled = stalled_since_ms_ != 0 && now_ms - stalled_since_ms_ >= limits_.body_timeout_ms;
  if (late || stalled) {
    CloseNow();
  } else if (phase_ == Phase::kOpen) {
    session_->Tick(now_ms);
  }
}

void Connection::CloseNow() {
  if (!socket_) return;
  phase_ = Phase::kClosed;
  socket_->data = nullptr;
  socket_.reset();
  if (session_) session_->OnClosed();
  host_.OnConnectionClosed(*this);
}

}  // namespace fairway::gateway
