#include "store/backup_manifest.h"

#include <fmt/core.h>

#include <charconv>

#include "store/sha256.h"

namespace fairway::store {
namespace {

constexpr std::string_view kFirstLine = "fairway-backup 1";
constexpr std::string_view kSeal = "sha256 ";

Error Damaged(const std::string& path, std::string_view what) {
  Error error;
  error.reason = "BackupDamaged";
  error.message = fmt::format("{} is damaged: {}", path, what);
  return error;
}

std::string_view TakeLine(std::string_view& text) {
  size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

std::string_view TakeWord(std::string_view& line) {
  size_t end = line.find(' ');
  std::string_view word = line.substr(0, end);
  line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  return word;
}

template <typename T>
bool Number(std::string_view text, T& value) {
  auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && rest == text.data() + text.size();
}

// Names come from a file that somebody may have written by hand: they must stay below their roots.
bool IsSafe(std::string_view name) {
  if (name.empty() || name.front() == '/') return false;
  for (std::string_view rest = name; !rest.empty();) {
    size_t slash = rest.find('/');
    std::string_view part = rest.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    rest = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
  }
  return true;
}

bool ReadFile(std::string_view line, BackupFile& file) {
  file.sha256 = TakeWord(line);
  bool numbers = Number(TakeWord(line), file.size) && Number(TakeWord(line), file.modified_ns);
  file.stored = TakeWord(line);
  file.name = line;
  return numbers && file.sha256.size() == 64 && IsSafe(file.stored) && IsSafe(file.name);
}

bool ReadField(std::string_view key, std::string_view value, BackupInfo& info) {
  if (key == "id") return Number(value, info.id);
  if (key == "time") return Number(value, info.at.ms);
  if (key == "revision") return Number(value, info.revision.value);
  if (key == "log-start") return Number(value, info.log_start.value);
  if (key == "bytes") return Number(value, info.bytes);
  if (key == "new-bytes") return Number(value, info.new_bytes);
  if (key == "gateway") info.gateway = value;
  if (key == "version") info.version = value;
  return key == "gateway" || key == "version";
}

}  // namespace

std::string EncodeManifest(const BackupManifest& manifest) {
  const BackupInfo& info = manifest.info;
  std::string out = fmt::format(
      "{}\nid {}\ntime {}\nrevision {}\nlog-start {}\ngateway {}\nversion {}\nbytes {}\n"
      "new-bytes {}\n",
      kFirstLine, info.id, info.at.ms, info.revision.value, info.log_start.value, info.gateway,
      info.version, info.bytes, info.new_bytes);
  for (const BackupFile& file : manifest.files) {
    out += fmt::format("file {} {} {} {} {}\n", file.sha256, file.size, file.modified_ns,
                       file.stored, file.name);
  }
  out += fmt::format("{}{}\n", kSeal, Hex(Sha256Of(out)));
  return out;
}

Result<BackupManifest> ParseManifest(std::string_view text, const std::string& path) {
  size_t seal = text.rfind(kSeal);
  if (seal == std::string_view::npos || (seal > 0 && text[seal - 1] != '\n')) {
    return Fail(Damaged(path, "its end is missing"));
  }
  std::string_view sealed = text.substr(0, seal);
  if (text.substr(seal) != fmt::format("{}{}\n", kSeal, Hex(Sha256Of(sealed)))) {
    return Fail(Damaged(path, "its checksum does not match"));
  }
  if (TakeLine(sealed) != kFirstLine) {
    return Fail(Damaged(path, "it is of a format that this Fairway does not know"));
  }
  BackupManifest manifest;
  while (!sealed.empty()) {
    std::string_view line = TakeLine(sealed);
    std::string_view rest = line;
    std::string_view key = TakeWord(rest);
    bool good = true;
    if (key == "file") {
      good = ReadFile(rest, manifest.files.emplace_back());
    } else {
      good = ReadField(key, rest, manifest.info);
    }
    if (!good) return Fail(Damaged(path, fmt::format("this line means nothing: {}", line)));
  }
  return manifest;
}

}  // namespace fairway::store
