#include "clusters/kube/json_splice.h"

#include <cstring>

namespace fairway::kube {

namespace {

constexpr size_t kNone = std::string_view::npos;

// `at` is at a quote; gives where the string has ended.
size_t SkipString(std::string_view text, size_t at) {
  for (++at; at < text.size(); ++at) {
    const auto* quote =
        static_cast<const char*>(std::memchr(text.data() + at, '"', text.size() - at));
    if (quote == nullptr) return kNone;
    at = static_cast<size_t>(quote - text.data());
    size_t slashes = 0;
    while (text[at - 1 - slashes] == '\\') ++slashes;  // ends at the opening quote at the latest
    if (slashes % 2 == 0) return at + 1;
  }
  return kNone;
}

size_t SkipNested(std::string_view text, size_t at) {
  size_t depth = 0;
  while (at < text.size()) {
    switch (text[at]) {
      case '"':
        at = SkipString(text, at);
        if (at == kNone) return kNone;
        continue;
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (--depth == 0) return at + 1;
        break;
      default:
        break;
    }
    ++at;
  }
  return kNone;
}

size_t SkipValue(std::string_view text, size_t at) {
  if (at >= text.size()) return kNone;
  if (text[at] == '"') return SkipString(text, at);
  if (text[at] == '{' || text[at] == '[') return SkipNested(text, at);
  return text.find_first_of(",]}", at);
}

}  // namespace

std::optional<std::string_view> FindText(std::string_view object, std::string_view key) {
  if (object.empty() || object.front() != '{') return std::nullopt;
  size_t at = 1;
  while (at < object.size() && object[at] == '"') {
    const size_t key_end = SkipString(object, at);
    if (key_end == kNone || key_end >= object.size() || object[key_end] != ':') return std::nullopt;
    const std::string_view name = object.substr(at + 1, key_end - at - 2);
    const size_t end = SkipValue(object, key_end + 1);
    if (end == kNone || end >= object.size()) return std::nullopt;
    if (name == key) return object.substr(key_end + 1, end - key_end - 1);
    if (object[end] != ',') return std::nullopt;
    at = end + 1;
  }
  return std::nullopt;
}

namespace {

// The text of metadata.resourceVersion, quotes and all.
std::optional<std::string_view> VersionText(std::string_view object) {
  const auto metadata = FindText(object, "metadata");
  const auto version = metadata ? FindText(*metadata, "resourceVersion") : std::nullopt;
  return version && version->size() >= 2 && version->front() == '"' ? version : std::nullopt;
}

}  // namespace

bool CanSplice(std::string_view object) { return VersionText(object).has_value(); }

std::optional<std::string> SpliceStatus(std::string_view object, std::string_view resource_version,
                                        std::string_view status) {
  const auto version = VersionText(object);
  if (!version || object.back() != '}') return std::nullopt;
  const auto old = FindText(object, "status");
  std::string out;
  out.reserve(object.size() + status.size() + resource_version.size() + 16);
  size_t copied = 0;
  auto replace = [&](std::string_view part, std::string_view fresh, std::string_view quote) {
    const auto at = static_cast<size_t>(part.data() - object.data());
    out.append(object, copied, at - copied).append(quote).append(fresh).append(quote);
    copied = at + part.size();
  };
  const bool status_first = old && old->data() < version->data();
  if (status_first) replace(*old, status, "");
  replace(*version, resource_version, "\"");
  if (old && !status_first) replace(*old, status, "");
  out.append(object, copied, object.size() - copied);
  if (!old) {
    out.pop_back();
    out.append(",\"status\":").append(status).append(1, '}');
  }
  return out;
}

}  // namespace fairway::kube
