#include "tests/gateway/server/h2_client.h"

#include <algorithm>
#include <cstring>

namespace fairway::gateway {

struct H2ClientCallbacks {
  static H2Client& Self(void* user) { return *static_cast<H2Client*>(user); }

  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                      size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                      void* user) {
    auto& answer = Self(user).answers_[frame->hd.stream_id];
    std::string key(reinterpret_cast<const char*>(name), name_size);
    std::string text(reinterpret_cast<const char*>(value), value_size);
    if (key == ":status") {
      int status = std::stoi(text);
      if (status < 200) {
        answer.interim.push_back(status);
      } else {
        answer.status = status;
      }
    } else {
      answer.headers[key] = text;
    }
    return 0;
  }

  static int OnData(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t size,
                    void* user) {
    Self(user).answers_[id].body.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }

  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_GOAWAY) {
      Self(user).goaway_ = true;
      Self(user).goaway_error_ = frame->goaway.error_code;
      Self(user).goaway_last_ = frame->goaway.last_stream_id;
    }
    if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
      Self(user).ping_answered_ = true;
    }
    return 0;
  }

  static int OnClose(nghttp2_session*, int32_t id, uint32_t error, void* user) {
    Self(user).answers_[id].closed = true;
    Self(user).answers_[id].error = error;
    return 0;
  }

  static ssize_t ReadBody(nghttp2_session*, int32_t id, uint8_t* buffer, size_t length,
                          uint32_t* flags, nghttp2_data_source* source, void* user) {
    std::string& left = Self(user).bodies_[id];
    size_t count = std::min(length, left.size());
    if (count == 0 && source->ptr != nullptr) return NGHTTP2_ERR_DEFERRED;  // endless
    std::memcpy(buffer, left.data(), count);
    left.erase(0, count);
    if (left.empty() && source->ptr == nullptr) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(count);
  }
};

H2Client::H2Client(TlsClient& tls) : tls_(tls) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, H2ClientCallbacks::OnHeader);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, H2ClientCallbacks::OnData);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, H2ClientCallbacks::OnFrame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, H2ClientCallbacks::OnClose);
  nghttp2_session_client_new(&session_, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
}

H2Client::~H2Client() { nghttp2_session_del(session_); }

int32_t H2Client::Submit(const std::string& method, const std::string& path,
                         const std::string& body, const Fields& extra) {
  Fields fields = {{":method", method}, {":scheme", "https"}, {":authority", "h"}, {":path", path}};
  fields.insert(fields.end(), extra.begin(), extra.end());
  std::vector<nghttp2_nv> headers;
  for (auto& [name, value] : fields) {
    headers.push_back({reinterpret_cast<uint8_t*>(name.data()),
                       reinterpret_cast<uint8_t*>(value.data()), name.size(), value.size(), 0});
  }
  nghttp2_data_provider provider{};
  provider.read_callback = H2ClientCallbacks::ReadBody;
  int32_t id = nghttp2_submit_request(session_, nullptr, headers.data(), headers.size(),
                                      body.empty() ? nullptr : &provider, nullptr);
  bodies_[id] = body;
  answers_[id];
  return id;
}

int32_t H2Client::SubmitEndless(const std::string& path) {
  std::string names[] = {":method", "POST", ":scheme", "https", ":authority", "h", ":path", path};
  std::vector<nghttp2_nv> headers;
  for (size_t i = 0; i < std::size(names); i += 2) {
    headers.push_back({reinterpret_cast<uint8_t*>(names[i].data()),
                       reinterpret_cast<uint8_t*>(names[i + 1].data()), names[i].size(),
                       names[i + 1].size(), 0});
  }
  nghttp2_data_provider provider{};
  provider.read_callback = H2ClientCallbacks::ReadBody;
  provider.source.ptr = this;
  int32_t id =
      nghttp2_submit_request(session_, nullptr, headers.data(), headers.size(), &provider, nullptr);
  bodies_[id] = "x";
  answers_[id];
  return id;
}

void H2Client::ResetStream(int32_t id) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
}

void H2Client::Ping() { nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr); }

bool H2Client::Flush() {
  while (true) {
    const uint8_t* data = nullptr;
    ssize_t size = nghttp2_session_mem_send(session_, &data);
    if (size < 0) return false;
    if (size == 0) return true;
    if (!tls_.Write({reinterpret_cast<const char*>(data), static_cast<size_t>(size)})) return false;
  }
}

bool H2Client::Receive() {
  std::string bytes = tls_.Read();
  if (bytes.empty()) return false;
  return nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(bytes.data()),
                                  bytes.size()) >= 0;
}

const H2Client::Answer& H2Client::Wait(int32_t id) {
  Until([&] { return answers_[id].closed; });
  return answers_[id];
}

}  // namespace fairway::gateway
