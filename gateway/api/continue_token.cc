#include "gateway/api/continue_token.h"

#include <array>
#include <charconv>

namespace fairway::gateway::api {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kVersion = "f1";

std::string ToBase64Url(std::string_view bytes) {
  std::string out;
  uint32_t bits = 0;
  int have = 0;
  for (unsigned char c : bytes) {
    bits = bits << 8 | c;
    have += 8;
    while (have >= 6) {
      have -= 6;
      out += kAlphabet[bits >> have & 63];
    }
  }
  if (have > 0) out += kAlphabet[bits << (6 - have) & 63];
  return out;
}

bool FromBase64Url(std::string_view text, std::string& out) {
  uint32_t bits = 0;
  int have = 0;
  for (char c : text) {
    size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return false;
    bits = bits << 6 | static_cast<uint32_t>(value);
    have += 6;
    if (have >= 8) {
      have -= 8;
      out += static_cast<char>(bits >> have & 255);
    }
  }
  return true;
}

Error Invalid(std::string_view why) {
  return Error{400, "BadRequest", "invalid continue token: " + std::string(why)};
}

}  // namespace

std::string ContinueToken::Encode() const {
  std::string text(kVersion);
  text.append(1, '\0').append(std::to_string(revision.value));
  text.append(1, '\0').append(ns).append(1, '\0').append(name);
  return ToBase64Url(text);
}

Result<ContinueToken> ContinueToken::Decode(std::string_view text) {
  std::string bytes;
  if (!FromBase64Url(text, bytes)) return Fail(Invalid("it is not base64url"));
  std::array<std::string_view, 4> parts;
  std::string_view rest = bytes;
  for (size_t i = 0; i < parts.size(); ++i) {
    size_t zero = rest.find('\0');
    if ((zero == std::string_view::npos) != (i + 1 == parts.size())) {
      return Fail(Invalid("it was not made by this server"));
    }
    parts[i] = rest.substr(0, zero);
    if (zero != std::string_view::npos) rest.remove_prefix(zero + 1);
  }
  ContinueToken token;
  auto [end, error] =
      std::from_chars(parts[1].data(), parts[1].data() + parts[1].size(), token.revision.value);
  if (parts[0] != kVersion || error != std::errc() || end != parts[1].data() + parts[1].size()) {
    return Fail(Invalid("it was not made by this server"));
  }
  token.ns = parts[2];
  token.name = parts[3];
  return token;
}

}  // namespace fairway::gateway::api
