// Findings about the fields of a document, in the API server's own words, and the paths that name
// the fields.
//
// Plain values; any thread. Building a FieldPath costs nothing until an error needs its text, so a
// valid document is checked without an allocation.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "clusters/kube/json.h"
#include "clusters/kube/schema/leaf.h"  // GoQuote, for callers that build messages
#include "scheduler/result.h"

namespace fairway::kube {

// One step of a path; it points at its parent, which must outlive it. A child of a temporary would
// dangle as soon as it is named, so such children cannot be made: FieldPath spec("spec"); then
// Check(doc, spec.Child("template.spec")).
class FieldPath {
 public:
  constexpr explicit FieldPath(std::string_view name) : name_(name) {}

  constexpr FieldPath Child(std::string_view name) const& { return {this, Step::kName, name, 0}; }
  constexpr FieldPath Key(std::string_view key) const& { return {this, Step::kKey, key, 0}; }
  constexpr FieldPath Index(size_t index) const& { return {this, Step::kIndex, {}, index}; }
  FieldPath Child(std::string_view name) && = delete;
  FieldPath Key(std::string_view key) && = delete;
  FieldPath Index(size_t index) && = delete;

  // spec.template.spec.containers[0].image, metadata.labels[a/b]
  std::string Text() const;

 private:
  enum class Step : uint8_t { kName, kKey, kIndex };
  constexpr FieldPath(const FieldPath* parent, Step step, std::string_view name, size_t index)
      : parent_(parent), step_(step), name_(name), index_(index) {}
  void AppendTo(std::string& out) const;

  const FieldPath* parent_ = nullptr;
  Step step_ = Step::kName;
  std::string_view name_;
  size_t index_ = 0;
};

// A list of findings in the order in which they were made. Bounded: after kFieldErrorsMax further
// ones are dropped, since a hostile document can hold any number of mistakes.
inline constexpr size_t kFieldErrorsMax = 256;

class FieldErrors {
 public:
  void Required(const FieldPath& path, std::string_view detail = {});
  // `Invalid value: <value>: detail`; texts are quoted, other values are JSON.
  void Invalid(const FieldPath& path, std::string_view value, std::string_view detail);
  void Invalid(const FieldPath& path, const char* value, std::string_view detail) {
    Invalid(path, std::string_view(value), detail);
  }
  void Invalid(const FieldPath& path, int64_t value, std::string_view detail);
  void Invalid(const FieldPath& path, const Value& value, std::string_view detail);
  void Invalid(const FieldPath& path, const Object& value, std::string_view detail);
  void Invalid(const FieldPath& path, const Array& value, std::string_view detail);
  // A value that may be absent: null then.
  void Invalid(const FieldPath& path, const Value* value, std::string_view detail);
  // One finding for each of the problems of a text (kinds/names.h).
  void InvalidAll(const FieldPath& path, std::string_view value,
                  const std::vector<std::string>& problems);
  // `Invalid value: detail`
  void InvalidOmitted(const FieldPath& path, std::string_view detail);
  void Unsupported(const FieldPath& path, std::string_view value,
                   std::initializer_list<std::string_view> supported);
  void Forbidden(const FieldPath& path, std::string_view detail);
  void Duplicate(const FieldPath& path, std::string_view value);
  void Duplicate(const FieldPath& path, int64_t value);
  void NotFound(const FieldPath& path, std::string_view value);
  void TooLong(const FieldPath& path, size_t bytes_max);
  void TooMany(const FieldPath& path, size_t count, size_t count_max);

  // Invalid, `must be greater than or equal to 0`, for a negative amount.
  void NonNegative(const FieldPath& path, int64_t value);
  // Invalid, `field is immutable`, when the two are not deeply equal; nullptr is an absent field
  // and equals null. The value shown is the new one.
  void Immutable(const FieldPath& path, const Value* value, const Value* old);

  bool empty() const { return causes_.empty(); }
  size_t size() const { return causes_.size(); }
  const std::vector<ErrorCause>& causes() const { return causes_; }
  std::vector<ErrorCause> Take() { return std::move(causes_); }

 private:
  void Add(std::string_view reason, const FieldPath& path, std::string message);
  std::vector<ErrorCause> causes_;
};

// `a: m` for one cause, `[a: m, b: n]` for more; the same text counts once.
std::string AggregateText(const std::vector<ErrorCause>& causes);

// ["a" "b"], Go's %q of a list.
std::string GoQuoteList(std::initializer_list<std::string_view> texts);

}  // namespace fairway::kube
