#include "scheduler/spec_table.h"

#include "scheduler/assert.h"
#include "scheduler/cluster_index.h"
#include "scheduler/constraint.h"
#include "scheduler/hash.h"
#include "scheduler/spec_codec.h"

namespace fairway::scheduler {
namespace {

uint64_t HashSpec(const JobSpec& spec) {
  std::string bytes;
  EncodeSpec(spec, bytes);
  return HashBytes(bytes);
}

}  // namespace

void SpecTable::Put(SpecId id, const JobSpec& spec) {
  if (const SpecEntry* known = Find(id)) {
    FAIRWAY_ASSERT(known->spec == spec);  // a spec never changes under its id
    return;
  }
  SpecEntry entry;
  entry.spec = spec;
  entry.total = TotalRequest(spec);
  entry.need = NeedAtOnce(spec);
  entry.pod = PodRequest(spec);
  entry.selector_hash = HashSelector(spec);
  entry.content_hash = HashSpec(spec);
  by_hash_.emplace(entry.content_hash, id);
  entries_.emplace(id, Box<SpecEntry>(std::move(entry)));
}

void SpecTable::Erase(SpecId id) {
  const auto at = entries_.find(id);
  if (at == entries_.end()) return;
  FAIRWAY_ASSERT(at->second->jobs == 0);
  by_hash_.erase({at->second->content_hash, id});
  entries_.erase(at);
}

const SpecEntry* SpecTable::Find(SpecId id) const {
  const auto at = entries_.find(id);
  return at == entries_.end() ? nullptr : &*at->second;
}

const SpecEntry& SpecTable::Get(SpecId id) const {
  const SpecEntry* entry = Find(id);
  FAIRWAY_ASSERT(entry != nullptr);
  return *entry;
}

SpecEntry& SpecTable::GetMutable(SpecId id) {
  const auto at = entries_.find(id);
  FAIRWAY_ASSERT(at != entries_.end());
  return *at->second;
}

SpecId SpecTable::FindEqual(const JobSpec& spec) const {
  const uint64_t hash = HashSpec(spec);
  for (auto at = by_hash_.lower_bound({hash, SpecId{}}); at != by_hash_.end() && at->first == hash;
       ++at) {
    if (Get(at->second).spec == spec) return at->second;
  }
  return SpecId{};
}

}  // namespace fairway::scheduler
