// UvHandle<T>: owns a libuv handle. uv_close() is asynchronous, so destruction hands the memory to
// the close callback; after destruction no callback of the handle runs.
#pragma once

#include <uv.h>

#include <memory>

namespace fairway {

template <typename T>
struct UvClose {
  void operator()(T* handle) const {
    auto* base = reinterpret_cast<uv_handle_t*>(handle);
    base->data = nullptr;
    if (uv_is_closing(base)) return;
    uv_close(base, [](uv_handle_t* h) { delete reinterpret_cast<T*>(h); });
  }
};

template <typename T>
using UvHandle = std::unique_ptr<T, UvClose<T>>;

// Allocates a zeroed handle; initialise it with uv_*_init before anything else may destroy it.
template <typename T>
UvHandle<T> MakeUvHandle() {
  return UvHandle<T>(new T{});
}

}  // namespace fairway
