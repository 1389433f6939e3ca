#include "gateway/auth/private_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace fairway::gateway {

namespace {

tl::unexpected<Error> FileError(const char* what, const std::string& path) {
  return Fail(Error{.code = 500,
                    .reason = "InternalError",
                    .message = fmt::format("cannot {} {}: {}", what, path, std::strerror(errno))});
}

bool WriteAll(int fd, const std::string& text) {
  size_t done = 0;
  while (done < text.size()) {
    ssize_t count = write(fd, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    done += static_cast<size_t>(count);
  }
  return fsync(fd) == 0;
}

}  // namespace

Status WritePrivateFile(const std::string& path, const std::string& text) {
  std::string temporary = fmt::format("{}.{}.tmp", path, getpid());
  unlink(temporary.c_str());
  int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return FileError("create", temporary);
  bool written = WriteAll(fd, text);
  int failure = errno;
  written = close(fd) == 0 && written;
  if (written && rename(temporary.c_str(), path.c_str()) == 0) return {};
  if (failure != 0) errno = failure;
  auto error = FileError("write", path);
  unlink(temporary.c_str());
  return error;
}

Result<std::string> ReadTextFile(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) return FileError("read", path);
  return text.str();
}

bool FileExists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

Status MakePrivateDirectory(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return FileError("make the directory", path);
}

}  // namespace fairway::gateway
