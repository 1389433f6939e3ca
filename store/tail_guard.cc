#include "store/tail_guard.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "store/crc32c.h"

namespace fairway::store {
namespace {
// Revision, little endian, then CRC-32C of it.
constexpr size_t kBytes = 12;

std::string Encode(Revision revision) {
  std::string out;
  for (int shift = 0; shift < 64; shift += 8) {
    out.push_back(static_cast<char>(revision.value >> shift));
  }
  uint32_t crc = Crc32c(out);
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(crc >> shift));
  return out;
}

}  // namespace

Result<std::unique_ptr<TailGuard>> TailGuard::Open(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    Error error;
    error.reason = "InternalError";
    error.message = fmt::format("cannot open {}: {}", path, std::strerror(errno));
    return Fail(std::move(error));
  }
  std::unique_ptr<TailGuard> guard(new TailGuard(fd));
  std::string bytes(kBytes, '\0');
  if (::pread(fd, bytes.data(), kBytes, 0) == static_cast<ssize_t>(kBytes)) {
    Revision revision;
    for (size_t i = 0; i < 8; ++i) {
      revision.value |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[i])) << (8 * i);
    }
    if (Encode(revision) == bytes) guard->found_ = revision;
  }
  return guard;
}

TailGuard::~TailGuard() { ::close(fd_); }

void TailGuard::Note(Revision durable) {
  std::string bytes = Encode(durable);
  (void)!::pwrite(fd_, bytes.data(), bytes.size(), 0);
}

}  // namespace fairway::store
