#include "gateway/server/http1_session.h"

#include <fmt/format.h>

#include <utility>

#include "gateway/server/http_date.h"

namespace fairway::gateway {

namespace {

// Pipelined input that may wait behind a request in progress.
constexpr size_t kPipelinedMax = 64u << 10;

}  // namespace

Http1Session::Http1Session(Loop& loop, Transport& transport, const ServerLimits& limits,
                           const Handler& handler, std::shared_ptr<const Peer> peer)
    : loop_(loop),
      transport_(transport),
      limits_(limits),
      handler_(handler),
      peer_(std::move(peer)),
      parser_(limits.header_bytes_max, limits.body_bytes_max) {
  RestartDeadline();
}

Http1Session::~Http1Session() { OnClosed(); }

void Http1Session::OnBytes(std::string_view bytes) {
  if (closing_) return;
  if (input_.empty()) {
    size_t used = Process(bytes);
    if (!closing_) input_.assign(bytes.substr(used));
  } else {
    input_.append(bytes);
    size_t used = Process(input_);
    input_.erase(0, used);
  }
  if (current_ && input_.size() > kPipelinedMax) transport_.PauseRead(PauseReason::kPipelined);
}

void Http1Session::Produce() {
  if (processing_) return;
  size_t used = Process(input_);
  input_.erase(0, used);
  if (!current_ || input_.size() <= kPipelinedMax) {
    transport_.ResumeRead(PauseReason::kPipelined);
  }
}

size_t Http1Session::Process(std::string_view input) {
  processing_ = true;
  size_t used = 0;
  while (!closing_) {
    if (current_) {
      if (!Emit()) break;
      continue;
    }
    if (!ParseStep(input, used)) break;
  }
  processing_ = false;
  return used;
}

bool Http1Session::ParseStep(std::string_view input, size_t& used) {
  bool was_started = parser_.started();
  if (used == input.size()) return false;
  size_t fed = parser_.Feed(input.substr(used));
  used += fed;
  if (parser_.failure().status != 0) {
    if (parser_.failure().status == 413) {
      SendAnswer(BodyTooLarge(limits_.body_bytes_max));
    } else {
      Fail(parser_.failure().status, parser_.failure().detail);
    }
    return false;
  }
  if (parser_.head_done() && !head_seen_) OnHead();
  if (parser_.complete()) {
    Dispatch();
    return true;
  }
  if (!was_started && parser_.started()) RestartDeadline();
  return fed > 0;
}

void Http1Session::OnHead() {
  head_seen_ = true;
  if (parser_.complete()) return;
  if (parser_.expects_continue()) transport_.Send("HTTP/1.1 100 Continue\r\n\r\n");
  RestartDeadline();
}

void Http1Session::Dispatch() {
  keep_alive_ = parser_.keep_alive() && !draining_;
  http10_ = !parser_.http11();
  Request request = std::move(parser_.request());
  request.peer = *peer_;
  bodiless_ = request.method == "HEAD";
  chunked_ = !http10_;
  head_sent_ = false;
  head_seen_ = false;
  parser_.Reset();
  deadline_ms_ = 0;
  current_ = std::make_shared<SessionExchange>(loop_, *this, 0, limits_.write_high_water,
                                               std::move(request), nullptr);
  handler_(current_);
}

void Http1Session::OnAnswer(SessionExchange&) {
  if (!processing_) transport_.RequestProduce();
}

void Http1Session::OnOutput(SessionExchange& exchange, size_t added) {
  if (added > 0 && exchange.queued() + transport_.unsent() > limits_.connection_buffer_max) {
    transport_.Abort();
    return;
  }
  if (!processing_) transport_.RequestProduce();
}

bool Http1Session::Emit() {
  if (!current_->answered()) return false;
  if (!head_sent_) EmitHead();
  EmitPieces();
  if (!current_->ended() || current_->queued() > 0) {
    current_->MaybeWritable();
    return false;
  }
  if (chunked_) transport_.Send("0\r\n\r\n");
  std::exchange(current_, nullptr)->Finish();
  RestartDeadline();
  if (!keep_alive_ || draining_) {
    closing_ = true;
    transport_.CloseAfterFlush();
  }
  return true;
}

void Http1Session::EmitHead() {
  head_sent_ = true;
  int status = current_->status();
  std::string_view length;
  fmt::memory_buffer head;
  auto out = fmt::appender(head);
  fmt::format_to(out, "HTTP/1.1 {} {}\r\ndate: {}\r\n", status, ReasonPhrase(status),
                 HttpDate(loop_.Now()));
  for (const auto& [name, value] : current_->headers()) {
    if (name == "connection" && value == "close") keep_alive_ = false;
    if (name == "connection" || name == "transfer-encoding") continue;
    if (name == "content-length") {
      length = value;
      continue;
    }
    head.append(name);
    head.append(std::string_view(": "));
    head.append(value);
    head.append(std::string_view("\r\n"));
  }
  bool head_request = bodiless_;
  bodiless_ = bodiless_ || IsBodiless(status);
  if (IsBodiless(status)) {
    chunked_ = false;
  } else if (!length.empty()) {
    fmt::format_to(out, "content-length: {}\r\n", length);
    chunked_ = false;
  } else if (current_->whole()) {
    fmt::format_to(out, "content-length: {}\r\n", current_->queued());
    chunked_ = false;
  } else if (chunked_) {
    head.append(std::string_view("transfer-encoding: chunked\r\n"));
  } else {
    keep_alive_ = false;  // HTTP/1.0: the end of the stream is the end of the connection
  }
  if (head_request) chunked_ = false;
  if (draining_) keep_alive_ = false;
  if (!keep_alive_) {
    head.append(std::string_view("connection: close\r\n"));
  } else if (http10_) {
    head.append(std::string_view("connection: keep-alive\r\n"));
  }
  head.append(std::string_view("\r\n"));
  transport_.Send(std::string_view(head.data(), head.size()));
}

void Http1Session::EmitPieces() {
  while (current_->queued() > 0 && transport_.unsent() < kTransportHighWater) {
    std::string_view front = current_->Front();
    if (bodiless_) {
      current_->Consume(front.size());
      continue;
    }
    if (chunked_) transport_.Send(fmt::format("{:x}\r\n", front.size()));
    std::shared_ptr<const std::string> piece;
    if (front.size() >= kShareFrom) piece = current_->TakeFront();
    if (piece) {
      transport_.Send(std::move(piece));
    } else {
      transport_.Send(front);
      current_->Consume(front.size());
    }
    if (chunked_) transport_.Send("\r\n");
  }
}

void Http1Session::SendAnswer(const ProtocolAnswer& answer) {
  std::string text = fmt::format("HTTP/1.1 {} {}\r\ndate: {}\r\nconnection: close\r\n",
                                 answer.status, ReasonPhrase(answer.status), HttpDate(loop_.Now()));
  for (const auto& [name, value] : answer.headers) {
    text += fmt::format("{}: {}\r\n", name, value);
  }
  text += fmt::format("content-length: {}\r\n\r\n", answer.body.size());
  text += answer.body;
  transport_.Send(text);
  closing_ = true;
  deadline_ms_ = 0;
  transport_.CloseAfterFlush();
}

void Http1Session::Fail(int status, const std::string& detail) {
  SendAnswer(PlainAnswer(status, detail));
}

void Http1Session::RestartDeadline() {
  int64_t limit = limits_.idle_timeout_ms;
  if (parser_.head_done()) {
    limit = limits_.body_timeout_ms;
  } else if (parser_.started()) {
    limit = limits_.header_timeout_ms;
  }
  deadline_ms_ = loop_.MonotonicMs() + limit;
}

void Http1Session::Tick(int64_t now_ms) {
  if (closing_ || current_ || deadline_ms_ == 0 || now_ms < deadline_ms_) return;
  if (!parser_.started()) {
    closing_ = true;
    transport_.CloseAfterFlush();
    return;
  }
  Fail(408, parser_.head_done() ? "the body took too long" : "the header took too long");
}

void Http1Session::Drain() {
  draining_ = true;
  if (current_) {
    current_->Drain();
  } else if (!parser_.started() && !closing_) {
    closing_ = true;
    transport_.CloseAfterFlush();
  }
}

void Http1Session::OnClosed() {
  closing_ = true;
  if (current_) std::exchange(current_, nullptr)->Close();
}

}  // namespace fairway::gateway
