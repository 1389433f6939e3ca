// How a job would be split: which clusters, how many pods at once and which indexes each. Pure.
//
// Each cluster is asked for the most pods that it could run at once (bisection over Judge, which
// answers "no" for every number above one that does not fit), then clusters are filled in the order
// of the job's groups and scores. Where that takes too many, the roomiest go first. Mode kAlways
// levels the pods over the best clusters instead. Costs O(clusters * log pods) questions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/placement.h"

namespace fairway::scheduler {

struct SplitPart {
  ClusterId cluster;
  int32_t pods = 0;
  IndexRange indexes;
  bool operator==(const SplitPart&) const = default;
};

// Its policy asks for it, nothing forbids it, and it is no part itself. Jobs with affinity to other
// jobs or spread constraints are not split: those count whole jobs.
bool MaySplit(const JobRecord& record, const JobSpec& spec);

enum class SplitRoom : uint8_t {
  kNow,
  kWhenEmpty,  // if all clusters were open and empty
};

// At least two parts that have all the job's pods and indexes between them, or none. The order of
// the parts is that of their indexes.
std::vector<SplitPart> PlanSplit(const World& world, const JobRecord& record,
                                 const PlaceScope& scope = {}, SplitRoom room = SplitRoom::kNow);

// How `pods` are divided over parts with so many unfinished indexes each: in proportion, none has
// more than indexes, together never more than `pods`.
std::vector<int32_t> DividePods(int32_t pods, const std::vector<int64_t>& indexes);

// The wishes of a part with so many pods.
JobSpec SpecOfPart(const JobSpec& whole, int32_t pods);

// For people: why this job that waits is not split, or cannot be; "" when nobody asks for it.
std::string SplitText(const World& world, const JobRecord& record);
std::string_view SplitBarText(SplitBar bar);

}  // namespace fairway::scheduler
