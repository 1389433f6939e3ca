// RocksDB's views of bytes, and what its write batches answer.
#pragma once

#include <rocksdb/slice.h>
#include <rocksdb/status.h>

#include <string_view>

#include "scheduler/assert.h"

namespace fairway::store {

inline std::string_view AsView(const rocksdb::Slice& s) { return {s.data(), s.size()}; }
inline rocksdb::Slice AsSlice(std::string_view s) { return {s.data(), s.size()}; }

// Errors of a write batch built in memory would be errors of this program.
inline void AssertOk(const rocksdb::Status& status) { FAIRWAY_ASSERT(status.ok()); }

}  // namespace fairway::store
