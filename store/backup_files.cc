#include "store/backup_files.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "store/sha256.h"

namespace fairway::store {
namespace {

constexpr size_t kPiece = 1u << 20;

class File {
 public:
  File(const std::string& path, int flags, mode_t mode = 0600)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  int fd_;
};

Error SystemError(std::string_view doing, const std::string& path) {
  return BackupProblem(fmt::format("cannot {} {}: {}", doing, path, std::strerror(errno)));
}

bool WriteAll(int fd, const char* data, size_t size) {
  while (size > 0) {
    ssize_t n = ::write(fd, data, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    data += n;
    size -= static_cast<size_t>(n);
  }
  return true;
}

// Reads all of `from`; `to` may be null.
Result<CopiedFile> Run(const std::string& from, const File* to, const std::string& to_path,
                       const Cancelled& cancelled) {
  File in(from, O_RDONLY);
  if (!in.open()) return Fail(SystemError("open", from));
  std::vector<char> piece(kPiece);
  Sha256 sum;
  CopiedFile done;
  for (;;) {
    if (cancelled && cancelled()) return Fail(BackupProblem("cancelled"));
    ssize_t n = ::read(in.fd(), piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Fail(SystemError("read", from));
    if (n == 0) break;
    auto size = static_cast<size_t>(n);
    sum.Update({piece.data(), size});
    if (to != nullptr && !WriteAll(to->fd(), piece.data(), size)) {
      return Fail(SystemError("write", to_path));
    }
    done.size += size;
  }
  done.sha256 = Hex(sum.Finish());
  return done;
}

}  // namespace

Error BackupProblem(std::string message) {
  Error error;
  error.reason = "BackupFailed";
  error.message = std::move(message);
  return error;
}

Result<CopiedFile> CopyFile(const std::string& from, const std::string& to,
                            const Cancelled& cancelled) {
  Result<CopiedFile> done = CopiedFile{};
  {
    File out(to, O_WRONLY | O_CREAT | O_TRUNC);
    if (!out.open()) return Fail(SystemError("create", to));
    done = Run(from, &out, to, cancelled);
    if (done && ::fsync(out.fd()) != 0) done = Fail(SystemError("sync", to));
  }
  if (!done) ::unlink(to.c_str());
  return done;
}

Result<CopiedFile> SumFile(const std::string& path, const Cancelled& cancelled) {
  return Run(path, nullptr, "", cancelled);
}

Status WriteWhole(const std::string& path, const std::string& text) {
  std::string beside = path + ".tmp";
  {
    File out(beside, O_WRONLY | O_CREAT | O_TRUNC);
    if (!out.open()) return Fail(SystemError("create", beside));
    if (!WriteAll(out.fd(), text.data(), text.size()) || ::fsync(out.fd()) != 0) {
      return Fail(SystemError("write", beside));
    }
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) return Fail(SystemError("rename", beside));
  size_t slash = path.rfind('/');
  return SyncDirectory(slash == std::string::npos ? "." : path.substr(0, slash));
}

Result<std::string> ReadWhole(const std::string& path) {
  File in(path, O_RDONLY);
  if (!in.open()) return Fail(SystemError("open", path));
  std::string text;
  std::vector<char> piece(64u << 10);
  for (;;) {
    ssize_t n = ::read(in.fd(), piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Fail(SystemError("read", path));
    if (n == 0) return text;
    text.append(piece.data(), static_cast<size_t>(n));
  }
}

Status SyncDirectory(const std::string& path) {
  File directory(path, O_RDONLY | O_DIRECTORY);
  if (!directory.open() || ::fsync(directory.fd()) != 0) {
    return Fail(SystemError("sync the directory", path));
  }
  return {};
}

}  // namespace fairway::store
