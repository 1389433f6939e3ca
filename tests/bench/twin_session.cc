#include "tests/bench/twin_session.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "tests/bench/header_field.h"

namespace fairway::bench {

TwinSession::TwinSession(SSL_CTX* context, int fd, Post post)
    : socket_(context, fd, true), post_(std::move(post)) {}

TwinSession::~TwinSession() {
  if (h2_ != nullptr) nghttp2_session_del(h2_);
}

void TwinSession::StartHttp2() {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks, [](nghttp2_session*, uint8_t, int32_t stream, const uint8_t* data, size_t length,
                    void* self) {
        std::string& request = static_cast<TwinSession*>(self)->streams_[stream].request;
        request.reserve(request.size() + length + kPadding);
        request.append(reinterpret_cast<const char*>(data), length);
        return 0;
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
        bool request = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
        if (request && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
          auto& session = *static_cast<TwinSession*>(self);
          int32_t stream = frame->hd.stream_id;
          session.post_(stream, std::move(session.streams_[stream].request));
        }
        return 0;
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      callbacks, [](nghttp2_session*, int32_t stream, uint32_t, void* self) {
        static_cast<TwinSession*>(self)->streams_.erase(stream);
        return 0;
      });
  nghttp2_session_server_new(&h2_, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1000},
                                       {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20}};
  nghttp2_submit_settings(h2_, NGHTTP2_FLAG_NONE, settings, 2);
  nghttp2_session_set_local_window_size(h2_, NGHTTP2_FLAG_NONE, 0, 16 << 20);
}

bool TwinSession::OnReadable() {
  if (!socket_.Receive(plain_)) return false;
  if (!socket_.ready()) return true;
  if (!chosen_) {
    chosen_ = true;
    if (socket_.protocol() == "h2") StartHttp2();
  }
  if (h2_ == nullptr) return TakeHttp1();
  ssize_t used =
      nghttp2_session_mem_recv(h2_, reinterpret_cast<const uint8_t*>(plain_.data()), plain_.size());
  plain_.clear();
  return used >= 0;
}

bool TwinSession::TakeHttp1() {
  for (;;) {
    size_t end = plain_.find("\r\n\r\n");
    if (end == std::string::npos) return plain_.size() < 16384;
    const char* found = strcasestr(plain_.c_str(), "\r\ncontent-length:");
    if (found == nullptr || found > plain_.c_str() + end) return false;
    size_t size = std::strtoul(found + 17, nullptr, 10);
    if (plain_.size() < end + 4 + size) return true;
    std::string body;
    body.reserve(size + kPadding);
    body.assign(plain_, end + 4, size);
    plain_.erase(0, end + 4 + size);
    post_(0, std::move(body));
  }
}

ssize_t TwinSession::ReadAnswer(nghttp2_session*, int32_t id, uint8_t* out, size_t length,
                                uint32_t* flags, nghttp2_data_source*, void* self) {
  Stream& stream = static_cast<TwinSession*>(self)->streams_[id];
  size_t part = std::min(length, stream.answer->size() - stream.sent);
  std::memcpy(out, stream.answer->data() + stream.sent, part);
  stream.sent += part;
  if (stream.sent == stream.answer->size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(part);
}

void TwinSession::Answer(int32_t stream, int status, std::shared_ptr<std::string> body) {
  const std::string length = std::to_string(body->size());
  const std::string code = std::to_string(status);
  if (h2_ == nullptr) {
    pending_.append("HTTP/1.1 ").append(code).append(" Answer\r\nContent-Type: application/json");
    pending_.append("\r\nContent-Length: ").append(length).append("\r\n\r\n").append(*body);
    return;
  }
  nghttp2_nv fields[] = {HeaderField(":status", code),
                         HeaderField("content-type", "application/json"),
                         HeaderField("content-length", length)};
  nghttp2_data_provider provider{};
  provider.read_callback = ReadAnswer;
  streams_[stream].answer = std::move(body);
  nghttp2_submit_response(h2_, stream, fields, 3, &provider);
}

bool TwinSession::Flush() {
  if (h2_ != nullptr) {
    const uint8_t* data = nullptr;
    for (ssize_t size; (size = nghttp2_session_mem_send(h2_, &data)) > 0;) {
      pending_.append(reinterpret_cast<const char*>(data), static_cast<size_t>(size));
    }
  }
  if (!pending_.empty() && !socket_.Send(pending_)) return false;
  pending_.clear();
  return socket_.Flush();
}

}  // namespace fairway::bench
