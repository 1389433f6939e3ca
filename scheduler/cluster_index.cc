#include "scheduler/cluster_index.h"

#include <algorithm>
#include <limits>

#include "scheduler/assert.h"
#include "scheduler/constraint.h"
#include "scheduler/hash.h"
#include "scheduler/policy/rules_codec.h"
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

bool SameSelectorPart(const JobSpec& part, const JobSpec& spec) {
  if (part.required != spec.required || part.preferred != spec.preferred ||
      part.tolerations != spec.tolerations) {
    return false;
  }
  if (spec.rules.empty()) return part.rules.empty();
  const PlacementRules& rules = spec.rules.front();
  if (part.rules.empty()) return rules.groups.empty() && rules.datasets.empty();
  return part.rules.front().groups == rules.groups && part.rules.front().datasets == rules.datasets;
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
  for (auto& [hash, selector] : selectors_) {
    visit(selector.scores);
    if (!selector.spec.rules.empty()) visit(selector.groups);
  }
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
  for (auto& [hash, selector] : selectors_) Judge(selector, slot, spec);
  places_.clear();
  scopes_.clear();
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
  places_.clear();
  scopes_.clear();
}

int32_t ClusterIndex::FixedScore(const Selector& selector, const ClusterSpec& cluster) {
  const JobSpec& spec = selector.spec;
  if (!MatchesRequiredAffinity(spec.required, cluster.labels)) return kClosedScore;
  if (FirstUntoleratedTaint(cluster.taints, spec.tolerations) != nullptr) return kClosedScore;
  if (!spec.rules.empty()) {
    if (FindGroup(spec.rules.front(), cluster.labels) < 0) return kClosedScore;
    if (FirstMissingDataset(spec.rules.front(), cluster) != nullptr) return kClosedScore;
  }
  return StaticScore(spec, cluster, selector.weights);
}

void ClusterIndex::Judge(Selector& selector, size_t slot, const ClusterSpec& cluster) {
  selector.scores[slot] = FixedScore(selector, cluster);
  if (selector.spec.rules.empty()) return;
  selector.groups[slot] = std::max(FindGroup(selector.spec.rules.front(), cluster.labels), 0);
}

ClusterIndex::Selector& ClusterIndex::UseSelector(const Query& query) {
  const JobSpec& spec = *query.spec;
  auto at = selectors_.find(query.selector_hash);
  if (at != selectors_.end() &&
      (at->second.weights != *query.weights || !SameSelectorPart(at->second.spec, spec))) {
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
    fresh.spec = SelectorPart(spec);
    fresh.weights = *query.weights;
    fresh.scores.resize(ids_.size());
    if (!fresh.spec.rules.empty()) fresh.groups.resize(ids_.size());
    for (size_t slot = 0; slot < ids_.size(); ++slot) Judge(fresh, slot, specs_[slot]);
  }
  at->second.used = ++uses_;
  return at->second;
}

// The kernel counts with the default weights of what depends on room. Others are put in their
// place.
void ClusterIndex::ReweighRoom(const Query& query) {
  const auto need = [](int64_t amount) { return std::max<int64_t>(amount, 0); };
  const int64_t cpu_need = need(query.need->cpu_milli);
  const int64_t memory_need = need(query.need->memory_bytes);
  const auto share = [](int64_t left, uint32_t shift, uint32_t reciprocal) {
    const uint64_t part = (static_cast<uint64_t>(left) >> shift) & 0xFFFFFFFFu;
    return static_cast<int32_t>((part * reciprocal) >> kShareFractionBits);
  };
  for (size_t slot = 0; slot < ids_.size(); ++slot) {
    if (scores_[slot] == kNoScore) continue;
    scores_[slot] =
        current_->scores[slot] +
        RoomScoreOf(
            share(cpu_[slot] - cpu_need, cpu_shift_[slot], cpu_reciprocal_[slot]),
            share(memory_[slot] - memory_need, memory_shift_[slot], memory_reciprocal_[slot]),
            *query.weights);
  }
}

