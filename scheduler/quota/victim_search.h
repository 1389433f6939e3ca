// The inner part of preemption: candidates, and the greedy searches over them. Internal to
// scheduler/quota.
#pragma once

#include <absl/container/btree_map.h>

#include <utility>
#include <vector>

#include "scheduler/quota/preemption.h"

namespace fairway::scheduler {

// One admitted job that might make place.
struct VictimCandidate {
  JobId job;
  int32_t node = 0;                // of its queue
  int32_t lca = QuotaTree::kNone;  // the lowest cohort that it shares with the preemptor
  PreemptionCause cause = PreemptionCause::kNone;
  bool only_without_borrowing = false;
  int32_t priority = 0;
  int64_t lost = 0;  // pod-milliseconds that its end would waste, as of the youngest start known
  Instant admitted;
  ClusterId cluster;
  const JobQuota* quota = nullptr;
  const SpecEntry* spec = nullptr;
  const JobRecord* record = nullptr;
};

class VictimSearch {
 public:
  VictimSearch(World& world, const PreemptionQuestion& question);

  // Everybody who may be preempted, in the order in which they are asked: those of other queues
  // first, lowest priority first, the youngest admission first (the least work is lost), then the
  // youngest job.
  const std::vector<VictimCandidate>& candidates() const { return candidates_; }

  // A minimal set among the candidates of one cluster (`any` = of all). False: there is none.
  bool Find(ClusterId scope, bool any, std::vector<VictimCandidate>& victims);
  // Quota alone is asked for from now on.
  void IgnoreRoom() { ignore_room_ = true; }
  // Where the job would go once the victims of the last Find are gone.
  ClusterId target() const { return target_; }

 private:
  void Collect();
  void CollectFrom(int32_t node, int32_t lca, bool advantage);
  void CollectBelow(int32_t cohort, int32_t skip, int32_t lca, bool advantage);
  void CollectReclaimable();
  bool MayPreempt(const JobRecord& other, int32_t priority, PreemptionPolicy policy) const;
  bool UsesShortSlots(const VictimCandidate& candidate) const;
  int64_t AmountOf(const VictimCandidate& candidate, int32_t slot) const;
  bool CouldReclaim() const;
  bool WithinNominal(int32_t node) const;
  bool IsValid(const VictimCandidate& candidate, bool borrow) const;
  bool IsAsked(const VictimCandidate& candidate, ClusterId scope, bool any) const;

  bool FindSet(ClusterId scope, bool any, std::vector<VictimCandidate>& victims);
  bool Classical(ClusterId scope, bool any, bool borrow, std::vector<VictimCandidate>& victims);
  bool Fair(ClusterId scope, bool any, std::vector<VictimCandidate>& victims);
  struct FairQueues;
  bool FairFirst(FairQueues& queues, std::vector<VictimCandidate>& victims,
                 std::vector<VictimCandidate>& retry);
  bool FairSecond(FairQueues& queues, std::vector<VictimCandidate>& victims);
  int32_t NextFairQueue(FairQueues& queues, int32_t cohort);

  void Remove(const VictimCandidate& candidate, int sign);
  void MoveNeeds(int sign);
  bool Fits(bool borrow, const std::vector<VictimCandidate>& victims);
  bool FindRoom(const std::vector<VictimCandidate>& victims);
  void FillBack(bool borrow, std::vector<VictimCandidate>& victims);

  World& world_;
  const PreemptionQuestion& q_;
  QuotaTree& tree_;
  const ClusterQueueSpec* rules_ = nullptr;
  int32_t priority_ = 0;
  bool fair_ = false;
  bool ignore_room_ = false;
  bool spare_own_ = false;    // nobody of the own queue is asked
  bool needs_moved_ = false;  // the preemptor's own usage is in the planned ledger (fair sharing)
  std::vector<int32_t> short_slots_;
  std::vector<VictimCandidate> candidates_;
  bool hierarchy_empty_ = true;  // nobody is below the preemptor in the hierarchy's eyes
  ClusterId scope_;
  ClusterId target_;
};

// The nodes just below the lowest cohort that two nodes of one tree share: of `a`, and of `b`.
std::pair<int32_t, int32_t> BelowCommon(const QuotaTree& tree, int32_t a, int32_t b);

}  // namespace fairway::scheduler
