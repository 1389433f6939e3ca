// What one read of RocksReader's holds: a lease and the read options of one moment. Private to
// store/rocks_*.cc.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "store/rocks_read.h"

namespace fairway::store {

inline Error SnapshotGone() {
  Error error;
  error.code = 410;
  error.reason = "Expired";
  error.message = "The provided continue parameter is too old: the state it belongs to is gone";
  return error;
}

struct RocksReader::View {
  View(RocksDb& owner, const Snapshot* at) : lease(owner) {
    if (lease.db() == nullptr) {
      Error error;
      error.code = 503;
      error.reason = "ServiceUnavailable";
      error.message = "the store in " + owner.path() + " is closed after an I/O error";
      error.retry_after_seconds = 5;
      status = Fail(std::move(error));
      return;
    }
    // Records carry their own checksum, and RocksDB's block checksum is checked beside it.
    options.verify_checksums = true;
    if (at == nullptr) return;
    options.snapshot = RocksDb::SnapshotOf(static_cast<const RocksSnapshot*>(at)->pin());
    if (options.snapshot == nullptr) status = Fail(SnapshotGone());
  }
  // Iterates over one family; the iterator must not outlive the view.
  std::unique_ptr<rocksdb::Iterator> Iterate(Family family) const {
    return std::unique_ptr<rocksdb::Iterator>(
        lease.db()->NewIterator(options, lease.family(family)));
  }

  RocksDb::Lease lease;
  rocksdb::ReadOptions options;
  Status status;
};

}  // namespace fairway::store
