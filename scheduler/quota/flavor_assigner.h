// Which flavor each resource of a job gets: Kueue's search (concept "ClusterQueue", flavors and
// resources, flavorFungibility). Flavors of a group are tried in order; the first that fits is
// taken unless the fungibility rules want a better one. Pure; reads the tree, changes nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/pending_queue.h"
#include "scheduler/quota/job_quota.h"
#include "scheduler/quota/queueing.h"
#include "scheduler/quota/quota_tree.h"

namespace fairway::scheduler {

// From worst to best.
enum class FlavorMode : uint8_t {
  kNoFit,         // not now, and preemption may not help
  kNoCandidates,  // preemption is allowed, but there is nobody to preempt
  kPreempt,       // after preempting in the own queue too
  kReclaim,       // after preempting others who borrow
  kFit,
};

// What the search asks about the world around the tree.
class FlavorAdvice {
 public:
  FlavorAdvice() = default;
  FlavorAdvice(const FlavorAdvice&) = delete;
  FlavorAdvice& operator=(const FlavorAdvice&) = delete;
  virtual ~FlavorAdvice() = default;
  // Some cluster to which these flavors are bound has room now (`now`), or could have, when empty.
  virtual bool HasCluster(const std::vector<FlavorId>& flavors, bool now) = 0;
  // What preemption could do for `amount` of this slot. `borrow`: how high it would then borrow.
  virtual FlavorMode Preemption(int32_t slot, int64_t amount, int32_t* borrow) = 0;
};

struct SlotNeed {
  int32_t slot = 0;
  int64_t amount = 0;
  bool short_now = false;  // does not fit without preemption
};

struct FlavorAssignment {
  FlavorMode mode = FlavorMode::kNoFit;
  int32_t borrow = 0;  // how high (QuotaTree::BorrowHeight)
  std::vector<PodSetAdmission> pod_sets;
  std::vector<SlotNeed> needs;  // one per slot
  // Kueue's words, one per flavor and resource that does not do; only when asked for.
  std::string pod_set;  // the first that does not fit
  std::vector<std::string> reasons;
  bool exceeds_maximum = false;  // could never fit: more than the queue may ever use
  bool no_flavor = false;        // no flavor matches, or a resource is in no group
  bool no_cluster = false;       // quota fits; no cluster has room
  // When quota alone is in the way: it cannot fit before one of these is free. One per flavor that
  // would do.
  bool lacks_known = false;
  std::vector<Lack> lacks;
};

struct FlavorQuestion {
  const QuotaBook* book;
  const QuotaTree* tree;
  int32_t node = 0;
  const ClusterQueueSpec* rules = nullptr;
  bool fair_sharing = false;
  bool want_reasons = false;
  bool when_idle = false;  // as if nobody used anything
};

// `counts` is parallel to the pod sets: how many pods of each are asked for.
FlavorAssignment AssignFlavors(const FlavorQuestion& question, const std::vector<PodSet>& pod_sets,
                               const std::vector<int32_t>& counts, FlavorAdvice& advice);

// The flavor's node labels and taints suit the pod set. On no, `why` is told in Kueue's words.
bool FlavorSuits(const FlavorSpec& flavor, const std::vector<std::string>& label_keys,
                 const PodSet& pod_set, std::string* why);

}  // namespace fairway::scheduler
