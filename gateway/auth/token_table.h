// TokenTable: bearer tokens of a static token file, in kube-apiserver's format: one CSV line per
// token, token,user,uid[,"group1,group2"].
//
// Thread: the loop. Tokens are kept as SHA-256 digests only and compared in constant time. The file
// is looked at once a second at most and read again when it has changed; a file that is broken
// leaves the former tokens in force and is logged with its line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "gateway/api/access.h"
#include "scheduler/result.h"

namespace fairway::gateway {

class TokenTable {
 public:
  // Replaces the tokens by those of `path`, and watches it from now on. The error names the line.
  Status Load(const std::string& path);
  // A token beside the file's: the gateway's own.
  void Add(std::string_view token, api::User user);
  // nullptr when nobody has this token. Valid until the next call that is not const.
  const api::User* Find(std::string_view token) const;
  // Reads the file again if it has changed. `now_ms` is monotonic.
  void Refresh(int64_t now_ms);

 private:
  struct Entry {
    std::string digest;  // SHA-256, 32 bytes
    api::User user;
  };
  // Keyed by the digest's first bytes: they tell nothing about the token.
  using Table = std::unordered_multimap<uint64_t, Entry>;
  struct Stamp {
    int64_t modified_ns = 0;
    int64_t size = -1;
    uint64_t inode = 0;
    bool operator==(const Stamp&) const = default;
  };

  static Stamp StampOf(const std::string& path);
  static const api::User* FindIn(const Table& table, std::string_view digest);

  std::string path_;
  Stamp stamp_;
  int64_t checked_ms_ = 0;
  Table from_file_;
  Table own_;
};

}  // namespace fairway::gateway
