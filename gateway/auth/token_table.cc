#include "gateway/auth/token_table.h"

#include <fmt/core.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include <cstring>
#include <vector>

#include "clusters/log.h"
#include "gateway/auth/private_file.h"

namespace fairway::gateway {

namespace {

constexpr int64_t kTokenRefreshMs = 1000;

std::string Digest(std::string_view token) {
  // One context and one fetched algorithm: looking them up costs more than the hash.
  static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local EVP_MD_CTX* const context = EVP_MD_CTX_new();
  std::string digest(32, '\0');
  EVP_DigestInit_ex(context, sha256, nullptr);
  EVP_DigestUpdate(context, token.data(), token.size());
  EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(digest.data()), nullptr);
  return digest;
}

uint64_t Bucket(std::string_view digest) {
  uint64_t key = 0;
  std::memcpy(&key, digest.data(), sizeof(key));
  return key;
}

// One line of CSV with RFC 4180 quotes. False when a quote is not closed.
bool SplitCsv(std::string_view line, std::vector<std::string>& fields) {
  fields.clear();
  size_t i = 0;
  while (true) {
    while (i < line.size() && line[i] == ' ') ++i;
    std::string field;
    if (i < line.size() && line[i] == '"') {
      bool closed = false;
      for (++i; i < line.size(); ++i) {
        if (line[i] != '"') {
          field.push_back(line[i]);
        } else if (i + 1 < line.size() && line[i + 1] == '"') {
          field.push_back('"');
          ++i;
        } else {
          closed = true;
          ++i;
          break;
        }
      }
      if (!closed || (i < line.size() && line[i] != ',')) return false;
    } else {
      size_t end = std::min(line.find(',', i), line.size());
      field.assign(line.substr(i, end - i));
      i = end;
    }
    fields.push_back(std::move(field));
    if (i >= line.size()) return true;
    ++i;  // the comma
  }
}

std::vector<std::string> SplitGroups(std::string_view text) {
  std::vector<std::string> groups;
  while (!text.empty()) {
    size_t comma = std::min(text.find(','), text.size());
    std::string_view group = text.substr(0, comma);
    while (group.starts_with(' ')) group.remove_prefix(1);
    while (group.ends_with(' ')) group.remove_suffix(1);
    if (!group.empty()) groups.emplace_back(group);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return groups;
}

tl::unexpected<Error> BadLine(const std::string& path, int line, const char* what) {
  return Fail(Error{.code = 500,
                    .reason = "InternalError",
                    .message = fmt::format("{}:{}: {}; expected token,user,uid,\"group1,group2\"",
                                           path, line, what)});
}

}  // namespace

TokenTable::Stamp TokenTable::StampOf(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return {};
  return {info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec, info.st_size, info.st_ino};
}

Status TokenTable::Load(const std::string& path) {
  path_ = path;
  stamp_ = StampOf(path);
  auto text = ReadTextFile(path);
  if (!text) return Fail(text.error());
  Table table;
  std::vector<std::string> fields;
  std::string_view rest = *text;
  for (int number = 1; !rest.empty(); ++number) {
    size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    if (!SplitCsv(line, fields)) return BadLine(path, number, "a quote is not closed");
    if (fields.size() < 3) return BadLine(path, number, "fewer than three fields");
    if (fields[0].empty()) return BadLine(path, number, "the token is empty");
    if (fields[1].empty()) return BadLine(path, number, "the user is empty");
    api::User user{.name = fields[1], .uid = fields[2], .groups = {}, .extra = {}};
    if (fields.size() > 3) user.groups = SplitGroups(fields[3]);
    std::string digest = Digest(fields[0]);
    if (FindIn(table, digest) != nullptr) return BadLine(path, number, "the token is there twice");
    table.emplace(Bucket(digest), Entry{digest, std::move(user)});
  }
  from_file_ = std::move(table);
  return {};
}

void TokenTable::Add(std::string_view token, api::User user) {
  std::string digest = Digest(token);
  own_.emplace(Bucket(digest), Entry{digest, std::move(user)});
}

const api::User* TokenTable::FindIn(const Table& table, std::string_view digest) {
  auto [first, last] = table.equal_range(Bucket(digest));
  for (auto it = first; it != last; ++it) {
    if (CRYPTO_memcmp(it->second.digest.data(), digest.data(), digest.size()) == 0) {
      return &it->second.user;
    }
  }
  return nullptr;
}

const api::User* TokenTable::Find(std::string_view token) const {
  std::string digest = Digest(token);
  const api::User* user = FindIn(own_, digest);
  return user != nullptr ? user : FindIn(from_file_, digest);
}

void TokenTable::Refresh(int64_t now_ms) {
  if (path_.empty() || now_ms - checked_ms_ < kTokenRefreshMs) return;
  checked_ms_ = now_ms;
  Stamp stamp = StampOf(path_);
  if (stamp == stamp_) return;
  if (Status loaded = Load(path_); !loaded) {
    Log(LogLevel::kError, "the token file keeps its former content: {}", loaded.error().message);
  }
}

}  // namespace fairway::gateway
