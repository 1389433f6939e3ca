#include "gateway/server/http2_session.h"

#include <nghttp2/nghttp2.h>

#include <utility>
#include <vector>

#include "gateway/server/http2_callbacks.h"
#include "gateway/server/http_date.h"
#include "gateway/server/target.h"
#include "scheduler/assert.h"

namespace fairway::gateway {

namespace {

constexpr int32_t kConnectionWindow = 8 << 20;
constexpr uint32_t kStreamWindow = 256u << 10;
// A refused request's body is read and dropped up to this multiple of the body limit, so that the
// client gets to read its answer.
constexpr size_t kDiscardFactor = 8;

nghttp2_nv MakeHeader(std::string_view name, std::string_view value, unsigned flags = 0) {
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
          static_cast<uint8_t>(flags)};
}

// Of headers in the exchange, which lives until nghttp2 has closed the stream. A value that comes
// once is not put into HPACK's table, where it would push out those that come again.
unsigned FlagsOf(std::string_view name) {
  const bool once = name == "audit-id" || name == "content-length";
  return NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE |
         (once ? NGHTTP2_NV_FLAG_NO_INDEX : 0);
}

bool IsConnectionHeader(std::string_view name) {
  return name == "connection" || name == "transfer-encoding" || name == "keep-alive" ||
         name == "upgrade" || name == "proxy-connection";
}

}  // namespace

Http2Session::Http2Session(Loop& loop, Transport& transport, const ServerLimits& limits,
                           const Handler& handler, std::shared_ptr<const Peer> peer)
    : loop_(loop),
      transport_(transport),
      limits_(limits),
      handler_(handler),
      peer_(std::move(peer)),
      idle_since_ms_(loop.MonotonicMs()) {
  session_ = Http2Callbacks::NewServerSession(*this);
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
       static_cast<uint32_t>(limits.streams_per_connection_max)},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(limits.header_bytes_max)},
  };
  FAIRWAY_ASSERT(
      nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings)) == 0);
  FAIRWAY_ASSERT(nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                                       kConnectionWindow) == 0);
  transport_.RequestProduce();
}

Http2Session::~Http2Session() {
  OnClosed();
  nghttp2_session_del(session_);
}

void Http2Session::OnBytes(std::string_view bytes) {
  if (closing_) return;
  receiving_ = true;
  ssize_t used = nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(bytes.data()),
                                          bytes.size());
  receiving_ = false;
  if (used < 0) {
    // No HTTP/2 preface, or nghttp2 gave up: it has queued a GOAWAY where that makes sense.
    Produce();
    closing_ = true;
    transport_.CloseAfterFlush();
    return;
  }
  transport_.RequestProduce();
}

void Http2Session::Produce() {
  if (receiving_ || producing_) return;
  producing_ = true;
  while (!closing_ && transport_.unsent() < kTransportHighWater) {
    const uint8_t* data = nullptr;
    ssize_t size = nghttp2_session_mem_send(session_, &data);
    if (size < 0) {
      closing_ = true;
      transport_.Abort();
    }
    if (size <= 0) break;
    transport_.Send(
        std::string_view(reinterpret_cast<const char*>(data), static_cast<size_t>(size)));
  }
  producing_ = false;
  FinishIfOver();
}

void Http2Session::FinishIfOver() {
  if (closing_) return;
  bool done = nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
  if (!done) return;
  closing_ = true;
  transport_.CloseAfterFlush();
}

Http2Session::Stream* Http2Session::Find(int32_t id) {
  auto it = streams_.find(id);
  return it == streams_.end() ? nullptr : it->second.get();
}

int Http2Session::OpenStream(int32_t id) {
  // Handlers of streams that the client has reset go on until they notice: they count, so that
  // opening and resetting does not buy more work than open streams would.
  if (*live_ >= 2 * limits_.streams_per_connection_max) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
    return 0;
  }
  auto stream = std::make_unique<Stream>();
  stream->id = id;
  stream->deadline_ms = loop_.MonotonicMs() + limits_.header_timeout_ms;
  stream->request.http2 = true;
  ++incomplete_;
  streams_[id] = std::move(stream);
  return 0;
}

