#include "tests/bench/http2_client.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "tests/bench/header_field.h"

namespace fairway::bench {

namespace {

constexpr int32_t kWindowBytes = 16 << 20;  // never the limit here

}  // namespace

nghttp2_session_callbacks* Http2Client::MakeCallbacks() {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                    size_t name_length, const uint8_t* value, size_t, uint8_t, void* self) {
        auto& client = *static_cast<Http2Client*>(self);
        if (name_length == 7 && std::memcmp(name, ":status", 7) == 0) {
          int status = std::atoi(reinterpret_cast<const char*>(value));
          client.streams_[frame->hd.stream_id].status = status;
          if (client.events_.headers) client.events_.headers(frame->hd.stream_id, status);
        }
        return 0;
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks, [](nghttp2_session*, uint8_t, int32_t stream, const uint8_t* data, size_t length,
                    void* self) {
        auto& client = *static_cast<Http2Client*>(self);
        if (client.events_.data) {
          client.events_.data(stream, {reinterpret_cast<const char*>(data), length});
        }
        return 0;
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      callbacks, [](nghttp2_session*, int32_t stream, uint32_t, void* self) {
        auto& client = *static_cast<Http2Client*>(self);
        int status = client.streams_[stream].status;
        client.streams_.erase(stream);
        client.events_.closed(stream, status);
        return 0;
      });
  return callbacks;
}

Http2Client::Http2Client(SSL_CTX* context, int fd, std::string authority, std::string token,
                         Events events)
    : socket_(context, fd, false),
      authority_(std::move(authority)),
      authorization_("Bearer " + token),
      events_(std::move(events)) {
  nghttp2_session_callbacks* callbacks = MakeCallbacks();
  nghttp2_session_client_new(&session_, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_settings_entry window{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindowBytes};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &window, 1);
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindowBytes);
  socket_.Flush();
}

Http2Client::~Http2Client() { nghttp2_session_del(session_); }

ssize_t Http2Client::ReadBody(nghttp2_session*, int32_t stream, uint8_t* out, size_t length,
                              uint32_t* flags, nghttp2_data_source*, void* self) {
  std::string_view& unsent = static_cast<Http2Client*>(self)->streams_[stream].unsent;
  size_t part = std::min(length, unsent.size());
  std::memcpy(out, unsent.data(), part);
  unsent.remove_prefix(part);
  if (unsent.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(part);
}

int32_t Http2Client::Request(std::string_view method, const std::string& path,
                             std::string_view body) {
  const std::string length = std::to_string(body.size());
  std::vector<nghttp2_nv> fields = {HeaderField(":method", method),
                                    HeaderField(":scheme", "https"),
                                    HeaderField(":authority", authority_),
                                    HeaderField(":path", path),
                                    HeaderField("accept", "application/json"),
                                    HeaderField("authorization", authorization_)};
  nghttp2_data_provider provider{};
  if (!body.empty()) {
    fields.push_back(HeaderField("content-type", "application/json"));
    fields.push_back(HeaderField("content-length", length));
    provider.read_callback = ReadBody;
  }
  int32_t stream = nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(),
                                          body.empty() ? nullptr : &provider, nullptr);
  streams_[stream].unsent = body;
  return stream;
}

bool Http2Client::OnReadable() {
  plain_.clear();
  bool open = socket_.Receive(plain_);
  ssize_t used = nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(plain_.data()),
                                          plain_.size());
  return open && used >= 0;
}

bool Http2Client::Flush() {
  if (socket_.ready()) {
    pending_.clear();
    const uint8_t* data = nullptr;
    for (ssize_t size; (size = nghttp2_session_mem_send(session_, &data)) > 0;) {
      pending_.append(reinterpret_cast<const char*>(data), static_cast<size_t>(size));
    }
    if (!socket_.Send(pending_)) return false;
  }
  return socket_.Flush();
}

}  // namespace fairway::bench
