// What nghttp2 calls: three-line trampolines onto Http2Session, and the way bodies leave it.
#pragma once

#include <nghttp2/nghttp2.h>

namespace fairway::gateway {

class Http2Session;

struct Http2Callbacks {
  static nghttp2_session* NewServerSession(Http2Session& owner);
  // Bodies are taken from the stream's exchange when their frame goes out, without a copy before.
  static nghttp2_data_provider DataProvider();

 private:
  static int OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* user) noexcept;
  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                      size_t name_size, const uint8_t* value, size_t value_size, uint8_t flags,
                      void* user) noexcept;
  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* user) noexcept;
  static int OnData(nghttp2_session*, uint8_t flags, int32_t id, const uint8_t* data, size_t size,
                    void* user) noexcept;
  static int OnStreamClose(nghttp2_session*, int32_t id, uint32_t error_code, void* user) noexcept;
  static ssize_t OnRead(nghttp2_session*, int32_t id, uint8_t* buffer, size_t length,
                        uint32_t* flags, nghttp2_data_source* source, void* user) noexcept;
  static int OnSendData(nghttp2_session*, nghttp2_frame* frame, const uint8_t* head, size_t length,
                        nghttp2_data_source* source, void* user) noexcept;
};

}  // namespace fairway::gateway
