// A trace of this gateway: its clusters and queues as they are, and the Jobs that are stored, with
// the times of their submission and how long they ran.
#pragma once

#include <atomic>
#include <string>

#include "gateway/whatif/snapshot.h"

namespace fairway::gateway {

inline constexpr size_t kRecordJobsMax = 100'000;
inline constexpr size_t kRecordBytesMax = size_t{256} << 20;

// Any thread. 422 when the stored Jobs are more than a trace may hold.
Result<std::string> RecordTrace(store::RocksJournal& journal, const store::Snapshot& at,
                                const LiveFacts& facts, Instant now,
                                const std::atomic<bool>& cancelled);

}  // namespace fairway::gateway
