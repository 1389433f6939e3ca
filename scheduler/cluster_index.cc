#include "scheduler/cluster_index.h"

#include <algorithm>
#include <limits>

#include "scheduler/assert.h"
#include "scheduler/constraint.h"
#include "scheduler/hash.h"
#include "scheduler/score.h"
#include "scheduler/spec_codec.h"

namespace fairway::scheduler {
namespace {

constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

// Columns hold no negative amounts: a job that asks for nothing fits also where the cluster is
// overdrawn.
int64_t Clamp(int64_t amount, int64_t most) {
  return std::clamp<int64_t>(amount, 0, std::max<int64_t>(most, 0));
}

int64_t NodeAmount(const Capacity& capacity, int64_t amount) {
  return capacity.nodes == 0 ? kUnlimited : std::max<int64_t>(amount, 0);
}

}  // namespace

template <typename Visit>
void ClusterIndex::ForEachColumn(Visit visit) {
  visit(cpu_);
  visit(memory_);
  visit(storage_);
  visit(pods_);
  visit(node_cpu_);
  visit(node_memory_);
  visit(node_storage_);
  visit(cpu_shift_);
  visit(cpu_reciprocal_);
  visit(memory_shift_);
  visit(memory_reciprocal_);
  for (auto& [name, columns] : extended_) {
    visit(columns.free);
    visit(columns.node_free);
  }
  for (auto& [hash, selector] : selectors_) visit(selector.scores);
}

size_t ClusterIndex::FindSlot(ClusterId cluster) const {
  const auto at = std::lower_bound(ids_.begin(), ids_.end(), cluster);
  if (at == ids_.end() || *at != cluster) return IndexPick::npos;
  return static_cast<size_t>(at - ids_.begin());
}

ClusterIndex::Row ClusterIndex::MakeRow(const ClusterRoom& room) {
  const Capacity& capacity = *room.capacity;
  const Resources& whole = capacity.allocatable;
  const Resources& node = capacity.largest_node_free;
  const ShareScale cpu = MakeShareScale(whole.cpu_milli);
  const ShareScale memory = MakeShareScale(whole.memory_bytes);
  Row row;
  row.cpu = Clamp(room.free.cpu_milli, whole.cpu_milli);
  row.memory = Clamp(room.free.memory_bytes, whole.memory_bytes);
  row.storage = Clamp(room.free.ephemeral_storage_bytes, whole.ephemeral_storage_bytes);
  row.pods = room.open ? Clamp(room.free.pods, whole.pods) : -1;
  row.node_cpu = NodeAmount(capacity, node.cpu_milli);
  row.node_memory = NodeAmount(capacity, node.memory_bytes);
  row.node_storage = NodeAmount(capacity, node.ephemeral_storage_bytes);
  row.cpu_shift = static_cast<uint32_t>(cpu.shift);
  row.cpu_reciprocal = cpu.reciprocal;
  row.memory_shift = static_cast<uint32_t>(memory.shift);
  row.memory_reciprocal = memory.reciprocal;
  return row;
}

void ClusterIndex::SetRow(size_t slot, const Row& row) {
  cpu_[slot] = row.cpu;
  memory_[slot] = row.memory;
  storage_[slot] = row.storage;
  pods_[slot] = row.pods;
  node_cpu_[slot] = row.node_cpu;
  node_memory_[slot] = row.node_memory;
  node_storage_[slot] = row.node_storage;
  cpu_shift_[slot] = row.cpu_shift;
  cpu_reciprocal_[slot] = row.cpu_reciprocal;
  memory_shift_[slot] = row.memory_shift;
  memory_reciprocal_[slot] = row.memory_reciprocal;
}

void ClusterIndex::SetExtended(size_t slot, const ClusterRoom& room) {
  for (const auto& [name, amount] : room.capacity->allocatable.extended) {
    ExtendedColumns& columns = extended_[name];
    columns.free.resize(ids_.size(), 0);
    columns.node_free.resize(ids_.size(), 0);
  }
  const Capacity& capacity = *room.capacity;
  for (auto& [name, columns] : extended_) {
    columns.free[slot] = Clamp(room.free.GetExtended(name), capacity.allocatable.GetExtended(name));
    columns.node_free[slot] = NodeAmount(capacity, capacity.largest_node_free.GetExtended(name));
  }
}

void ClusterIndex::PutSpec(ClusterId cluster, const ClusterSpec& spec) {
  size_t slot = FindSlot(cluster);
  if (slot == IndexPick::npos) {
    const auto at = std::lower_bound(ids_.begin(), ids_.end(), cluster);
    slot = static_cast<size_t>(at - ids_.begin());
    const auto offset = static_cast<ptrdiff_t>(slot);
    ids_.insert(at, cluster);
    specs_.insert(specs_.begin() + offset, spec);
    ForEachColumn([&](auto& column) { column.insert(column.begin() + offset, 0); });
    pods_[slot] = -1;
  } else {
    specs_[slot] = spec;
  }
  for (auto& [hash, selector] : selectors_) {
    selector.scores[slot] = FixedScore(SpecOf(selector), spec);
  }
}

void ClusterIndex::SetRoom(ClusterId cluster, const ClusterRoom& room) {
  const size_t slot = FindSlot(cluster);
  FAIRWAY_ASSERT(slot != IndexPick::npos);
  SetRow(slot, MakeRow(room));
  if (!extended_.empty() || !room.capacity->allocatable.extended.empty()) SetExtended(slot, room);
}

void ClusterIndex::SetFree(ClusterId cluster, const ClusterRoom& room) {
  const size_t slot = FindSlot(cluster);
  FAIRWAY_ASSERT(slot != IndexPick::npos);
  const Resources& whole = room.capacity->allocatable;
  cpu_[slot] = Clamp(room.free.cpu_milli, whole.cpu_milli);
  memory_[slot] = Clamp(room.free.memory_bytes, whole.memory_bytes);
  storage_[slot] = Clamp(room.free.ephemeral_storage_bytes, whole.ephemeral_storage_bytes);
  pods_[slot] = room.open ? Clamp(room.free.pods, whole.pods) : -1;
  for (auto& [name, columns] : extended_) {
    columns.free[slot] = Clamp(room.free.GetExtended(name), whole.GetExtended(name));
  }
}

void ClusterIndex::Erase(ClusterId cluster) {
  const size_t slot = FindSlot(cluster);
  FAIRWAY_ASSERT(slot != IndexPick::npos);
  const auto offset = static_cast<ptrdiff_t>(slot);
  ids_.erase(ids_.begin() + offset);
  specs_.erase(specs_.begin() + offset);
  ForEachColumn([&](auto& column) { column.erase(column.begin() + offset); });
}

int32_t ClusterIndex::FixedScore(const JobSpec& spec, const ClusterSpec& cluster) {
  if (!MatchesRequiredAffinity(spec.required, cluster.labels)) return kClosedScore;
  if (FirstUntoleratedTaint(cluster.taints, spec.tolerations) != nullptr) return kClosedScore;
  return StaticScore(spec, cluster);
}

JobSpec ClusterIndex::SpecOf(const Selector& selector) {
  JobSpec spec;
  spec.required = selector.required;
  spec.preferred = selector.preferred;
  spec.tolerations = selector.tolerations;
  return spec;
}

bool ClusterIndex::SameSelector(const Selector& selector, const JobSpec& spec) {
  return selector.required == spec.required && selector.preferred == spec.preferred &&
         selector.tolerations == spec.tolerations;
}

ClusterIndex::Selector& ClusterIndex::UseSelector(const Query& query) {
  const JobSpec& spec = *query.spec;
  auto at = selectors_.find(query.selector_hash);
  if (at != selectors_.end() && !SameSelector(at->second, spec)) {
    selectors_.erase(at);  // two selectors with one hash take turns
    at = selectors_.end();
  }
  if (at == selectors_.end()) {
    if (selectors_.size() >= kSelectorsMax) {
      selectors_.erase(std::min_element(
          selectors_.begin(), selectors_.end(),
          [](const auto& a, const auto& b) { return a.second.used < b.second.used; }));
    }
    at = selectors_.emplace(query.selector_hash, Selector{}).first;
    Selector& fresh = at->second;
    fresh.required = spec.required;
    fresh.preferred = spec.preferred;
    fresh.tolerations = spec.tolerations;
    fresh.scores.reserve(ids_.size());
    for (const ClusterSpec& cluster : specs_) fresh.scores.push_back(FixedScore(spec, cluster));
  }
  at->second.used = ++uses_;
  return at->second;
}

IndexPick ClusterIndex::Find(const Query& query) {
  const size_t size = ids_.size();
  const Resources& total = *query.total;
  const Resources& pod = *query.pod;
  const bool has_pods = total.pods > 0;
  scores_.resize(size);

  const RoomColumns columns = {cpu_.data(),
                               memory_.data(),
                               storage_.data(),
                               pods_.data(),
                               node_cpu_.data(),
                               node_memory_.data(),
                               node_storage_.data(),
                               cpu_shift_.data(),
                               cpu_reciprocal_.data(),
                               memory_shift_.data(),
                               memory_reciprocal_.data(),
                               UseSelector(query).scores.data()};
  const auto need = [](int64_t amount) { return std::max<int64_t>(amount, 0); };
  const Demand demand = {need(total.cpu_milli),
                         need(total.memory_bytes),
                         need(total.ephemeral_storage_bytes),
                         need(total.pods),
                         has_pods ? need(pod.cpu_milli) : 0,
                         has_pods ? need(pod.memory_bytes) : 0,
                         has_pods ? need(pod.ephemeral_storage_bytes) : 0};
  ScoreClusters(columns, demand, size, scores_.data());
  for (const auto& [name, amount] : total.extended) {
    if (amount <= 0) continue;
    const auto at = extended_.find(name);
    if (at == extended_.end()) return {};
    FilterClusters(at->second.free.data(), amount, size, scores_.data());
    if (has_pods) {
      FilterClusters(at->second.node_free.data(), pod.GetExtended(name), size, scores_.data());
    }
  }
  for (const ClusterId excluded : *query.excluded) {
    const size_t slot = FindSlot(excluded);
    if (slot != IndexPick::npos) scores_[slot] = kNoScore;
  }
  const size_t best = BestCluster(scores_.data(), size);
  if (best == size) return {};
  return {best, ids_[best], scores_[best]};
}

void ClusterIndex::CheckCluster(ClusterId cluster, const ClusterSpec& spec,
                                const ClusterRoom& room) const {
  const size_t slot = FindSlot(cluster);
  FAIRWAY_ASSERT(slot != IndexPick::npos);
  FAIRWAY_ASSERT(specs_[slot] == spec);
  const Row row = MakeRow(room);
  FAIRWAY_ASSERT(cpu_[slot] == row.cpu);
  FAIRWAY_ASSERT(memory_[slot] == row.memory);
  FAIRWAY_ASSERT(storage_[slot] == row.storage);
  FAIRWAY_ASSERT(pods_[slot] == row.pods);
  FAIRWAY_ASSERT(node_cpu_[slot] == row.node_cpu);
  FAIRWAY_ASSERT(node_memory_[slot] == row.node_memory);
  FAIRWAY_ASSERT(node_storage_[slot] == row.node_storage);
  for (const auto& [name, columns] : extended_) {
    FAIRWAY_ASSERT(columns.free[slot] == Clamp(room.free.GetExtended(name),
                                               room.capacity->allocatable.GetExtended(name)));
  }
  for (const auto& [hash, selector] : selectors_) {
    FAIRWAY_ASSERT(selector.scores[slot] == FixedScore(SpecOf(selector), spec));
  }
}

uint64_t HashSelector(const JobSpec& spec) {
  std::string bytes;
  EncodeSelector(spec, bytes);
  return HashBytes(bytes);
}

}  // namespace fairway::scheduler
