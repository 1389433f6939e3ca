// What the platform team writes about quota: Kueue's ResourceFlavor, Cohort, ClusterQueue and
// LocalQueue as plain values. They name each other by name, as Kueue's objects do; a name that
// nothing bears is no error, the queue that uses it is merely inactive. Amounts are in the
// resource's own unit (resources.h: thousandths of cpu, whole units of all others).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "scheduler/ids.h"
#include "scheduler/instant.h"
#include "scheduler/job_terms.h"

namespace fairway::scheduler {

// Each is the revision that created its object.
using FlavorId = Id<struct FlavorTag>;
using CohortId = Id<struct CohortTag>;
using ClusterQueueId = Id<struct ClusterQueueTag>;
using LocalQueueId = Id<struct LocalQueueTag>;

struct FlavorSpec {
  std::string name;
  // Binds the flavor to the clusters with these labels; empty = to every cluster.
  std::map<std::string, std::string> node_labels;
  std::vector<Taint> node_taints;
  std::vector<Toleration> tolerations;  // given to the pods that are admitted with this flavor
  bool operator==(const FlavorSpec&) const = default;
};

inline constexpr int64_t kNoLimit = -1;

struct ResourceQuota {
  std::string resource;
  int64_t nominal = 0;
  int64_t borrowing_limit = kNoLimit;  // at most so much above nominal
  int64_t lending_limit = kNoLimit;    // of nominal, what others may use
  bool operator==(const ResourceQuota&) const = default;
};

struct FlavorQuotas {
  std::string flavor;
  std::vector<ResourceQuota> resources;
  bool operator==(const FlavorQuotas&) const = default;
};

struct ResourceGroup {
  std::vector<std::string> covered;   // resource names
  std::vector<FlavorQuotas> flavors;  // in the order in which they are tried
  bool operator==(const ResourceGroup&) const = default;
};

inline constexpr int64_t kFairWeightOne = 1000;

struct CohortSpec {
  std::string name;
  std::string parent;  // empty = a root
  std::vector<ResourceGroup> groups;
  int64_t fair_weight_milli = kFairWeightOne;
  bool operator==(const CohortSpec&) const = default;
};

enum class QueueingStrategy : uint8_t { kBestEffortFifo, kStrictFifo };
enum class PreemptionPolicy : uint8_t { kNever, kLowerPriority, kLowerOrNewerEqualPriority, kAny };
enum class StopPolicy : uint8_t { kNone, kHold, kHoldAndDrain };

struct PreemptionRules {
  PreemptionPolicy within_cluster_queue = PreemptionPolicy::kNever;
  PreemptionPolicy reclaim_within_cohort = PreemptionPolicy::kNever;
  // kNever or kLowerPriority: may a job that borrows preempt in other queues?
  PreemptionPolicy borrow_within_cohort = PreemptionPolicy::kNever;
  bool has_threshold = false;  // borrowWithinCohort.maxPriorityThreshold
  int32_t max_priority_threshold = 0;
  bool operator==(const PreemptionRules&) const = default;
};

// What to do when a flavor would do, but only by borrowing or by preempting.
enum class FungibilityPolicy : uint8_t { kMayStopSearch, kTryNextFlavor };
enum class FungibilityPreference : uint8_t {
  kBorrowingOverPreemption,
  kPreemptionOverBorrowing,
};

struct FlavorFungibility {
  FungibilityPolicy when_can_borrow = FungibilityPolicy::kMayStopSearch;
  FungibilityPolicy when_can_preempt = FungibilityPolicy::kTryNextFlavor;
  FungibilityPreference preference = FungibilityPreference::kBorrowingOverPreemption;
  bool operator==(const FlavorFungibility&) const = default;
};

struct ClusterQueueSpec {
  std::string name;
  std::string cohort;  // empty = stands alone
  std::vector<ResourceGroup> groups;
  QueueingStrategy strategy = QueueingStrategy::kBestEffortFifo;
  PreemptionRules preemption;
  FlavorFungibility fungibility;
  int64_t fair_weight_milli = kFairWeightOne;
  StopPolicy stop_policy = StopPolicy::kNone;
  // Annotation fairway.flext.sh/n-minus-one: admit only what would still fit if any one cluster
  // were lost.
  bool survive_cluster_loss = false;
  bool operator==(const ClusterQueueSpec&) const = default;
};

struct LocalQueueSpec {
  std::string name;           // namespace/name
  std::string cluster_queue;  // by name
  StopPolicy stop_policy = StopPolicy::kNone;
  bool namespace_admitted = true;  // the ClusterQueue's namespaceSelector matches the namespace
  bool operator==(const LocalQueueSpec&) const = default;
};

// How fair sharing picks victims (Kueue's fairSharing.preemptionStrategies, in their order).
enum class FairStrategies : uint8_t {
  kFinalThenInitial,  // LessThanOrEqualToFinalShare, then LessThanInitialShare
  kFinalOnly,
  kInitialOnly,
};

// From the gateway's configuration; said anew after each start, not saved.
struct QuotaSettings {
  bool fair_sharing = false;
  FairStrategies strategies = FairStrategies::kFinalThenInitial;
  // The first of a queue that has waited for so long is promised quota and room (reservation.h).
  Duration reserve_after = Seconds(300);
  // So long somebody who might preempt waits for victims that are about to end (quota_estimate.h).
  Duration ends_awaited = Seconds(1);
  bool operator==(const QuotaSettings&) const = default;
};

}  // namespace fairway::scheduler
