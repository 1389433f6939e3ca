#include "clusters/kube/schema/yaml_scalar.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <optional>
#include <string>

#include "clusters/kube/schema/leaf.h"

namespace fairway::kube {
namespace {

constexpr std::string_view kTrue[] = {"y",    "Y",    "yes", "Yes", "YES", "true",
                                      "True", "TRUE", "on",  "On",  "ON"};
constexpr std::string_view kFalse[] = {"n",     "N",     "no",  "No",  "NO", "false",
                                       "False", "FALSE", "off", "Off", "OFF"};
constexpr std::string_view kNull[] = {"", "~", "null", "Null", "NULL"};
constexpr std::string_view kNotJson[] = {".nan",  ".NaN",  ".NAN",  ".inf",  ".Inf",  ".INF",
                                         "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"};

template <size_t N>
bool Among(std::string_view text, const std::string_view (&list)[N]) {
  return std::find(std::begin(list), std::end(list), text) != std::end(list);
}

// The digits of an integer in its base, without sign and prefix; nothing where the text is none.
std::optional<uint64_t> Magnitude(std::string_view digits) {
  int base = 10;
  if (digits.size() > 1 && digits[0] == '0') {
    const char mark = static_cast<char>(digits[1] | 0x20);
    base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
    digits.remove_prefix(mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1);
  }
  uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  return value;
}

bool ResolveInteger(std::string_view text, Value& out) {
  const bool negative = text[0] == '-';
  if (negative || text[0] == '+') text.remove_prefix(1);
  const std::optional<uint64_t> magnitude = Magnitude(text);
  if (!magnitude) return false;
  constexpr uint64_t kHalf = uint64_t{1} << 63;
  if (negative) {
    if (*magnitude > kHalf) return false;
    out = static_cast<int64_t>(0 - *magnitude);
  } else if (*magnitude < kHalf) {
    out = static_cast<int64_t>(*magnitude);
  } else {
    out = *magnitude;
  }
  return true;
}

// [-+]?[0-9]*\.?[0-9]+([eE][-+][0-9]+)? or with nothing behind the point.
bool HasFloatShape(std::string_view text) {
  size_t i = text[0] == '-' || text[0] == '+' ? 1 : 0;
  const auto digits = [&] {
    const size_t begin = i;
    while (i < text.size() && IsDigit(text[i])) ++i;
    return i - begin;
  };
  const size_t whole = digits();
  size_t fraction = 0;
  if (i < text.size() && text[i] == '.') {
    ++i;
    fraction = digits();
  }
  if (whole + fraction == 0) return false;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    if (digits() == 0) return false;
  }
  return i == text.size();
}

bool ResolveFloat(std::string_view text, Value& out) {
  if (!HasFloatShape(text)) return false;
  if (text[0] == '+') text.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !std::isfinite(number)) return false;
  // JSON has one kind of number: what is whole is written as an integer.
  constexpr double kWholeMax = 9007199254740992.0;  // 2^53: exact in both forms
  if (number == std::floor(number) && std::fabs(number) <= kWholeMax) {
    out = static_cast<int64_t>(number);
  } else {
    out = number;
  }
  return true;
}

}  // namespace

bool ResolvePlainScalar(std::string_view text, Value& out) {
  if (Among(text, kNull)) {
    out.emplace_null();
    return true;
  }
  if (Among(text, kTrue) || Among(text, kFalse)) {
    out = Among(text, kTrue);
    return true;
  }
  if (Among(text, kNotJson)) return false;
  const char first = text[0];
  if (IsDigit(first) || first == '-' || first == '+' || first == '.') {
    std::string plain(text);
    plain.erase(std::remove(plain.begin(), plain.end(), '_'), plain.end());
    if (plain.size() > 1 || IsDigit(first)) {
      if (ResolveInteger(plain, out) || ResolveFloat(plain, out)) return true;
    }
  }
  out.emplace_string().assign(text.data(), text.size());
  return true;
}

}  // namespace fairway::kube
