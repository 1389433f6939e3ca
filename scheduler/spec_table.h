// SpecTable: the interned JobSpecs with what is derived from each, and how many jobs use it. A
// thousand jobs made from one template share one entry. Value type; part of World.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>

#include <cstdint>
#include <string>
#include <utility>

#include "scheduler/box.h"
#include "scheduler/ids.h"
#include "scheduler/job.h"

namespace fairway::scheduler {

struct SpecEntry {
  JobSpec spec;
  Resources total;  // TotalRequest(spec): what is reserved
  Resources need;   // NeedAtOnce(spec): what must be free
  Resources pod;    // PodRequest(spec)
  uint64_t selector_hash = 0;
  uint64_t content_hash = 0;
  int64_t jobs = 0;  // that name this spec

  const PlacementRules* rules() const { return spec.rules.empty() ? nullptr : &spec.rules.front(); }
};

class SpecTable {
 public:
  void Put(SpecId id, const JobSpec& spec);
  // The spec may not be in use.
  void Erase(SpecId id);
  void AddJob(SpecId id) { ++GetMutable(id).jobs; }
  void RemoveJob(SpecId id) { --GetMutable(id).jobs; }

  const SpecEntry* Find(SpecId id) const;
  const SpecEntry& Get(SpecId id) const;
  // The id of an equal spec; 0 when there is none.
  SpecId FindEqual(const JobSpec& spec) const;
  // An id that no spec has.
  SpecId NextId() const {
    return SpecId{entries_.empty() ? 1 : entries_.rbegin()->first.value + 1};
  }
  const absl::btree_map<SpecId, Box<SpecEntry>>& entries() const { return entries_; }

 private:
  SpecEntry& GetMutable(SpecId id);

  absl::btree_map<SpecId, Box<SpecEntry>> entries_;
  absl::btree_set<std::pair<uint64_t, SpecId>> by_hash_;
};

}  // namespace fairway::scheduler
