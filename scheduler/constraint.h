// Hard constraints: may this job go to this cluster at all? Small named predicates on plain values,
// the readable truth that cluster_index.h is a fast copy of. Pure functions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "scheduler/cluster_view.h"
#include "scheduler/job.h"
#include "scheduler/resources.h"

namespace fairway::scheduler {

using Labels = std::map<std::string, std::string>;

// What one cluster answers, in the order in which the questions are asked.
enum class Verdict : uint8_t {
  kFits,
  kNotReady,     // its link is down
  kNotMeasured,  // its capacity has not been seen since start
  kCordoned,
  kRejected,      // it refused this very job before
  kAffinity,      // the required affinity names other clusters
  kTaint,         // a taint that the job does not tolerate
  kInsufficient,  // it has not enough room now
};

// One requirement, with the operators of Kubernetes' NodeSelectorRequirement. NotIn and
// DoesNotExist hold where the label is absent; Gt and Lt compare decimal integers and hold for
// nothing else.
bool MatchesRequirement(const LabelRequirement& requirement, const Labels& labels);
// All requirements of a term hold; an empty term matches nothing.
bool MatchesTerm(const SelectorTerm& term, const Labels& labels);
// One of the terms matches, or there is no term.
bool MatchesRequiredAffinity(const std::vector<SelectorTerm>& terms, const Labels& labels);

bool Tolerates(const Toleration& toleration, const Taint& taint);
// The first taint of effect NoSchedule or NoExecute that none of the tolerations covers; else
// nullptr.
const Taint* FirstUntoleratedTaint(const std::vector<Taint>& taints,
                                   const std::vector<Toleration>& tolerations);
// How many PreferNoSchedule taints none of the tolerations covers.
int32_t CountUntoleratedPreferences(const std::vector<Taint>& taints,
                                    const std::vector<Toleration>& tolerations);

// What all pods of the job ask for together: parallelism times the request, and that many pods.
Resources TotalRequest(const JobSpec& spec);
// What one pod asks of its node. Pod slots are counted over the whole cluster only.
Resources PodRequest(const JobSpec& spec);

// All pods find room in `free`, and the roomiest node takes one of them. A cluster that has not
// said how its nodes look (nodes == 0) is only asked for the sum.
bool HasRoom(const Resources& total, const Resources& pod, const Resources& free,
             const Capacity& capacity);
// The same on the empty cluster: could this job ever run there?
bool HasRoomWhenEmpty(const Resources& total, const Resources& pod, const Capacity& capacity);

}  // namespace fairway::scheduler
