#include "clusters/kube/field_errors.h"

#include <algorithm>

namespace fairway::kube {
namespace {

bool IsStringMap(const Object& object) {
  return !object.empty() && std::all_of(object.begin(), object.end(), [](const auto& member) {
    return member.value().is_string();
  });
}

// Go writes maps in key order and structs in the order of their fields. Documents are kept in the
// client's order; objects that hold only texts (labels, matchLabels) are the maps among them.
void AppendGoJson(const Value& value, std::string& out) {
  if (value.is_array()) {
    out += '[';
    bool first = true;
    for (const Value& item : value.get_array()) {
      if (!first) out += ',';
      first = false;
      AppendGoJson(item, out);
    }
    out += ']';
    return;
  }
  if (!value.is_object()) {
    AppendJson(value, out);
    return;
  }
  const Object& object = value.get_object();
  std::vector<const Object::value_type*> members;
  members.reserve(object.size());
  for (const auto& member : object) members.push_back(&member);
  if (IsStringMap(object)) {
    std::sort(members.begin(), members.end(),
              [](const auto* a, const auto* b) { return a->key() < b->key(); });
  }
  out += '{';
  for (const auto* member : members) {
    if (member != members.front()) out += ',';
    AppendJsonString(member->key(), out);
    out += ':';
    AppendGoJson(member->value(), out);
  }
  out += '}';
}

std::string WithDetail(std::string text, std::string_view detail) {
  if (!detail.empty()) {
    text += ": ";
    text += detail;
  }
  return text;
}

}  // namespace

std::string FieldPath::Text() const {
  std::string out;
  AppendTo(out);
  return out;
}

void FieldPath::AppendTo(std::string& out) const {
  if (parent_ != nullptr) parent_->AppendTo(out);
  switch (step_) {
    case Step::kName:
      if (!out.empty()) out += '.';
      out += name_;
      break;
    case Step::kKey:
      out += '[';
      out += name_;
      out += ']';
      break;
    case Step::kIndex:
      out += '[';
      out += std::to_string(index_);
      out += ']';
      break;
  }
}

void FieldErrors::Add(std::string_view reason, const FieldPath& path, std::string message) {
  if (causes_.size() >= kFieldErrorsMax) return;
  causes_.push_back({std::string(reason), std::move(message), path.Text()});
}

void FieldErrors::Required(const FieldPath& path, std::string_view detail) {
  Add("FieldValueRequired", path, WithDetail("Required value", detail));
}

void FieldErrors::Invalid(const FieldPath& path, std::string_view value, std::string_view detail) {
  Add("FieldValueInvalid", path, WithDetail("Invalid value: " + GoQuote(value), detail));
}

void FieldErrors::Invalid(const FieldPath& path, int64_t value, std::string_view detail) {
  Add("FieldValueInvalid", path, WithDetail("Invalid value: " + std::to_string(value), detail));
}

void FieldErrors::Invalid(const FieldPath& path, const Value& value, std::string_view detail) {
  if (value.is_string()) return Invalid(path, std::string_view(value.get_string()), detail);
  std::string text = "Invalid value: ";
  AppendGoJson(value, text);
  Add("FieldValueInvalid", path, WithDetail(std::move(text), detail));
}

void FieldErrors::Invalid(const FieldPath& path, const Object& value, std::string_view detail) {
  Invalid(path, Value(value), detail);
}

void FieldErrors::Invalid(const FieldPath& path, const Array& value, std::string_view detail) {
  Invalid(path, Value(value), detail);
}

void FieldErrors::Invalid(const FieldPath& path, const Value* value, std::string_view detail) {
  static const Value null;
  Invalid(path, value == nullptr ? null : *value, detail);
}

void FieldErrors::InvalidAll(const FieldPath& path, std::string_view value,
                             const std::vector<std::string>& problems) {
  for (const std::string& problem : problems) Invalid(path, value, problem);
}

void FieldErrors::InvalidOmitted(const FieldPath& path, std::string_view detail) {
  Add("FieldValueInvalid", path, WithDetail("Invalid value", detail));
}

void FieldErrors::Unsupported(const FieldPath& path, std::string_view value,
                              std::initializer_list<std::string_view> supported) {
  std::string text = "Unsupported value: " + GoQuote(value);
  const char* separator = ": supported values: ";
  for (std::string_view each : supported) {
    text += separator;
    text += GoQuote(each);
    separator = ", ";
  }
  Add("FieldValueNotSupported", path, std::move(text));
}

void FieldErrors::Forbidden(const FieldPath& path, std::string_view detail) {
  Add("FieldValueForbidden", path, WithDetail("Forbidden", detail));
}

void FieldErrors::Duplicate(const FieldPath& path, std::string_view value) {
  Add("FieldValueDuplicate", path, "Duplicate value: " + GoQuote(value));
}

void FieldErrors::Duplicate(const FieldPath& path, int64_t value) {
  Add("FieldValueDuplicate", path, "Duplicate value: " + std::to_string(value));
}

void FieldErrors::NotFound(const FieldPath& path, std::string_view value) {
  Add("FieldValueNotFound", path, "Not found: " + GoQuote(value));
}

void FieldErrors::TooLong(const FieldPath& path, size_t bytes_max) {
  Add("FieldValueTooLong", path,
      "Too long: may not be more than " + std::to_string(bytes_max) + " bytes");
}

void FieldErrors::TooMany(const FieldPath& path, size_t count, size_t count_max) {
  Add("FieldValueTooMany", path,
      "Too many: " + std::to_string(count) + ": must have at most " + std::to_string(count_max) +
          (count_max == 1 ? " item" : " items"));
}

void FieldErrors::NonNegative(const FieldPath& path, int64_t value) {
  if (value < 0) Invalid(path, value, "must be greater than or equal to 0");
}

void FieldErrors::Immutable(const FieldPath& path, const Value* value, const Value* old) {
  const bool unset = value == nullptr || value->is_null();
  const bool old_unset = old == nullptr || old->is_null();
  if (unset && old_unset) return;
  if (!unset && !old_unset && Equal(*value, *old)) return;
  Invalid(path, value, "field is immutable");
}

std::string AggregateText(const std::vector<ErrorCause>& causes) {
  std::vector<std::string> texts;
  for (const ErrorCause& cause : causes) {
    std::string text = cause.field + ": " + cause.message;
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(text);
  }
  if (texts.empty()) return {};
  if (texts.size() == 1) return texts.front();
  std::string out = "[";
  for (const std::string& text : texts) {
    if (out.size() > 1) out += ", ";
    out += text;
  }
  return out + "]";
}

std::string GoQuoteList(std::initializer_list<std::string_view> texts) {
  std::string out = "[";
  for (std::string_view text : texts) {
    if (out.size() > 1) out += ' ';
    out += GoQuote(text);
  }
  return out + "]";
}

}  // namespace fairway::kube
