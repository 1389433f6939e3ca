// Placement: filter, score, pick. PlaceJob is the fast path over World's index and what the core
// acts on; PlaceJobReadably asks cluster by cluster with the named constraints and scores (Judge).
// Both give the same answer (tests/scheduler/placement_test.cc); the readable one also gives the
// reasons.
#pragma once

#include <cstdint>

#include "scheduler/constraint.h"
#include "scheduler/decision.h"
#include "scheduler/world.h"

namespace fairway::scheduler {

struct PlacementPick {
  ClusterId cluster;  // 0 = none will do now
  int64_t score = 0;
  int32_t group = 0;  // of the job's groups, the one that it comes from
  bool operator==(const PlacementPick&) const = default;
};

// Which clusters a question is about, beside what the job itself demands. The clusters of a quota
// flavor, for example: those whose labels carry all its node labels (FlavorScope).
struct PlaceScope {
  std::vector<SelectorTerm> only;  // ORed; empty = all clusters
  int32_t pods = -1;               // so many instead of the spec's parallelism; < 0 = all
  bool operator==(const PlaceScope&) const = default;
};
// The clusters whose labels carry all of these; all clusters when there are none.
PlaceScope FlavorScope(const Labels& node_labels);

// The spec as it is with fewer pods at once (partial admission).
SpecEntry WithPods(const SpecEntry& spec, int32_t pods);
// What so many pods ask for together.
Resources TotalOf(const SpecEntry& spec, int32_t pods);

// The cluster of `scope` with the highest score among those that fit; ties go to the lowest
// ClusterId. The record need not be in the world yet; its spec must be. Not const: it fills caches.
PlacementPick PlaceJob(World& world, const JobRecord& record, const PlaceScope& scope = {});
PlacementPick PlaceJobReadably(const World& world, const JobRecord& record,
                               const PlaceScope& scope = {});

// A job that this many clusters have refused is not offered to another.
inline constexpr int kRejectionsMax = kFormerEpochsMax;

// Could any cluster ever run this job if it were ready, uncordoned and empty? A cluster that has
// not been measured might; so might one that is still to be registered when there is none.
bool IsFeasible(const World& world, const JobRecord& record);

// "the gateway is frozen: REASON".
std::string FreezeText(const FreezeRecord& freeze);
inline constexpr char kSettlingText[] =
    "waits until the clusters were heard after the gateway's start";

// Words for what PlaceJob answers at this moment about a job that waits, or would answer if it did.
Decision ExplainJob(const World& world, const JobRecord& record);

}  // namespace fairway::scheduler