void ClusterIndex::Score(const Query& query) {
  const size_t size = ids_.size();
  const Resources& total = *query.need;
  const Resources& pod = *query.pod;
  const bool has_pods = total.pods > 0;
  scores_.resize(size);
  current_ = &UseSelector(query);

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
                               current_->scores.data()};
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
    if (at == extended_.end()) {
      std::fill(scores_.begin(), scores_.end(), kNoScore);
      return;
    }
    FilterClusters(at->second.free.data(), amount, size, scores_.data());
    if (has_pods) {
      FilterClusters(at->second.node_free.data(), pod.GetExtended(name), size, scores_.data());
    }
  }
  const ScoreWeights usual;
  const ScoreWeights& weights = *query.weights;
  if (weights.spread != usual.spread || weights.pack != usual.pack ||
      weights.balance != usual.balance) {
    ReweighRoom(query);
  }
}

void ClusterIndex::Close(ClusterId cluster) {
  const size_t slot = FindSlot(cluster);
  if (slot != IndexPick::npos) scores_[slot] = kNoScore;
}

const ClusterIndex::Scope& ClusterIndex::UseScope(const std::vector<SelectorTerm>& terms) {
  std::string bytes;
  ByteWriter out(bytes);
  for (const SelectorTerm& term : terms) EncodeTerm(out, term);
  const uint64_t hash = HashBytes(bytes);
  const auto known = scopes_.find(hash);
  if (known != scopes_.end() && known->second.terms == terms) return known->second;
  if (scopes_.size() >= kScopesMax) scopes_.clear();
  Scope& scope = scopes_[hash];
  scope = {terms, {}};
  for (const ClusterSpec& cluster : specs_) {
    scope.open.push_back(MatchesRequiredAffinity(terms, cluster.labels) ? 1 : 0);
  }
  return scope;
}

void ClusterIndex::CloseOutside(const std::vector<SelectorTerm>& terms) {
  const Scope& scope = UseScope(terms);
  for (size_t slot = 0; slot < ids_.size(); ++slot) {
    if (scope.open[slot] == 0) scores_[slot] = kNoScore;
  }
}

int64_t ClusterIndex::ScoreOf(ClusterId cluster) const {
  const size_t slot = FindSlot(cluster);
  return slot == IndexPick::npos ? kNoScore : scores_[slot];
}

IndexPick ClusterIndex::Best() const {
  const size_t best = BestCluster(scores_.data(), scores_.size());
  if (best == scores_.size()) return {};
  return {best, ids_[best], scores_[best]};
}

const ClusterIndex::Places& ClusterIndex::PlacesOf(const TopologyKey& key) {
  const auto known = places_.find(key);
  if (known != places_.end()) return known->second;
  if (places_.size() >= kTopologiesMax) places_.clear();
  Places& places = places_[key];
  absl::btree_map<std::string, int32_t> numbers;
  for (size_t slot = 0; slot < ids_.size(); ++slot) {
    int32_t place = -1;
    if (key.empty()) {
      place = places.count++;
    } else if (const auto label = specs_[slot].labels.find(key);
               label != specs_[slot].labels.end()) {
      const auto [number, fresh] = numbers.emplace(label->second, places.count);
      if (fresh) ++places.count;
      place = number->second;
    }
    places.of_slot.push_back(place);
  }
  return places;
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
    FAIRWAY_ASSERT(selector.scores[slot] == FixedScore(selector, spec));
  }
}

JobSpec SelectorPart(const JobSpec& spec) {
  JobSpec part;
  part.required = spec.required;
  part.preferred = spec.preferred;
  part.tolerations = spec.tolerations;
  if (spec.rules.empty()) return part;
  const PlacementRules& rules = spec.rules.front();
  if (rules.groups.empty() && rules.datasets.empty()) return part;
  PlacementRules& kept = part.rules.emplace_back();
  kept.groups = rules.groups;
  kept.datasets = rules.datasets;
  return part;
}

uint64_t HashSelector(const JobSpec& spec) {
  std::string bytes;
  EncodeSelector(spec, bytes);
  return HashBytes(bytes);
}

}  // namespace fairway::scheduler
