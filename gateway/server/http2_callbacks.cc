#include "gateway/server/http2_callbacks.h"

#include <algorithm>
#include <string_view>

#include "gateway/server/http2_session.h"
#include "scheduler/assert.h"

namespace fairway::gateway {

namespace {

Http2Session& Self(void* user) { return *static_cast<Http2Session*>(user); }

std::string_view View(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

bool IsRequestHeaders(const nghttp2_frame* frame) {
  return frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
}

}  // namespace

nghttp2_session* Http2Callbacks::NewServerSession(Http2Session& owner) {
  nghttp2_session_callbacks* callbacks = nullptr;
  FAIRWAY_ASSERT(nghttp2_session_callbacks_new(&callbacks) == 0);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, OnBeginHeaders);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, OnFrame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnData);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnStreamClose);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, OnSendData);
  nghttp2_option* option = nullptr;
  FAIRWAY_ASSERT(nghttp2_option_new(&option) == 0);
  // Closed streams are kept by nghttp2 for priorities that nobody uses.
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_session* session = nullptr;
  FAIRWAY_ASSERT(nghttp2_session_server_new2(&session, callbacks, &owner, option) == 0);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  return session;
}

nghttp2_data_provider Http2Callbacks::DataProvider() {
  nghttp2_data_provider provider{};
  provider.read_callback = OnRead;
  return provider;
}

int Http2Callbacks::OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame,
                                   void* user) noexcept {
  return IsRequestHeaders(frame) ? Self(user).OpenStream(frame->hd.stream_id) : 0;
}

int Http2Callbacks::OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                             size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                             void* user) noexcept {
  if (!IsRequestHeaders(frame)) return 0;  // trailers carry nothing that we use
  auto* stream = Self(user).Find(frame->hd.stream_id);
  if (stream == nullptr) return 0;
  return Self(user).AddHeader(*stream, View(name, name_size), View(value, value_size));
}

int Http2Callbacks::OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* user) noexcept {
  Http2Session& self = Self(user);
  if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
    self.FinalGoaway();
    return 0;
  }
  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
  auto* stream = self.Find(frame->hd.stream_id);
  if (stream == nullptr) return 0;
  bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (IsRequestHeaders(frame)) return self.EndHeaders(*stream, end);
  if (end) self.EndRequest(*stream);
  return 0;
}

int Http2Callbacks::OnData(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t size,
                           void* user) noexcept {
  auto* stream = Self(user).Find(id);
  return stream == nullptr ? 0 : Self(user).AddBody(*stream, View(data, size));
}

int Http2Callbacks::OnStreamClose(nghttp2_session*, int32_t id, uint32_t error_code,
                                  void* user) noexcept {
  Self(user).CloseStream(id, error_code);
  return 0;
}

ssize_t Http2Callbacks::OnRead(nghttp2_session*, int32_t id, uint8_t*, size_t length,
                               uint32_t* flags, nghttp2_data_source*, void* user) noexcept {
  auto* stream = Self(user).Find(id);
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  const SessionExchange& exchange = *stream->exchange;
  size_t ready = std::min(length, exchange.queued());
  if (ready == 0 && !exchange.ended()) {
    stream->deferred = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (exchange.ended() && ready == exchange.queued()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(ready);
}

int Http2Callbacks::OnSendData(nghttp2_session*, nghttp2_frame* frame, const uint8_t* head,
                               size_t length, nghttp2_data_source*, void* user) noexcept {
  constexpr size_t kFrameHead = 9;
  Http2Session& self = Self(user);
  auto* stream = self.Find(frame->hd.stream_id);
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  self.transport_.Send(View(head, kFrameHead));
  SessionExchange& exchange = *stream->exchange;
  while (length > 0) {
    std::string_view part = exchange.Front().substr(0, length);
    self.transport_.Send(part);
    length -= part.size();
    exchange.Consume(part.size());
  }
  exchange.MaybeWritable();
  return 0;
}

}  // namespace fairway::gateway
