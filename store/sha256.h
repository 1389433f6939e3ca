// SHA-256 (FIPS 180-4), for the chain of the history and the files of backups. Any thread.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace fairway::store {

using Digest = std::array<unsigned char, 32>;

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void Update(std::string_view bytes);
  // Once; the object is spent afterwards.
  Digest Finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

Digest Sha256Of(std::string_view bytes);
std::string Hex(const Digest& digest);

}  // namespace fairway::store
