// HistoryChain: where the chain of transitions stands, for the writer thread. A copy is moved along
// while a write is prepared and kept once the write has succeeded, so that a write that is repeated
// makes the same links again.
//
// Thread: the writer's, after Load().
#pragma once

#include <rocksdb/write_batch.h>

#include <string>
#include <vector>

#include "store/history.h"
#include "store/rocks_db.h"
#include "store/rocks_read.h"

namespace fairway::store {

class HistoryChain {
 public:
  static Result<HistoryChain> Load(RocksReader& reader);

  // Puts the links of `transitions` into `out`. The head goes in with PutHead.
  void Add(const std::vector<std::string>& transitions, const RocksDb::Lease& lease,
           rocksdb::WriteBatch& out);
  void PutHead(const RocksDb::Lease& lease, rocksdb::WriteBatch& out) const;
  // Drops what is beyond `keep` links or older than `since`, at most some thousands at once. Reads
  // the chain as it is on disk.
  void Trim(uint64_t keep, Instant since, const RocksDb::Lease& lease, rocksdb::WriteBatch& out);

 private:
  HistoryEnds ends_;
  bool moved_ = false;
};

}  // namespace fairway::store