int Http2Session::AddHeader(Stream& stream, std::string_view name, std::string_view value) {
  if (stream.refused) return 0;
  stream.header_bytes += name.size() + value.size() + 32;
  if (stream.header_bytes > limits_.header_bytes_max) {
    Refuse(stream, PlainAnswer(431, "the header exceeds " +
                                        std::to_string(limits_.header_bytes_max) + " bytes"));
    return 0;
  }
  Request& request = stream.request;
  if (name == ":method") {
    request.method = value;
  } else if (name == ":path") {
    request.target = value;
  } else if (name == ":authority") {
    request.headers.emplace_back("host", value);
  } else if (name == "host" && !request.Header("host").empty()) {
    return 0;
  } else if (name.front() != ':') {
    request.headers.emplace_back(name, value);
  }
  return 0;
}

int Http2Session::EndHeaders(Stream& stream, bool end_stream) {
  if (!stream.refused && !DecodeTarget(stream.request)) {
    Refuse(stream, PlainAnswer(400, "malformed request target"));
  }
  if (end_stream) {
    EndRequest(stream);
    return 0;
  }
  stream.deadline_ms = loop_.MonotonicMs() + limits_.body_timeout_ms;
  if (stream.refused) return 0;
  std::string_view length = stream.request.Header("content-length");
  if (!length.empty() &&
      (length.size() > 18 || std::stoull(std::string(length)) > limits_.body_bytes_max)) {
    Refuse(stream, BodyTooLarge(limits_.body_bytes_max));
  } else if (stream.request.Header("expect") == "100-continue") {
    nghttp2_nv status = MakeHeader(":status", "100");
    nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream.id, nullptr, &status, 1, nullptr);
  }
  return 0;
}

int Http2Session::AddBody(Stream& stream, std::string_view bytes) {
  if (stream.refused) {
    stream.discarded += bytes.size();
    if (stream.discarded > kDiscardFactor * limits_.body_bytes_max) {
      nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_NO_ERROR);
    }
    return 0;
  }
  if (stream.body_bytes + bytes.size() > limits_.body_bytes_max) {
    Refuse(stream, BodyTooLarge(limits_.body_bytes_max));
  } else if (body_bytes_ + bytes.size() > limits_.connection_buffer_max) {
    Refuse(stream, TooBusy("too many request bytes in flight on this connection"));
  } else {
    stream.body_bytes += bytes.size();
    body_bytes_ += bytes.size();
    stream.request.body.append(bytes);
  }
  return 0;
}

void Http2Session::EndRequest(Stream& stream) {
  if (stream.deadline_ms != 0) {
    stream.deadline_ms = 0;
    --incomplete_;
  }
  if (stream.refused) return;
  MakeExchange(stream);
  // The handler may answer at once; `stream` stays, since only nghttp2 closes streams.
  handler_(stream.exchange);
}

void Http2Session::MakeExchange(Stream& stream) {
  stream.request.peer = *peer_;
  stream.exchange = std::make_shared<SessionExchange>(
      loop_, *this, stream.id, limits_.write_high_water, std::move(stream.request), live_);
}

// Answers before the request has ended; the rest of it is read and dropped.
void Http2Session::Refuse(Stream& stream, ProtocolAnswer answer) {
  stream.refused = true;
  body_bytes_ -= std::exchange(stream.body_bytes, 0);
  stream.request.body = {};
  MakeExchange(stream);
  stream.exchange->Reply(answer.status, std::move(answer.headers), std::move(answer.body));
}

void Http2Session::OnAnswer(SessionExchange& exchange) {
  Stream* stream = Find(exchange.stream_id());
  FAIRWAY_ASSERT(stream != nullptr);
  SubmitAnswer(*stream);
  if (!receiving_) transport_.RequestProduce();
}

