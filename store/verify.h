// Verification of a store that is not in use: a checkpoint just made, or a backup before it is put
// in place. Reads every record of every column family, and follows the watch log to its bodies.
#pragma once

#include <cstdint>
#include <string>

#include "scheduler/ids.h"
#include "scheduler/result.h"

namespace fairway::store {

struct StoreSummary {
  Revision last;
  Revision log_start;
  uint64_t objects = 0;
  uint64_t core_records = 0;
  uint64_t log_entries = 0;
};

// `path` is a data directory as RocksJournal::Options::path or Checkpoint() name it. Opens it for
// reading only. Blocks for as long as reading everything takes: not for the loop thread.
Result<StoreSummary> VerifyStore(const std::string& path);

struct StoreBounds {
  Revision last;       // the newest revision
  Revision log_start;  // the watch log begins after it
};
// The same for what two values say; quick.
Result<StoreBounds> ReadStoreBounds(const std::string& path);

}  // namespace fairway::store
