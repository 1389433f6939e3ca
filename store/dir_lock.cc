#include "store/dir_lock.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "store/errors.h"

namespace fairway::store {
namespace {

// The holder writes its process id at the start of the file.
std::string Holder(int fd) {
  char text[32] = {};
  ssize_t n = ::pread(fd, text, sizeof(text) - 1, 0);
  std::string pid(text, n > 0 ? static_cast<size_t>(n) : 0);
  while (!pid.empty() && pid.back() == '\n') pid.pop_back();
  return pid.empty() ? "another process" : "process " + pid;
}

}  // namespace

Result<std::unique_ptr<DirLock>> DirLock::Take(const std::string& dir) {
  std::error_code failed;
  std::filesystem::create_directories(dir, failed);
  if (failed) {
    return Fail(StorageProblem(
        fmt::format("cannot create the data directory {}: {}", dir, failed.message())));
  }
  std::string path = dir + "/owner";
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return Fail(StorageProblem(fmt::format("cannot open {}: {}", path, std::strerror(errno))));
  }
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    int reason = errno;
    std::string holder = Holder(fd);
    ::close(fd);
    if (reason == EWOULDBLOCK) {
      return Fail(StorageProblem(
          fmt::format("the data directory {} is in use by {}: stop it, or choose another directory",
                      dir, holder)));
    }
    return Fail(StorageProblem(fmt::format("cannot lock {}: {}", path, std::strerror(reason))));
  }
  // The name is a courtesy to whoever is turned away: on a full disk the lock alone must do.
  std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(fd, 0) == 0) (void)!::pwrite(fd, pid.data(), pid.size(), 0);
  return std::unique_ptr<DirLock>(new DirLock(fd));
}

DirLock::~DirLock() { ::close(fd_); }

}  // namespace fairway::store
