// Kubernetes quantities (apimachinery, resource.Quantity): sign, decimal digits with an optional
// point, and one of three suffix families: decimal SI (n u m k M G T P E), binary SI (Ki .. Ei), or
// a decimal exponent (e3, E-3). Nothing finer than a billionth is kept: smaller parts round away
// from zero.
#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "scheduler/resources.h"

namespace fairway::scheduler {
namespace {

using Wide = unsigned __int128;

constexpr std::string_view kFormatWrong =
    "quantities must match the regular expression "
    "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
constexpr std::string_view kSuffixWrong = "unable to parse quantity's suffix";

enum class Format { kDecimalSi, kBinarySi, kDecimalExponent };

constexpr int kNanoScale = -9;
constexpr Wide kNanosPerUnit = 1'000'000'000;
// Kubernetes caps what does not fit its short form at the largest int64.
constexpr Wide kNanosMax = static_cast<Wide>(std::numeric_limits<int64_t>::max()) * kNanosPerUnit;

// A parsed quantity, as magnitude x 10^scale. `scale` is >= -9.
struct Quantity {
  bool negative = false;
  Wide magnitude = 0;
  int scale = 0;
  Format format = Format::kDecimalSi;
};

struct Parts {
  bool negative = false;
  std::string_view whole, fraction, suffix;  // `whole` without leading zeros
};

Error Wrong(std::string_view words) {
  Error error;
  error.code = 400;
  error.reason = "BadRequest";
  error.message = words;
  return error;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Takes the leading characters that satisfy `wanted` off `text`.
template <typename Predicate>
std::string_view TakeWhile(std::string_view& text, Predicate wanted) {
  size_t length = 0;
  while (length < text.size() && wanted(text[length])) ++length;
  const std::string_view taken = text.substr(0, length);
  text.remove_prefix(length);
  return taken;
}

Result<Parts> Split(std::string_view text) {
  if (text.empty()) return Fail(Wrong(kFormatWrong));
  Parts parts;
  if (text.front() == '-' || text.front() == '+') {
    parts.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  TakeWhile(text, [](char c) { return c == '0'; });
  parts.whole = TakeWhile(text, IsDigit);
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    parts.fraction = TakeWhile(text, IsDigit);
  }
  parts.suffix = text;
  constexpr std::string_view kSuffixLetters = "eEinumkKMGTP";
  TakeWhile(text, [&](char c) { return kSuffixLetters.find(c) != std::string_view::npos; });
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  TakeWhile(text, IsDigit);
  if (!text.empty()) return Fail(Wrong(kFormatWrong));
  return parts;
}

struct Suffix {
  Format format = Format::kDecimalSi;
  int exponent = 0;  // of 2 for kBinarySi, else of 10
};

struct NamedSuffix {
  std::string_view text;
  Suffix suffix;
};
constexpr std::array<NamedSuffix, 16> kSuffixes = {{
    {"", {Format::kDecimalSi, 0}},
    {"n", {Format::kDecimalSi, -9}},
    {"u", {Format::kDecimalSi, -6}},
    {"m", {Format::kDecimalSi, -3}},
    {"k", {Format::kDecimalSi, 3}},
    {"M", {Format::kDecimalSi, 6}},
    {"G", {Format::kDecimalSi, 9}},
    {"T", {Format::kDecimalSi, 12}},
    {"P", {Format::kDecimalSi, 15}},
    {"E", {Format::kDecimalSi, 18}},
    {"Ki", {Format::kBinarySi, 10}},
    {"Mi", {Format::kBinarySi, 20}},
    {"Gi", {Format::kBinarySi, 30}},
    {"Ti", {Format::kBinarySi, 40}},
    {"Pi", {Format::kBinarySi, 50}},
    {"Ei", {Format::kBinarySi, 60}},
}};

Result<Suffix> ReadSuffix(std::string_view text) {
  for (const NamedSuffix& known : kSuffixes) {
    if (known.text == text) return known.suffix;
  }
  if (text.size() < 2 || (text[0] != 'e' && text[0] != 'E')) return Fail(Wrong(kSuffixWrong));
  std::string_view digits = text.substr(1);
  if (digits.front() == '+') digits.remove_prefix(1);
  int exponent = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  if (end != digits.data() + digits.size() || digits.empty()) return Fail(Wrong(kSuffixWrong));
  if (error != std::errc()) exponent = digits.front() == '-' ? -1'000'000 : 1'000'000;
  return Suffix{Format::kDecimalExponent, std::clamp(exponent, -1'000'000, 1'000'000)};
}

// Decimal digits times 2^exponent (a multiple of 10), still as decimal digits.
std::string TimesPowerOfTwo(std::string digits, int exponent) {
  for (; exponent > 0; exponent -= 10) {
    unsigned carry = 0;
    for (size_t i = digits.size(); i-- > 0;) {
      const unsigned product = static_cast<unsigned>(digits[i] - '0') * 1024 + carry;
      digits[i] = static_cast<char>('0' + product % 10);
      carry = product / 10;
    }
    if (carry != 0) digits.insert(0, std::to_string(carry));
  }
  return digits;
}

// digits x 10^scale in billionths, rounded up and capped.
Wide ToNanos(std::string_view digits, int64_t scale) {
  const size_t first = digits.find_first_not_of('0');
  if (first == std::string_view::npos) return 0;
  digits.remove_prefix(first);
  const int64_t shift = scale - kNanoScale;  // digits x 10^shift billionths
  bool round_up = false;
  if (shift < 0) {
    const size_t cut = static_cast<size_t>(std::min<int64_t>(-shift, digits.size()));
    const std::string_view lost = digits.substr(digits.size() - cut);
    round_up = lost.find_first_not_of('0') != std::string_view::npos;
    digits.remove_suffix(cut);
  }
  const int64_t zeros = std::max<int64_t>(shift, 0);
  constexpr int64_t kDigitsMax = 28;  // of kNanosMax
  if (static_cast<int64_t>(digits.size()) + zeros > kDigitsMax) return kNanosMax;
  Wide nanos = 0;
  for (const char digit : digits) nanos = nanos * 10 + static_cast<Wide>(digit - '0');
  for (int64_t i = 0; i < zeros; ++i) nanos *= 10;
  return std::min(nanos + (round_up ? 1 : 0), kNanosMax);
}

// Up to 18 digits keep their exponent as written, also beyond int64: Kubernetes' short form.
bool HasShortForm(const Parts& parts, const Suffix& suffix) {
  constexpr size_t kShortDigitsMax = 18;
  return suffix.format != Format::kBinarySi &&
         parts.whole.size() + parts.fraction.size() <= kShortDigitsMax &&
         suffix.exponent - static_cast<int>(parts.fraction.size()) >= kNanoScale;
}

Result<Quantity> Parse(std::string_view text) {
  const Result<Parts> parts = Split(text);
  if (!parts) return Fail(parts.error());
  const Result<Suffix> suffix = ReadSuffix(parts->suffix);
  if (!suffix) return Fail(suffix.error());

  Quantity quantity;
  quantity.negative = parts->negative;
  quantity.format = suffix->format;
  std::string digits(parts->whole);
  digits += parts->fraction;
  if (HasShortForm(*parts, *suffix)) {
    for (const char digit : digits) {
      quantity.magnitude = quantity.magnitude * 10 + static_cast<Wide>(digit - '0');
    }
    quantity.scale = suffix->exponent - static_cast<int>(parts->fraction.size());
  } else {
    const bool binary = suffix->format == Format::kBinarySi;
    if (binary) digits = TimesPowerOfTwo(std::move(digits), suffix->exponent);
    const int64_t exponent = binary ? 0 : suffix->exponent;
    quantity.magnitude = ToNanos(digits, exponent - static_cast<int64_t>(parts->fraction.size()));
    quantity.scale = kNanoScale;
  }
  if (quantity.magnitude == 0) quantity.scale = 0;
  return quantity;
}

// The amount as a count of 10^unit, rounded away from zero; refused where int64 cannot hold it.
Result<int64_t> Count(const Quantity& quantity, int unit, std::string_view text) {
  const int shift = quantity.scale - unit;
  Wide count = quantity.magnitude;
  constexpr Wide kMax = static_cast<Wide>(std::numeric_limits<int64_t>::max());
  bool fits = true;
  for (int i = 0; i < shift && fits && count != 0; ++i) {
    count *= 10;
    fits = count <= kMax;
  }
  bool round_up = false;
  for (int i = shift; i < 0; ++i) {
    round_up = round_up || count % 10 != 0;
    count /= 10;
  }
  count += round_up ? 1 : 0;
  if (!fits || count > kMax) {
    return Fail(Wrong("quantity " + std::string(text.substr(0, 40)) + " is too large"));
  }
  const int64_t value = static_cast<int64_t>(count);
  return quantity.negative ? -value : value;
}

std::string Digits(Wide value) {
  std::string text;
  do {
    text.insert(text.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
    value /= 10;
  } while (value != 0);
  return text;
}

std::string_view SuffixText(Format format, int exponent) {
  for (const NamedSuffix& known : kSuffixes) {
    if (known.suffix.exponent == exponent && (known.suffix.format == format || exponent == 0)) {
      return known.text;
    }
  }
  return "";
}

// The whole amount when it has no fraction and reaches 1024: only then a binary suffix is
// canonical.
bool IsBinaryWhole(const Quantity& quantity, Wide& units) {
  if (quantity.format != Format::kBinarySi || quantity.magnitude % kNanosPerUnit != 0) return false;
  units = quantity.magnitude / kNanosPerUnit;
  return units >= 1024;
}

std::string Canonical(Quantity quantity) {
  if (quantity.magnitude == 0) return "0";
  const std::string sign = quantity.negative ? "-" : "";
  Wide units = 0;
  if (IsBinaryWhole(quantity, units)) {
    int exponent = 0;
    for (; units % 1024 == 0 && exponent < 60; exponent += 10) units /= 1024;
    return sign + Digits(units) + std::string(SuffixText(Format::kBinarySi, exponent));
  }
  while (quantity.magnitude % 10 == 0) {
    quantity.magnitude /= 10;
    ++quantity.scale;
  }
  for (; quantity.scale % 3 != 0; --quantity.scale) quantity.magnitude *= 10;
  std::string text = sign + Digits(quantity.magnitude);
  if (quantity.scale == 0) return text;
  const std::string_view suffix = SuffixText(Format::kDecimalSi, quantity.scale);
  if (quantity.format == Format::kDecimalExponent || suffix.empty()) {
    return text + "e" + std::to_string(quantity.scale);
  }
  return text.append(suffix);
}

}  // namespace

Result<int64_t> ParseQuantityMilli(std::string_view text) {
  const Result<Quantity> quantity = Parse(text);
  if (!quantity) return Fail(quantity.error());
  return Count(*quantity, -3, text);
}

Result<int64_t> ParseQuantity(std::string_view text) {
  const Result<Quantity> quantity = Parse(text);
  if (!quantity) return Fail(quantity.error());
  return Count(*quantity, 0, text);
}

Result<std::string> CanonicalQuantity(std::string_view text) {
  const Result<Quantity> quantity = Parse(text);
  if (!quantity) return Fail(quantity.error());
  return Canonical(*quantity);
}

}  // namespace fairway::scheduler
