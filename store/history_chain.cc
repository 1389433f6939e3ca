#include "store/history_chain.h"

#include <algorithm>
#include <memory>

#include "scheduler/assert.h"
#include "store/record.h"
#include "store/rocks_slice.h"

namespace fairway::store {
namespace {

// Links that one Trim() drops: they are read one by one to find their ages.
constexpr uint64_t kTrimMax = 4096;

void Put(Family family, const std::string& key, std::string_view value, const RocksDb::Lease& lease,
         rocksdb::WriteBatch& out) {
  AssertOk(out.Put(lease.family(family), key, FrameBytes(family, key, value).Join()));
}

void PutMark(std::string_view name, const HistoryMark& mark, const RocksDb::Lease& lease,
             rocksdb::WriteBatch& out) {
  Put(Family::kMeta, std::string(name), PrintMark(mark), lease, out);
}

}  // namespace

Result<HistoryChain> HistoryChain::Load(RocksReader& reader) {
  auto ends = reader.ReadHistoryEnds();
  if (!ends) return Fail(std::move(ends.error()));
  HistoryChain chain;
  chain.ends_ = *ends;
  return chain;
}

void HistoryChain::Add(const std::vector<std::string>& transitions, const RocksDb::Lease& lease,
                       rocksdb::WriteBatch& out) {
  for (const std::string& transition : transitions) {
    ends_.head = NextLink(ends_.head, transition);
    std::string value(reinterpret_cast<const char*>(ends_.head.hash.data()),
                      ends_.head.hash.size());
    value += transition;
    Put(Family::kHistory, EncodeHistoryKey(ends_.head.sequence), value, lease, out);
    moved_ = true;
  }
}

void HistoryChain::PutHead(const RocksDb::Lease& lease, rocksdb::WriteBatch& out) const {
  if (moved_) PutMark(kMetaHistoryHead, ends_.head, lease, out);
}

void HistoryChain::Trim(uint64_t keep, Instant since, const RocksDb::Lease& lease,
                        rocksdb::WriteBatch& out) {
  uint64_t crowded = ends_.head.sequence > keep ? ends_.head.sequence - keep : 0;
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  std::unique_ptr<rocksdb::Iterator> it(
      lease.db()->NewIterator(options, lease.family(Family::kHistory)));
  HistoryMark last = ends_.anchor;
  uint64_t seen = 0;
  for (it->Seek(EncodeHistoryKey(ends_.anchor.sequence + 1)); it->Valid() && seen < kTrimMax;
       it->Next(), ++seen) {
    auto link = ParseHistory(AsView(it->key()), AsView(it->value()));
    // A damaged link stays, and with it what follows: the verification is to find it.
    if (!link || link->sequence != last.sequence + 1) break;
    auto transition = DecodeTransition(link->transition);
    bool old = transition && transition->at < since;
    if (link->sequence > crowded && !old) break;
    last = {link->sequence, link->hash};
  }
  if (last == ends_.anchor) return;
  FAIRWAY_ASSERT(out.DeleteRange(lease.family(Family::kHistory),
                                 EncodeHistoryKey(ends_.anchor.sequence + 1),
                                 EncodeHistoryKey(last.sequence + 1))
                     .ok());
  ends_.anchor = last;
  PutMark(kMetaHistoryAnchor, last, lease, out);
}

}  // namespace fairway::store
