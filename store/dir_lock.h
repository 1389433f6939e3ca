// DirLock: one process at a time in a data directory. Held by an operating-system lock on the file
// `owner`, so that it ends with the process however that ends; the file names the holder.
#pragma once

#include <memory>
#include <string>

#include "scheduler/result.h"

namespace fairway::store {

class DirLock {
 public:
  // Creates `dir` when missing. Fails with who holds it when it is taken.
  static Result<std::unique_ptr<DirLock>> Take(const std::string& dir);
  ~DirLock();
  DirLock(const DirLock&) = delete;
  DirLock& operator=(const DirLock&) = delete;

 private:
  explicit DirLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace fairway::store
