#include "clusters/kube/schema/leaf.h"

#include <array>
#include <limits>

#include "clusters/kube/errors.h"

namespace fairway::kube {
namespace {

constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kNotBase64 = 0xff;

constexpr std::array<uint8_t, 256> MakeBase64Table() {
  std::array<uint8_t, 256> table{};
  for (auto& entry : table) entry = kNotBase64;
  for (uint8_t i = 0; i < 64; ++i) table[static_cast<uint8_t>(kBase64[i])] = i;
  return table;
}
constexpr std::array<uint8_t, 256> kBase64Table = MakeBase64Table();

uint8_t Sextet(char c) { return kBase64Table[static_cast<uint8_t>(c)]; }

Error CorruptBase64(size_t at) {
  return BadRequest("illegal base64 data at input byte " + std::to_string(at));
}

struct DurationUnit {
  std::string_view name;
  int64_t nanos;
};
constexpr DurationUnit kDurationUnits[] = {
    {"ns", 1},         {"us", 1000},         {"\xc2\xb5s", 1000},   {"\xce\xbcs", 1000},
    {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000},
};

// One "1.5h" of a duration; false when it is malformed or too large.
bool TakeDurationPart(std::string_view& rest, __int128& total) {
  __int128 whole = 0, fraction = 0, scale = 1;
  size_t digits = 0;
  for (; !rest.empty() && IsDigit(rest[0]); rest.remove_prefix(1), ++digits) {
    whole = whole * 10 + (rest[0] - '0');
    if (whole > std::numeric_limits<int64_t>::max()) return false;
  }
  if (!rest.empty() && rest[0] == '.') {
    for (rest.remove_prefix(1); !rest.empty() && IsDigit(rest[0]);
         rest.remove_prefix(1), ++digits) {
      if (scale < 1'000'000'000'000'000) {
        fraction = fraction * 10 + (rest[0] - '0');
        scale *= 10;
      }
    }
  }
  if (digits == 0) return false;
  size_t length = 0;
  while (length < rest.size() && rest[length] != '.' && !IsDigit(rest[length])) ++length;
  for (const DurationUnit& unit : kDurationUnits) {
    if (unit.name != rest.substr(0, length)) continue;
    rest.remove_prefix(length);
    total += whole * unit.nanos + fraction * unit.nanos / scale;
    return total <= std::numeric_limits<int64_t>::max();
  }
  return false;
}

// "1.5" of 1500 with three digits after the point, without trailing zeros.
std::string Decimal(uint64_t value, int digits) {
  std::string fraction;
  for (int i = 0; i < digits; ++i, value /= 10) {
    if (value % 10 != 0 || !fraction.empty()) {
      fraction.insert(fraction.begin(), static_cast<char>('0' + value % 10));
    }
  }
  std::string out = std::to_string(value);
  return fraction.empty() ? out : out + "." + fraction;
}

}  // namespace

Result<int64_t> ParseDuration(std::string_view text) {
  std::string_view rest = text;
  const bool negative = !rest.empty() && rest[0] == '-';
  if (negative || (!rest.empty() && rest[0] == '+')) rest.remove_prefix(1);
  if (rest == "0") return 0;
  __int128 total = 0;
  bool good = !rest.empty();
  while (good && !rest.empty()) good = TakeDurationPart(rest, total);
  if (!good) return Fail(BadRequest("time: invalid duration " + GoQuote(text)));
  return static_cast<int64_t>(negative ? -total : total);
}

std::string FormatDuration(int64_t nanoseconds) {
  if (nanoseconds == 0) return "0s";
  const bool negative = nanoseconds < 0;
  const uint64_t n =
      negative ? 0 - static_cast<uint64_t>(nanoseconds) : static_cast<uint64_t>(nanoseconds);
  const std::string sign = negative ? "-" : "";
  if (n < 1000) return sign + std::to_string(n) + "ns";
  if (n < 1'000'000) return sign + Decimal(n, 3) + "\xc2\xb5s";
  if (n < 1'000'000'000) return sign + Decimal(n, 6) + "ms";
  constexpr uint64_t kMinute = 60'000'000'000;
  const uint64_t minutes = n / kMinute;
  std::string out = sign;
  if (minutes >= 60) out += std::to_string(minutes / 60) + "h";
  if (minutes > 0) out += std::to_string(minutes % 60) + "m";
  return out + Decimal(n % kMinute, 9) + "s";
}

bool IsSimpleQuantity(std::string_view text) {
  if (text == "0") return true;
  size_t digits = 0;
  uint64_t value = 0;
  for (; digits < text.size() && IsDigit(text[digits]); ++digits) {
    value = value * 10 + static_cast<uint64_t>(text[digits] - '0');
  }
  if (digits == 0 || digits > 15 || text[0] == '0') return false;
  const std::string_view suffix = text.substr(digits);
  if (suffix.empty()) return value % 1000 != 0;
  if (suffix == "m") return value % 1000 != 0;
  return (suffix == "Ki" || suffix == "Mi" || suffix == "Gi") && value % 1024 != 0 && digits < 9;
}

Result<std::string> DecodeBase64(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 4 * 3 + 3);
  uint32_t group = 0;
  int filled = 0;
  int padding = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n' || c == '\r') continue;
    if (c == '=') {
      if (filled + padding < 2 || filled + padding > 3) return Fail(CorruptBase64(i));
      ++padding;
      continue;
    }
    const uint8_t sextet = Sextet(c);
    if (sextet == kNotBase64 || padding > 0) return Fail(CorruptBase64(i));
    group = group << 6 | sextet;
    if (++filled < 4) continue;
    out += static_cast<char>(group >> 16);
    out += static_cast<char>(group >> 8);
    out += static_cast<char>(group);
    group = 0;
    filled = 0;
  }
  if (filled == 0 && padding == 0) return out;
  if (filled + padding != 4) {
    return Fail(
        CorruptBase64(padding > 0 ? text.size() : text.size() - static_cast<size_t>(filled)));
  }
  if (filled == 2) {
    out += static_cast<char>(group >> 4);
  } else {
    out += static_cast<char>(group >> 10);
    out += static_cast<char>(group >> 2);
  }
  return out;
}

