// File work of backups: copies with a checksum, whole or not at all. Blocking; any thread but the
// loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "scheduler/result.h"

namespace fairway::store {

// Asked between pieces of work; true ends it with the error "Cancelled".
using Cancelled = std::function<bool()>;

struct CopiedFile {
  uint64_t size = 0;
  std::string sha256;
};

// Copies `from` to the new file `to` and syncs it.
Result<CopiedFile> CopyFile(const std::string& from, const std::string& to,
                            const Cancelled& cancelled);
// Reads and sums a file.
Result<CopiedFile> SumFile(const std::string& path, const Cancelled& cancelled);
// Writes beside it, syncs, and puts it in place at once.
Status WriteWhole(const std::string& path, const std::string& text);
Result<std::string> ReadWhole(const std::string& path);
Status SyncDirectory(const std::string& path);

Error BackupProblem(std::string message);

}  // namespace fairway::store
