// The store's answers to clients, and sizes used for its limits. Internal to store/.
#pragma once

#include <cstddef>
#include <string>

#include "scheduler/result.h"
#include "store/change.h"
#include "store/journal.h"

namespace fairway::store {

// 410 Expired, in Kubernetes' words: "too old resource version: 1 (608)".
Error TooOld(Revision wanted, Revision oldest);
// 503 for a journal that accepts no writes.
Error NotWritable(const Health& health);
// 429: too much waits for the disk.
Error TooMuchPending(size_t pending, size_t limit);

// 500: the data directory or the database in it cannot be used.
Error StorageProblem(std::string message);

// What `batch` adds to pending_bytes(): bodies and keys plus a flat sum per record.
size_t ChangeBytes(const Change& change);
size_t BatchBytes(const Batch& batch);

}  // namespace fairway::store
