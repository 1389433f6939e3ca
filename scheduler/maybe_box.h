// MaybeBox<T>: nothing, or one T on the heap with the manners of a value. One pointer where there
// is nothing, so that what few rows have costs the others eight bytes.
#pragma once

#include <memory>
#include <utility>

namespace fairway::scheduler {

template <typename T>
class MaybeBox {
 public:
  MaybeBox() = default;
  explicit MaybeBox(T value) : value_(std::make_unique<T>(std::move(value))) {}
  MaybeBox(const MaybeBox& other)
      : value_(other.value_ ? std::make_unique<T>(*other.value_) : nullptr) {}
  MaybeBox(MaybeBox&& other) noexcept = default;
  MaybeBox& operator=(const MaybeBox& other) {
    if (this == &other) return *this;
    if (value_ && other.value_) {
      *value_ = *other.value_;
    } else {
      value_ = other.value_ ? std::make_unique<T>(*other.value_) : nullptr;
    }
    return *this;
  }
  MaybeBox& operator=(MaybeBox&& other) noexcept = default;
  ~MaybeBox() = default;

  explicit operator bool() const { return static_cast<bool>(value_); }
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return value_.get(); }
  const T* operator->() const { return value_.get(); }
  // The value, made from nothing when there is none.
  T& Make() {
    if (!value_) value_ = std::make_unique<T>();
    return *value_;
  }
  void Reset() { value_.reset(); }

  bool operator==(const MaybeBox& other) const {
    return value_ && other.value_ ? *value_ == *other.value_ : !value_ == !other.value_;
  }

 private:
  std::unique_ptr<T> value_;
};

}  // namespace fairway::scheduler
