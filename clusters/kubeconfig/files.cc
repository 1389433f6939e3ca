#include "clusters/kubeconfig/files.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace fairway::clusters {

namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Error CannotRead(const std::string& path, std::string_view why) {
  Error error;
  error.code = 422;
  error.reason = "Invalid";
  error.message = fmt::format("cannot read {}: {}", path, why);
  return error;
}

}  // namespace

Result<std::string> ReadSmallFile(const std::string& path, size_t bytes_max) {
  // Not to hang on a FIFO that somebody names.
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return Fail(CannotRead(path, std::strerror(errno)));
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return Fail(CannotRead(path, std::strerror(errno)));
  if (!S_ISREG(status.st_mode)) return Fail(CannotRead(path, "not a regular file"));
  std::string content;
  char buffer[16 << 10];
  for (;;) {
    ssize_t got = read(file.get(), buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Fail(CannotRead(path, std::strerror(errno)));
    if (got == 0) return content;
    content.append(buffer, static_cast<size_t>(got));
    if (content.size() > bytes_max) {
      return Fail(CannotRead(path, fmt::format("larger than {} bytes", bytes_max)));
    }
  }
}

}  // namespace fairway::clusters