void Http2Session::OnOutput(SessionExchange& exchange, size_t added) {
  Stream* stream = Find(exchange.stream_id());
  FAIRWAY_ASSERT(stream != nullptr);
  if (added > 0 && exchange.queued() > limits_.connection_buffer_max) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_ENHANCE_YOUR_CALM);
  }
  if (stream->deferred) {
    stream->deferred = false;
    nghttp2_session_resume_data(session_, stream->id);
  }
  if (!receiving_) transport_.RequestProduce();
}

void Http2Session::SubmitAnswer(Stream& stream) {
  const SessionExchange& exchange = *stream.exchange;
  std::string status = std::to_string(exchange.status());
  std::string length = std::to_string(exchange.queued());
  std::vector<nghttp2_nv> headers;
  headers.reserve(exchange.headers().size() + 3);
  headers.push_back(MakeHeader(":status", status));
  headers.push_back(MakeHeader("date", HttpDate(loop_.Now())));
  bool has_length = false;
  for (const auto& [name, value] : exchange.headers()) {
    if (IsConnectionHeader(name)) continue;
    has_length = has_length || name == "content-length";
    headers.push_back(MakeHeader(name, value, FlagsOf(name)));
  }
  bool bodiless = IsBodiless(exchange.status());
  // Always when known: some clients reset streams that end without it (and that looks like abuse).
  if (exchange.whole() && !bodiless && !has_length) {
    headers.push_back(MakeHeader("content-length", length, NGHTTP2_NV_FLAG_NO_INDEX));
  }
  bool no_data = bodiless || exchange.request().method == "HEAD" ||
                 (exchange.whole() && exchange.queued() == 0);
  nghttp2_data_provider provider = Http2Callbacks::DataProvider();
  int failed = nghttp2_submit_response(session_, stream.id, headers.data(), headers.size(),
                                       no_data ? nullptr : &provider);
  if (failed != 0) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_INTERNAL_ERROR);
  }
}

void Http2Session::CloseStream(int32_t id, uint32_t error_code) {
  auto it = streams_.find(id);
  if (it == streams_.end()) return;
  std::unique_ptr<Stream> stream = std::move(it->second);
  streams_.erase(it);
  if (stream->deadline_ms != 0) --incomplete_;
  body_bytes_ -= stream->body_bytes;
  if (stream->exchange) {
    const SessionExchange& exchange = *stream->exchange;
    bool sent = exchange.answered() && exchange.ended() && error_code == NGHTTP2_NO_ERROR;
    if (sent) {
      stream->exchange->Finish();
    } else {
      stream->exchange->Close();
    }
  }
  if (streams_.empty()) idle_since_ms_ = loop_.MonotonicMs();
}

void Http2Session::Tick(int64_t now_ms) {
  if (closing_) return;
  if (streams_.empty()) {
    if (now_ms - idle_since_ms_ >= limits_.idle_timeout_ms) {
      nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR);
      transport_.RequestProduce();
    }
    return;
  }
  if (incomplete_ == 0) return;
  for (auto& [id, stream] : streams_) {
    if (stream->deadline_ms == 0 || now_ms < stream->deadline_ms) continue;
    stream->deadline_ms = 0;
    --incomplete_;
    if (stream->refused) {
      nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR);
    } else {
      Refuse(*stream, PlainAnswer(408, "the request took too long"));
    }
  }
  transport_.RequestProduce();
}

// RFC 9113 6.8: a first GOAWAY that refuses nothing, and the final one a round trip later (the
// answer to our PING), so that requests on their way are not lost.
void Http2Session::Drain() {
  if (draining_ || closing_) return;
  draining_ = true;
  for (auto& [id, stream] : streams_) {
    if (stream->exchange) stream->exchange->Drain();
  }
  nghttp2_submit_shutdown_notice(session_);
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
  transport_.RequestProduce();
}

void Http2Session::FinalGoaway() {
  if (!draining_) return;
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

void Http2Session::OnClosed() {
  closing_ = true;
  auto streams = std::move(streams_);
  streams_.clear();
  for (auto& [id, stream] : streams) {
    if (stream->exchange) stream->exchange->Close();
  }
}

}  // namespace fairway::gateway
