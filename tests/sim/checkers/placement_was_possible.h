// Promise: no job is placed where the nodes that were observed could not take its pods at once, or
// where its spread, affinity or anti-affinity was violated at that moment. Kept by the
// simulation's own book of who is where, from edits alone, against the wishes that clients sent.
#pragma once

#include <absl/container/btree_map.h>

#include <limits>
#include <map>
#include <optional>
#include <string>

#include "scheduler/constraint.h"
#include "scheduler/world.h"
#include "tests/sim/sim_context.h"

namespace fairway::sim {

class PlacementBook {
 public:
  explicit PlacementBook(SimContext& sim) : sim_(sim) {}

  // As the gateway finds the world when it starts.
  void Start(const scheduler::World& world) {
    jobs_.clear();
    clusters_.clear();
    nodes_.clear();
    holders_.clear();
    counted_.clear();
    for (const auto& [id, state] : world.clusters()) clusters_[id] = state.record.spec;
    pods_.clear();
    for (const auto& [id, spec] : world.specs().entries()) pods_[id] = spec->spec.parallelism;
    for (const auto& [id, record] : world.jobs()) Note(*record);
  }
  // `counted`: the pods that are in it already.
  void Observe(ClusterId cluster, const scheduler::Capacity& capacity, const SimCounts& counted) {
    nodes_[cluster] = capacity.node_classes;
    counted_[cluster] = counted;
  }
  // Each edit of a step, in order.
  void Take(const scheduler::Edit& edit) {
    if (const auto* put = std::get_if<scheduler::PutJob>(&edit)) {
      const scheduler::JobRecord& record = put->record;
      const bool fresh = record.state == scheduler::JobState::kPlacing &&
                         record.since == sim_.now && !jobs_.contains(record.job);
      if (fresh) Check(record);
      Note(record);
    } else if (const auto* spec = std::get_if<scheduler::PutSpec>(&edit)) {
      pods_[spec->id] = spec->spec.parallelism;
    } else if (const auto* erase = std::get_if<scheduler::EraseJob>(&edit)) {
      jobs_.erase(erase->job);
      holders_.erase(erase->job);
    } else if (const auto* cluster = std::get_if<scheduler::PutCluster>(&edit)) {
      clusters_[cluster->record.cluster] = cluster->record.spec;
    } else if (const auto* gone = std::get_if<scheduler::EraseCluster>(&edit)) {
      clusters_.erase(gone->cluster);
      nodes_.erase(gone->cluster);
      counted_.erase(gone->cluster);
    }
  }

 private:
  using Place = std::optional<std::string>;

