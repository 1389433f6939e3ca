// Box<T>: one T on the heap with the manners of a value: copying copies the T. Used where a table
// must keep its nodes small and its rows in place while others come and go.
#pragma once

#include <memory>
#include <utility>

namespace fairway::scheduler {

template <typename T>
class Box {
 public:
  Box() : value_(std::make_unique<T>()) {}
  explicit Box(T value) : value_(std::make_unique<T>(std::move(value))) {}
  Box(const Box& other) : value_(std::make_unique<T>(*other.value_)) {}
  Box(Box&& other) noexcept = default;
  Box& operator=(const Box& other) {
    if (this != &other) value_ = std::make_unique<T>(*other.value_);
    return *this;
  }
  Box& operator=(Box&& other) noexcept = default;
  ~Box() = default;

  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return value_.get(); }
  const T* operator->() const { return value_.get(); }

 private:
  std::unique_ptr<T> value_;  // null only after a move
};

}  // namespace fairway::scheduler
