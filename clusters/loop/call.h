// Call: the right to a callback. Destroying it guarantees that the callback will not run.
//
// Thread: the loop. A started operation returns a Call; its owner keeps it as a member, so that
// destruction cancels.
#pragma once

#include <functional>
#include <memory>
#include <utility>

namespace fairway {

class [[nodiscard]] Call {
 public:
  Call() = default;
  // `cancel` runs once, when the Call is destroyed or replaced before Release().
  explicit Call(std::function<void()> cancel) : cancel_(std::move(cancel)) {}
  Call(Call&& other) noexcept : cancel_(std::exchange(other.cancel_, nullptr)) {}
  Call& operator=(Call&& other) noexcept {
    if (this != &other) {
      Cancel();
      cancel_ = std::exchange(other.cancel_, nullptr);
    }
    return *this;
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() { Cancel(); }

  void Cancel() {
    if (auto cancel = std::exchange(cancel_, nullptr)) cancel();
  }
  // Lets the operation run to its end unwatched.
  void Release() { cancel_ = nullptr; }
  explicit operator bool() const { return static_cast<bool>(cancel_); }

 private:
  std::function<void()> cancel_;
};

}  // namespace fairway
