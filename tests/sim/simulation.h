// One simulated run: a safety phase under faults, then everything heals, then the liveness phase:
// every job that can finish must finish and the command stream must fall silent. Deterministic: the
// same options give the same hash on every run, compiler and optimization level.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/sim_context.h"
#include "tests/sim/sim_gateway.h"

namespace fairway::sim {

struct SimOptions {
  uint64_t seed = 1;
  Mode mode = Mode::kLite;
  Canary canary = Canary::kNone;
};

struct SimOutcome {
  Violation violation;  // code 0 = all promises kept
  uint64_t hash = 0;
  uint64_t steps = 0;
  uint64_t happenings = 0;
  Duration virtual_time;
  scheduler::WorldStats stats;
};

class Simulation {
 public:
  explicit Simulation(const SimOptions& options);

  const FaultPlan& plan() const { return sim_.plan; }
  SimOutcome Run();

 private:
  enum class Fault : uint8_t {
    kGatewayCrash,
    kMemberCrash,
    kLinkCut,
    kForeignDelete,
    kCapacityLie,
    kClusterEdit,
    kDecommission,
    kPartition,
    kApproval,
    kQuotaEdit,
    kDrain,
    kFreeze,
    kDrill,
    kImageOutage,
    kNodeLoss,
    kRebalance,
  };

  void MakeTemplates();
  scheduler::PlacementRules MakeRules();
  void MakeClusters();
  // Quota (simulation_quota.cc).
  void MakeQueues();
  void EditQueue();
  void HealQueues();
  void Happen(const SimEvent& event);
  // Members (simulation_members.cc).
  void OnRequest(const SimEvent& event);
  void OnCopyEnds(const SimEvent& event);
  // Of Indexed jobs (simulation_indexes.cc).
  void MakeSplits();
  void StartIndexes(const SimCluster& cluster, CopyKey key, const SimCopy& copy);
  void OnIndexEnds(const SimEvent& event);
  void OnJobSync(const SimEvent& event);
  void OnJobDeadline(const SimEvent& event);
  void RemoveOlder(SimCluster& cluster, CopyKey key);
  void PlanJobController(SimCluster& cluster, CopyKey key);
  void Watch(const SimCluster& cluster, CopyKey key, uint8_t what, Instant finished);
  void PublishStarted(SimCluster& cluster);
  // Clients and faults (simulation_faults.cc).
  void SubmitNext();
  void PlanClientOps(JobId job);
  void PlanFault(Fault fault, Duration mean);
  void Strike(Fault fault);
  void CrashMember();
  void CutLink();
  void DeleteForeign();
  void Lie();
  void EditCluster();
  void Decommission();
  void Partition();
  void Approve();
  void Drain();
  void Freeze();
  void Drill();
  void Rebalance();
  // Members that cannot run what they have (simulation_trouble.cc).
  void DenyImages();
  void ImagesBack(SimCluster& cluster);
  void LoseNodes();
  void TellTroubles(const SimCluster& cluster);
  SimCluster* PickCluster();
  // The end (simulation_end.cc).
  void CheckNow();
  void Heal();
  void ResumeAll();
  void WatchForQuiet();
  std::string FindUnsettled() const;
  std::string Describe(JobId id) const;
  bool CanFinish(JobId id, const SimJob& job) const;

  SimContext sim_;
  SimGateway gateway_;
  std::vector<scheduler::ClusterSpec> specs_;  // as first registered
  int submitted_ = 0;
  uint64_t drills_ = 0;
  Instant safety_ends_;  // 0 while jobs are still submitted
  Instant healed_at_, next_quiet_check_, silent_since_;
  bool finished_ = false;
};

}  // namespace fairway::sim
