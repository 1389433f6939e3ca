// What the parts of one simulation share: virtual time, the heap of what happens next, the truth
// about jobs and members, and the verdict of the checkers. Owned by Simulation; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/failover/drain.h"
#include "scheduler/failover/trouble.h"
#include "scheduler/hash.h"
#include "scheduler/ids.h"
#include "scheduler/job.h"
#include "tests/sim/event_heap.h"
#include "tests/sim/fault_plan.h"
#include "tests/sim/sim_cluster.h"
#include "tests/sim/sim_job.h"
#include "tests/sim/sim_journal.h"

namespace fairway::sim {

// A planted bug, to prove that the checker of that kind is awake.
enum class Canary : uint8_t {
  kNone,
  kEarlyDispatch,    // remote commands do not wait for their commit
  kEarlyReply,       // clients are answered before the commit
  kDoubleDispatch,   // a job is started on two clusters
  kFalseGone,        // withdrawals are confirmed without being made
  kRerunFinished,    // a finished job is dispatched once more
  kDroppedEdit,      // one edit in fifty never reaches the journal
  kDeafTimer,        // the core's timers never fire
  kDeafRules,        // the core is not told of spread and affinity
  kBlindNodes,       // the core is told of more room on nodes than was observed
  kBrokenIndex,      // a derived index is damaged
  kLeakyLedger,      // used quota is forgotten
  kNoise,            // something from outside the seed decides
  kEagerFence,       // a lost cluster's jobs leave before their leases are over
  kNoGrace,          // the time that pods take to end is forgotten
  kChangedResult,    // a saved result is overwritten
  kStampede,         // moves know no budget
  kRestless,         // a blip moves jobs
  kHastyDrain,       // a graceful drain is taken for one that moves all at once
  kGreedyDrain,      // a drain knows no budget
  kDeafFreeze,       // the core is not told of the freeze
  kEagerFailback,    // jobs go back as soon as they can
  kGreedyDrill,      // the core is not told of a drill's scope
  kStuckDrill,       // what a drill has cut is not restored
  kEagerCount,       // pods are told to be counted before they are
  kBlameCluster,     // every failure is told to be the cluster's
  kEagerRebalance,   // jobs go to better places that are none
  kGreedyRebalance,  // a rebalance knows no budget
  kDeafToLate,       // the core is not told of successes of copies that it has given up
  kGreedyPart,       // a part is told one index too few of the others
  kForgetfulPart,    // and nothing of what has completed
  kGreedyBackfill,   // jobs are told to be over earlier than they are
  kHastyStart,       // the core does not wait for clusters after a start
  kHastyPreemptor,   // nor for jobs that are about to end
};

enum class Happening : uint8_t {
  kSubmit,
  kClientOp,
  kRequest,  // a Dispatch or Withdraw reaches its member
  kAnswer,   // the member's answer reaches the gateway
  kRequestTimeout,
  kWatch,    // a member's watch event reaches the gateway
  kListAsk,  // the gateway asks a member for its list
  kListAtMember,
  kListAnswer,
  kListTimeout,
  kCopyEnds,
  kCommit,
  kCoreTimer,
  kGatewayRestart,
  kMemberRestart,
  kLinkHeal,
  kFault,
  kRemoveCluster,
  kJobSync,      // a member's Job controller visits a new or resumed copy
  kJobDeadline,  // and one whose deadline may be over
  kApprove,      // an operator gives up a manual job's copy, or confirms a loss
  kImagesBack,
  kIndexEnds,
};

struct SimEvent {
  Happening kind;
  uint8_t what = 0;  // of its kind: request, phase, fault ...
  uint8_t flag = 0;
  uint32_t incarnation = 0;  // of the gateway that it is for
  ClusterId cluster{};
  JobId job{};
  Epoch epoch{};
  int64_t value = 0;
  // Dispatch: when the lease ends, renewal: activeDeadlineSeconds in ms, report: when the copy
  // ends. By the member's clock; 0 = none, in reports: not started.
  int64_t lease = 0;
  int64_t started = 0;  // report: the copy's startTime
  uint16_t lease_generation = 0;
  scheduler::Trouble trouble = scheduler::Trouble::kNone;  // report
  // Of Indexed jobs. Dispatch: indexes that are not to be run, and pods at once; report: those that
  // have completed there, and failures.
  uint64_t indexes = 0;
  int32_t pods = 0;
  int32_t failures = 0;
};

// What a violated checker says. Exit codes as in the simulation's contract (main.cc).
struct Violation {
  int code = 0;  // 0 = none
  std::string checker;
  std::string message;
};
inline constexpr int kExitAssert = 127;
inline constexpr int kExitLiveness = 128;
inline constexpr int kExitCorrectness = 129;

struct SimContext {
  SimContext(const FaultPlan& the_plan, Rng the_rng, Canary the_canary)
      : plan(the_plan), rng(the_rng), net_rng(rng.Fork()), canary(the_canary) {}

  FaultPlan plan;
  Rng rng;
  Rng net_rng;
  Canary canary;
  Instant now{1'000'000};
  EventHeap<SimEvent> heap;
  std::vector<scheduler::JobSpec> templates;
  SimJobs jobs;
  std::vector<scheduler::ClusterQueueSpec> queues;  // as last written
  scheduler::QuotaSettings quota_settings;
  std::vector<SimCluster> clusters;  // ids 1, 2, ...
  std::vector<uint8_t> cut;          // per cluster, bits of LinkCut
  std::vector<uint8_t> drill_cut;    // per cluster: the gateway itself keeps its link cut
  SimJournal journal;
  scheduler::FreezeRecord freeze;  // as last told
  bool healed = false;             // the liveness phase: no more faults
  Instant last_command;            // when a remote command was last released
  std::vector<Instant> heard;      // per cluster: when the gateway last had an answer from it
  Violation violation;
  uint64_t hash = scheduler::kHashSeed;
  uint64_t steps = 0;  // Core::Step calls
  uint64_t happenings = 0;

  SimCluster& Cluster(ClusterId id) { return clusters[id.value - 1]; }
  void Fold(uint64_t value) { hash = scheduler::HashMix(hash, value); }
  void Fail(int code, const char* checker, std::string message) {
    if (violation.code == 0) violation = {code, checker, std::move(message)};
  }
  void After(Duration delay, const SimEvent& event) { heap.Push(now + delay, event); }
};

enum LinkCut : uint8_t { kToMemberCut = 1, kToGatewayCut = 2 };

// Sends something over the link between the gateway and a member: late, twice or never.
void SendOverNet(SimContext& sim, bool to_member, const SimEvent& event);

}  // namespace fairway::sim