std::string EncodeBase64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](size_t k) -> uint32_t {
      return k < bytes.size() ? static_cast<uint8_t>(bytes[k]) : 0;
    };
    const uint32_t group = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    out += kBase64[group >> 18];
    out += kBase64[group >> 12 & 63];
    out += i + 1 < bytes.size() ? kBase64[group >> 6 & 63] : '=';
    out += i + 2 < bytes.size() ? kBase64[group & 63] : '=';
  }
  return out;
}

bool IsCanonicalBase64(std::string_view text) {
  if (text.size() % 4 != 0) return false;
  if (text.empty()) return true;
  size_t end = text.size();
  if (text[end - 1] == '=') end -= text[end - 2] == '=' ? 2 : 1;
  for (size_t i = 0; i < end; ++i) {
    if (Sextet(text[i]) == kNotBase64) return false;
  }
  // The bits that padding leaves over must be zero.
  const size_t padding = text.size() - end;
  const uint8_t left_over = padding == 0 ? 0 : padding == 1 ? 3 : 15;
  return (Sextet(text[end - 1]) & left_over) == 0;
}

bool IsUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto at = [&](size_t k) { return static_cast<uint8_t>(text[k]); };
    const uint8_t lead = at(i);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || i + more >= text.size()) return false;
    for (size_t k = 1; k <= more; ++k) {
      if ((at(i + k) & 0xc0) != 0x80) return false;
    }
    if (lead == 0xe0 && at(i + 1) < 0xa0) return false;
    if (lead == 0xed && at(i + 1) > 0x9f) return false;
    if (lead == 0xf0 && at(i + 1) < 0x90) return false;
    if (lead == 0xf4 && at(i + 1) > 0x8f) return false;
    i += more + 1;
  }
  return true;
}

std::string GoQuote(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out += '"';
}

}  // namespace fairway::kube
