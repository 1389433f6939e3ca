// Hard constraints: may this job go to this cluster at all? Small named predicates on plain values,
// the readable truth that cluster_index.h is a fast copy of. Pure functions.
#pragma once

#include <vector>

#include "scheduler/cluster_view.h"
#include "scheduler/job.h"
#include "scheduler/resources.h"

namespace fairway::scheduler {

// What one cluster answers, in the order in which the questions are asked.
enum class Verdict : uint8_t {
  kFits,
  kNotReady,     // its link is down
  kNotMeasured,  // its capacity has not been seen since start
  kCordoned,
  kRejected,         // it refused this very job before
  kAvoided,          // it could not run this very job a while ago
  kSibling,          // another part of the same job is there
  kAffinity,         // the required affinity, or every group, names other clusters
  kTaint,            // a taint that the job does not tolerate
  kDataset,          // a dataset that the job needs is elsewhere
  kClaim,            // a volume that the job mounts is elsewhere
  kJobAffinity,      // the jobs that this one wants to be with are elsewhere
  kJobAntiAffinity,  // jobs are there that it must not be with, or that do not want it
  kSpread,           // too many of its kind are there already
  kInsufficient,     // it has not enough room now
  kNoMatchingNode,   // no node has the labels that the pods ask for
  kNodeTaint,        // the nodes that have them have taints that the pods do not tolerate
  kFragmented,       // its room is in pieces that are too small for all pods at once
};
inline constexpr size_t kVerdicts = static_cast<size_t>(Verdict::kFragmented) + 1;

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

// The first of the job's groups that has a term for these labels; 0 without groups, -1 for none.
int32_t FindGroup(const PlacementRules& rules, const Labels& labels);
// A dataset that the job needs and the cluster does not hold; else nullptr.
const DatasetWish* FirstMissingDataset(const PlacementRules& rules, const ClusterSpec& cluster);

// What all pods of the job ask for together: parallelism times the request, and that many pods.
Resources TotalRequest(const JobSpec& spec);
// How many pods must fit at once: all, or one for a job that is no gang.
int64_t PodsAtOnce(const JobSpec& spec);
// What these ask for together.
Resources NeedAtOnce(const JobSpec& spec);
// What one pod asks of its node. Pod slots are counted over the whole cluster only.
Resources PodRequest(const JobSpec& spec);

// All pods that must fit at once find room in `free`, and the roomiest node takes one of them. A
// cluster that has not said how its nodes look (nodes == 0) is only asked for the sum.
bool HasRoom(const Resources& total, const Resources& pod, const Resources& free,
             const Capacity& capacity);
// The same on the empty cluster: could this job ever run there?
bool HasRoomWhenEmpty(const Resources& total, const Resources& pod, const Capacity& capacity);

}  // namespace fairway::scheduler