  const scheduler::JobSpec* SpecOf(JobId job) const {
    const auto known = sim_.jobs.find(WholeOf(job));
    return known == sim_.jobs.end() ? nullptr
                                    : &sim_.templates[static_cast<size_t>(known->second.spec)];
  }
  void Note(const scheduler::JobRecord& record) {
    if (record.cluster && record.spec && !scheduler::IsFinished(record)) {
      jobs_[record.job] = record.cluster;
    } else {
      jobs_.erase(record.job);
    }
    if (jobs_.contains(record.job) && !record.suspended) {
      holders_[record.job] = {record.cluster, record.epoch, pods_[record.spec]};
    } else {
      holders_.erase(record.job);
    }
  }
  Place PlaceOf(const std::string& topology, ClusterId cluster) const {
    if (topology.empty()) return std::to_string(cluster.value);
    const auto& labels = clusters_.at(cluster).labels;
    const auto label = labels.find(topology);
    return label == labels.end() ? Place() : Place(label->second);
  }
  static bool IsMeant(const scheduler::JobSelector& selector, const scheduler::JobSpec& spec) {
    if (spec.rules.empty() || spec.rules[0].scope != selector.scope) return false;
    for (const scheduler::LabelRequirement& each : selector.requirements) {
      if (!scheduler::MatchesRequirement(each, spec.rules[0].labels)) return false;
    }
    return true;
  }
  std::map<std::string, int64_t> Count(const scheduler::JobSelector& selector,
                                       const std::string& topology) const {
    std::map<std::string, int64_t> counts;
    for (const auto& [job, cluster] : jobs_) {
      const scheduler::JobSpec* spec = SpecOf(job);
      if (spec == nullptr || !IsMeant(selector, *spec)) continue;
      if (const Place place = PlaceOf(topology, cluster)) ++counts[*place];
    }
    return counts;
  }
  bool IsOpen(const scheduler::JobSpec& spec, const scheduler::ClusterSpec& cluster) const {
    return scheduler::MatchesRequiredAffinity(spec.required, cluster.labels) &&
           scheduler::FirstUntoleratedTaint(cluster.taints, spec.tolerations) == nullptr &&
           scheduler::FindGroup(spec.rules[0], cluster.labels) >= 0;
  }
  void Fail(const scheduler::JobRecord& record, const std::string& what) {
    sim_.Fail(kExitCorrectness, "placement_was_possible",
              "job " + std::to_string(record.job.value) + " was placed on cluster " +
                  std::to_string(record.cluster.value) + ": " + what);
  }
  void Check(const scheduler::JobRecord& record) {
    const scheduler::JobSpec* spec = SpecOf(record.job);
    if (spec == nullptr) return;
    CheckNodes(record, *spec);
    CheckFlight(record, *spec);
    if (spec->rules.empty()) return;
    if (!IsOpen(*spec, clusters_.at(record.cluster))) Fail(record, "it may not run there");
    for (const auto& term : spec->rules[0].job_affinity) CheckAffinity(record, *spec, term);
    for (const auto& spread : spec->rules[0].spread) CheckSpread(record, *spec, spread);
    for (const auto& [job, cluster] : jobs_) CheckRepelled(record, *spec, job, cluster);
  }
  void CheckNodes(const scheduler::JobRecord& record, const scheduler::JobSpec& spec) {
    const auto nodes = nodes_.find(record.cluster);
    if (nodes == nodes_.end() || nodes->second.empty()) return;
    int64_t fit = 0;
    for (const scheduler::NodeClass& each : nodes->second) {
      for (const scheduler::NodeRoom& room : each.free) {
        fit += std::max<int64_t>(room.amounts.cpu_milli, 0) / spec.request.cpu_milli * room.nodes;
      }
    }
    if (fit < pods_[record.spec]) {
      Fail(record, std::to_string(fit) + " of " + std::to_string(pods_[record.spec]) +
                       " pods fit on its nodes as they were observed");
    }
  }
  // Where all pods are of one size, nodes are a number of places, and nobody need know which pod is
  // where: what was seen to be free, less the pods that were sent there and not seen yet.
  void CheckFlight(const scheduler::JobRecord& record, const scheduler::JobSpec& spec) {
    const auto nodes = nodes_.find(record.cluster);
    if (!sim_.plan.uniform_pods || !sim_.plan.tells_counted || nodes == nodes_.end()) return;
    int64_t places = 0;
    for (const scheduler::NodeClass& each : nodes->second) {
      for (const scheduler::NodeRoom& room : each.free) {
        places +=
            std::max<int64_t>(room.amounts.cpu_milli, 0) / spec.request.cpu_milli * room.nodes;
      }
    }
    const int64_t seen = places;
    const SimCounts& counted = counted_[record.cluster];
    for (const auto& [job, holder] : holders_) {
      const scheduler::JobSpec* other = SpecOf(job);
      if (holder.cluster != record.cluster || job == record.job || other == nullptr) continue;
      const auto known = counted.find({job, holder.epoch});
      const int64_t there = known == counted.end() ? 0 : known->second;
      places -= std::max<int64_t>(holder.pods - there, 0);
    }
    if (places < pods_[record.spec]) {
      Fail(record, "of " + std::to_string(seen) + " places that were free, " +
                       std::to_string(places) + " are left by the pods on their way");
    }
  }
  void CheckAffinity(const scheduler::JobRecord& record, const scheduler::JobSpec& spec,
                     const scheduler::JobAffinityTerm& term) {
    if (term.weight > 0) return;
    const auto counts = Count(term.jobs, term.topology);
    const Place place = PlaceOf(term.topology, record.cluster);
    const bool there = place && counts.contains(*place);
    if (term.anti && there) Fail(record, "anti-affinity is violated");
    const bool first = counts.empty() && IsMeant(term.jobs, spec);
    if (!term.anti && !there && !first) Fail(record, "affinity is violated");
  }
  void CheckRepelled(const scheduler::JobRecord& record, const scheduler::JobSpec& spec,
                     JobId other, ClusterId cluster) {
    const scheduler::JobSpec* holder = SpecOf(other);
    if (holder == nullptr || holder->rules.empty()) return;
    for (const auto& term : holder->rules[0].job_affinity) {
      if (!term.anti || term.weight > 0 || !IsMeant(term.jobs, spec)) continue;
      const Place place = PlaceOf(term.topology, record.cluster);
      if (place && place == PlaceOf(term.topology, cluster)) {
        Fail(record, "job " + std::to_string(other.value) + " there does not want it");
      }
    }
  }
  void CheckSpread(const scheduler::JobRecord& record, const scheduler::JobSpec& spec,
                   const scheduler::SpreadConstraint& spread) {
    if (!spread.required) return;
    auto counts = Count(spread.jobs, spread.topology);
    int64_t fewest = std::numeric_limits<int64_t>::max();
    for (const auto& [id, cluster] : clusters_) {
      const Place place = PlaceOf(spread.topology, id);
      if (place && IsOpen(spec, cluster)) fewest = std::min(fewest, counts[*place]);
    }
    const Place place = PlaceOf(spread.topology, record.cluster);
    const int64_t self = IsMeant(spread.jobs, spec) ? 1 : 0;
    if (!place || counts[*place] + self - fewest > spread.max_skew) {
      Fail(record, "its spread is violated");
    }
  }

  struct Holder {
    ClusterId cluster;
    Epoch epoch;
    int64_t pods = 0;
  };

  SimContext& sim_;
  absl::btree_map<JobId, ClusterId> jobs_;  // that are somewhere
  absl::btree_map<JobId, Holder> holders_;  // of them: those that hold room
  absl::btree_map<SpecId, int32_t> pods_;   // at once, by the wishes of the parts too
  absl::btree_map<ClusterId, SimCounts> counted_;
  absl::btree_map<ClusterId, scheduler::ClusterSpec> clusters_;
  absl::btree_map<ClusterId, std::vector<scheduler::NodeClass>> nodes_;
};

}  // namespace fairway::sim
