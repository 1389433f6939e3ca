// The history as it is read; RocksReader's other reads are in rocks_read.cc.
#include <algorithm>

#include "store/record.h"
#include "store/rocks_read.h"
#include "store/rocks_view.h"

namespace fairway::store {
namespace {

std::string_view Bytes(const rocksdb::Slice& s) { return {s.data(), s.size()}; }

Result<HistoryMark> ReadMark(RocksReader& reader, std::string_view name) {
  auto text = reader.GetMeta(name);
  if (!text) return Fail(std::move(text.error()));
  if (!*text) return HistoryMark{};
  auto mark = ParseMark(**text);
  if (!mark) return Fail(DamagedRecord(Family::kMeta, name, "it is no mark in the history"));
  return *mark;
}

}  // namespace

Result<HistoryLink> ParseHistory(std::string_view key, std::string_view value) {
  auto payload = ParseBytes(Family::kHistory, key, value);
  if (!payload) return Fail(std::move(payload.error()));
  HistoryLink link;
  auto sequence = DecodeHistoryKey(key);
  if (!sequence) return Fail(DamagedRecord(Family::kHistory, key, "its key is malformed"));
  if (payload->size() < link.hash.size()) {
    return Fail(DamagedRecord(Family::kHistory, key, "it is cut short"));
  }
  link.sequence = *sequence;
  std::copy_n(payload->begin(), link.hash.size(), reinterpret_cast<char*>(link.hash.data()));
  link.transition = payload->substr(link.hash.size());
  return link;
}

Result<uint64_t> RocksReader::ReadHistory(uint64_t after, bool newest_first, size_t scan_max,
                                          const std::function<bool(const HistoryLink&)>& visit) {
  View view(db_, nullptr);
  if (!view.status) return Fail(std::move(view.status.error()));
  auto it = view.Iterate(Family::kHistory);
  if (!newest_first) {
    it->Seek(EncodeHistoryKey(after + 1));
  } else if (after == 0) {
    it->SeekToLast();
  } else {
    it->SeekForPrev(EncodeHistoryKey(after - 1));
  }
  uint64_t reached = after;
  for (size_t seen = 0; it->Valid(); newest_first ? it->Prev() : it->Next()) {
    if (seen++ == scan_max) return reached;
    auto link = ParseHistory(Bytes(it->key()), Bytes(it->value()));
    if (!link) return Fail(std::move(link.error()));
    reached = link->sequence;
    if (!visit(*link)) return reached;
  }
  if (!it->status().ok()) return Fail(ReadFailed(db_.path(), it->status()));
  return uint64_t{0};
}

Result<HistoryEnds> RocksReader::ReadHistoryEnds() {
  auto anchor = ReadMark(*this, kMetaHistoryAnchor);
  if (!anchor) return Fail(std::move(anchor.error()));
  auto head = ReadMark(*this, kMetaHistoryHead);
  if (!head) return Fail(std::move(head.error()));
  return HistoryEnds{*anchor, *head};
}

}  // namespace fairway::store
