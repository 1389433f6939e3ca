#include "scheduler/policy/job_index.h"

#include <algorithm>

#include "scheduler/assert.h"
#include "scheduler/codec.h"
#include "scheduler/constraint.h"

namespace fairway::scheduler {
namespace {

void AddTo(JobIndex::Counts& counts, ClusterId cluster, int64_t amount) {
  const auto at = counts.emplace(cluster, 0).first;
  at->second += amount;
  FAIRWAY_ASSERT(at->second >= 0);
  if (at->second == 0) counts.erase(at);
}

}  // namespace

JobIndex::Key JobIndex::KeyOf(const JobSelector& selector) {
  Key key;
  ByteWriter out(key);
  out.Text(selector.scope);
  for (const LabelRequirement& each : selector.requirements) {
    out.Text(each.key);
    out.Byte(static_cast<uint8_t>(each.op));
    out.Unsigned(each.values.size());
    for (const std::string& value : each.values) out.Text(value);
  }
  return key;
}

bool JobIndex::Selects(const JobSelector& selector, const Spec& spec) {
  return selector.scope == spec.scope &&
         std::all_of(
             selector.requirements.begin(), selector.requirements.end(),
             [&](const LabelRequirement& each) { return MatchesRequirement(each, spec.labels); });
}

void JobIndex::Use(const JobSelector& selector, Spec& by) {
  Key key = KeyOf(selector);
  Selector& entry = selectors_[key];
  if (entry.uses++ == 0) {
    entry.selector = selector;
    for (auto& [id, spec] : specs_) {
      if (!Selects(selector, spec)) continue;
      spec.matched.insert(key);
      for (const auto& [cluster, jobs] : spec.counts) AddTo(entry.counts, cluster, jobs);
    }
  }
  by.named.push_back(std::move(key));
}

void JobIndex::PutSpec(SpecId id, const JobSpec& spec) {
  if (spec.rules.empty() || spec.rules.front().scope.empty() || specs_.contains(id)) return;
  const PlacementRules& rules = spec.rules.front();
  Spec entry;
  entry.scope = rules.scope;
  entry.labels = rules.labels;
  for (const JobAffinityTerm& term : rules.job_affinity) {
    Use(term.jobs, entry);
    if (term.anti && term.weight == 0)
      entry.avoided.emplace_back(entry.named.back(), term.topology);
  }
  for (const SpreadConstraint& spread : rules.spread) Use(spread.jobs, entry);
  for (const auto& [key, selector] : selectors_) {
    if (Selects(selector.selector, entry)) entry.matched.insert(key);
  }
  specs_.emplace(id, std::move(entry));
}

void JobIndex::EraseSpec(SpecId id) {
  const auto at = specs_.find(id);
  if (at == specs_.end()) return;
  FAIRWAY_ASSERT(at->second.counts.empty());
  for (const Key& key : at->second.named) {
    const auto selector = selectors_.find(key);
    if (--selector->second.uses > 0) continue;
    for (auto& [other, spec] : specs_) spec.matched.erase(key);
    selectors_.erase(selector);
  }
  specs_.erase(id);
}

bool JobIndex::Count(SpecId spec, ClusterId cluster, int sign) {
  const auto at = specs_.find(spec);
  if (at == specs_.end()) return false;
  AddTo(at->second.counts, cluster, sign);
  for (const Key& key : at->second.matched) AddTo(selectors_.at(key).counts, cluster, sign);
  for (const auto& [key, topology] : at->second.avoided) {
    auto& holders = selectors_.at(key).holders;
    const auto held = holders.emplace(topology, Counts{}).first;
    AddTo(held->second, cluster, sign);
    if (held->second.empty()) holders.erase(held);
  }
  return !at->second.matched.empty() || !at->second.avoided.empty();
}

const JobIndex::Counts& JobIndex::CountsOf(const JobSelector& selector) const {
  static const Counts kNone;
  const auto at = selectors_.find(KeyOf(selector));
  return at == selectors_.end() ? kNone : at->second.counts;
}

bool JobIndex::Matches(SpecId spec, const JobSelector& selector) const {
  const auto at = specs_.find(spec);
  return at != specs_.end() && Selects(selector, at->second);
}

std::vector<JobIndex::Repelled> JobIndex::RepelledBy(SpecId spec) const {
  std::vector<Repelled> out;
  const auto at = specs_.find(spec);
  if (at == specs_.end()) return out;
  for (const Key& key : at->second.matched) {
    for (const auto& [topology, holders] : selectors_.at(key).holders) {
      out.push_back({topology, &holders});
    }
  }
  return out;
}

}  // namespace fairway::scheduler
