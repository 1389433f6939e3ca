#include "clusters/kube/watch_decoder.h"

#include <fmt/core.h>

#include <optional>

namespace fairway::kube {

namespace {

// Kept between lines so that small events do not allocate; a large one gives its memory back.
constexpr size_t kKeepCapacity = 64u << 10;
constexpr size_t kFirstArena = 4096;  // most events are built without asking for memory

Error MalformedWatch(std::string message) {
  Error error;
  error.code = 502;
  error.reason = "MalformedWatch";
  error.message = std::move(message);
  return error;
}

std::optional<WatchType> ParseType(std::string_view text) {
  if (text == "ADDED") return WatchType::kAdded;
  if (text == "MODIFIED") return WatchType::kModified;
  if (text == "DELETED") return WatchType::kDeleted;
  if (text == "BOOKMARK") return WatchType::kBookmark;
  if (text == "ERROR") return WatchType::kError;
  return std::nullopt;
}

}  // namespace

Status WatchDecoder::Feed(std::string_view piece,
                          const std::function<bool(const WatchEvent&)>& on_event) {
  while (!piece.empty() && !spent_) {
    size_t end = piece.find('\n');
    std::string_view part = piece.substr(0, end);
    if (partial_.size() + part.size() > line_bytes_max_) {
      spent_ = true;
      partial_ = std::string();
      return Fail(
          MalformedWatch(fmt::format("a watch event is longer than {} bytes", line_bytes_max_)));
    }
    if (end == std::string_view::npos) {
      partial_.append(part);
      return {};
    }
    piece.remove_prefix(end + 1);
    Status taken;
    if (partial_.empty()) {
      taken = TakeLine(part, on_event);
    } else {
      partial_.append(part);
      taken = TakeLine(partial_, on_event);
      if (partial_.capacity() > kKeepCapacity) {
        partial_ = std::string();
      } else {
        partial_.clear();
      }
    }
    if (!taken) {
      spent_ = true;
      return taken;
    }
  }
  return {};
}

Status WatchDecoder::TakeLine(std::string_view line,
                              const std::function<bool(const WatchEvent&)>& on_event) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  if (line.empty()) return {};
  unsigned char first[kFirstArena];
  MonotonicResource memory(first, sizeof first);
  auto parsed = ParsePruned(line, omit_, &memory);
  if (!parsed) return Fail(MalformedWatch("a watch event is not JSON: " + parsed.error().message));
  auto type = ParseType(GetString(*parsed, {"type"}));
  const Object* object = GetObject(*parsed, {"object"});
  if (!type || object == nullptr) {
    return Fail(
        MalformedWatch("a watch line is not an event: want {\"type\":...,\"object\":{...}}"));
  }
  if (!on_event(WatchEvent{*type, object})) spent_ = true;
  return {};
}

Status WatchDecoder::Finish() const {
  if (partial_.empty() || spent_) return {};
  return Fail(MalformedWatch("the watch ended inside an event"));
}

}  // namespace fairway::kube
