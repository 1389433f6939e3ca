// Clients and faults of a simulation.
#include <iterator>

#include "tests/sim/simulation.h"

namespace fairway::sim {

namespace sched = scheduler;

namespace {

constexpr Duration kSafetyTail = Seconds(20);  // faults go on after the last submission

// Somewhere between a third and three times the mean.
Duration Around(Rng& rng, Duration mean) {
  return Milliseconds(rng.Between(mean.ms / 3 + 1, mean.ms * 3 + 1));
}

}  // namespace

void Simulation::SubmitNext() {
  if (submitted_ >= sim_.plan.jobs) {
    safety_ends_ = sim_.now + kSafetyTail;
    return;
  }
  Rng& rng = sim_.rng;
  const int burst = rng.Chance({1, 20}) ? 20 : 1;
  for (int i = 0; i < burst && submitted_ < sim_.plan.jobs; ++i) {
    ++submitted_;
    SimJob job;
    job.spec = static_cast<int>(rng.Below(sim_.templates.size() - 1));
    job.never_fits = rng.Chance(sim_.plan.infeasible);
    if (job.never_fits) job.spec = static_cast<int>(sim_.templates.size()) - 1;
    const sched::JobSpec& spec = sim_.templates[static_cast<size_t>(job.spec)];
    job.cpu_milli = spec.request.cpu_milli * spec.parallelism;
    job.pods = spec.parallelism;
    job.run_time = Around(rng, sim_.plan.run_time);
    job.fails = rng.Chance({1, 10});
    job.failover = spec.failover;
    if (!spec.split.empty() && spec.split[0].bar == sched::SplitBar::kNone) {
      job.completions = spec.split[0].completions;
      job.backoff_limit = spec.split[0].backoff_limit;
      job.flaky = rng.Chance({1, 3});
    }
    job.grace_seconds = sim_.canary == Canary::kNoGrace ? 10 : spec.grace_seconds;
    job.suspended = rng.Chance(sim_.plan.suspends) && rng.Chance({1, 4});
    if (rng.Chance(sim_.plan.ttl)) job.ttl_seconds = static_cast<int32_t>(rng.Between(0, 30));
    if (!gateway_.up()) continue;  // connection refused: it never was
    const JobId id = gateway_.Submit(job);
    PlanClientOps(id);
  }
  sim_.After(Around(rng, sim_.plan.arrival_gap), SimEvent{Happening::kSubmit});
}

void Simulation::PlanClientOps(JobId job) {
  Rng& rng = sim_.rng;
  const auto plan = [&](ClientOp op, Duration at) {
    SimEvent event{Happening::kClientOp};
    event.what = static_cast<uint8_t>(op);
    event.job = job;
    sim_.After(at, event);
  };
  if (rng.Chance(sim_.plan.suspends)) {
    const Duration at = Around(rng, sim_.plan.run_time);
    plan(ClientOp::kSuspend, at);
    plan(ClientOp::kResume, at + Around(rng, sim_.plan.run_time));
  }
  if (rng.Chance(sim_.plan.deletes)) {
    plan(rng.Chance(sim_.plan.orphans) ? ClientOp::kDeleteOrphan : ClientOp::kDelete,
         Around(rng, sim_.plan.run_time));
  }
}

void Simulation::PlanFault(Fault fault, Duration mean) {
  if (mean.ms == 0) return;
  SimEvent event{Happening::kFault};
  event.what = static_cast<uint8_t>(fault);
  event.value = mean.ms;
  sim_.After(Around(sim_.rng, mean), event);
}

void Simulation::Strike(Fault fault) {
  if (healed_at_) return;
  switch (fault) {
    case Fault::kGatewayCrash:
      PlanFault(fault, sim_.plan.gateway_crash);
      if (!gateway_.up()) return;
      gateway_.Crash();
      // Longer than any request that is still under way lives on.
      sim_.After(Milliseconds(sim_.rng.Between(200, 3000)), SimEvent{Happening::kGatewayRestart});
      return;
    case Fault::kMemberCrash:
      PlanFault(fault, sim_.plan.member_crash);
      return CrashMember();
    case Fault::kLinkCut:
      PlanFault(fault, sim_.plan.link_cut);
      return CutLink();
    case Fault::kForeignDelete:
      PlanFault(fault, sim_.plan.foreign_delete);
      return DeleteForeign();
    case Fault::kCapacityLie:
      PlanFault(fault, sim_.plan.capacity_lie);
      return Lie();
    case Fault::kClusterEdit:
      PlanFault(fault, sim_.plan.cluster_edit);
      return EditCluster();
    case Fault::kDecommission:
      PlanFault(fault, sim_.plan.decommission);
      return Decommission();
    case Fault::kPartition:
      PlanFault(fault, sim_.plan.partition);
      return Partition();
    case Fault::kApproval:
      PlanFault(fault, sim_.plan.approvals);
      return Approve();
    case Fault::kDrain:
      PlanFault(fault, sim_.plan.drains);
      return Drain();
    case Fault::kFreeze:
      PlanFault(fault, sim_.plan.freezes);
      return Freeze();
    case Fault::kDrill:
      PlanFault(fault, sim_.plan.drills);
      return Drill();
    case Fault::kQuotaEdit:
      PlanFault(fault, sim_.plan.quota_edit);
      return EditQueue();
    case Fault::kImageOutage:
      PlanFault(fault, sim_.plan.image_outage);
      return DenyImages();
    case Fault::kRebalance:
      PlanFault(fault, sim_.plan.rebalances);
      return Rebalance();
    case Fault::kNodeLoss:
      PlanFault(fault, sim_.plan.node_loss);
      return LoseNodes();
  }
}

SimCluster* Simulation::PickCluster() {
  SimCluster& cluster = sim_.clusters[sim_.rng.Below(sim_.clusters.size())];
  return cluster.exists() && cluster.up() ? &cluster : nullptr;
}

void Simulation::CrashMember() {
  SimCluster* cluster = PickCluster();
  if (cluster == nullptr) return;
  cluster->Crash(sim_.rng.Chance(sim_.plan.member_loses_state));
  SimEvent restart{Happening::kMemberRestart};
  restart.cluster = cluster->id();
  sim_.After(Milliseconds(sim_.rng.Between(500, 10'000)), restart);
}

void Simulation::CutLink() {
  SimCluster* cluster = PickCluster();
  if (cluster == nullptr) return;
  sim_.cut[cluster->id().value - 1] = static_cast<uint8_t>(sim_.rng.Between(1, 3));
  SimEvent heal{Happening::kLinkHeal};
  heal.cluster = cluster->id();
  sim_.After(Milliseconds(sim_.rng.Between(200, 15'000)), heal);
}

// Longer than the threshold; often longer than any lease.
void Simulation::Partition() {
  SimCluster* cluster = PickCluster();
  if (cluster == nullptr) return;
  sim_.cut[cluster->id().value - 1] = static_cast<uint8_t>(sim_.rng.Between(1, 3));
  SimEvent heal{Happening::kLinkHeal};
  heal.cluster = cluster->id();
  sim_.After(sim_.plan.unreachable_after +
                 Milliseconds(sim_.rng.Between(0, 3 * sim_.plan.lease.ms + 10'000)),
             heal);
}

// An operator gives up what waits for him: one manual job in three on lost clusters, or a cluster.
void Simulation::Approve() {
  if (!gateway_.up()) return;
  const sched::World& world = gateway_.core().world();
  std::vector<JobId> waiting;
  for (const auto& [id, job] : sim_.jobs) {
    const sched::JobRecord* record = world.FindJob(id);
    if (record == nullptr || record->state != sched::JobState::kUncertain) continue;
    if (job.failover == sched::FailoverPolicy::kManual && sim_.rng.Chance({1, 3})) {
      waiting.push_back(id);
    }
  }
  for (const JobId id : waiting) gateway_.Ask(id, ClientOp::kApprove);
  for (const auto& [id, cluster] : world.clusters()) {
    if (!sched::IsLost(cluster.record.link.state) || !sim_.rng.Chance({1, 3})) continue;
    sched::ClusterSpec spec = cluster.record.spec;
    spec.confirmed_lost = true;
    return gateway_.AddCluster(id, spec);
  }
}

// A cluster is drained; or, when it is drained already, that ends or is done otherwise.
void Simulation::Drain() {
  SimCluster* cluster = PickCluster();
  if (cluster == nullptr || !gateway_.up()) return;
  const sched::ClusterState* state = gateway_.core().world().FindCluster(cluster->id());
  if (state == nullptr) return;
  sched::ClusterSpec spec = state->record.spec;
  const bool drained = spec.drain.mode != sched::DrainMode::kNone;
  spec.drain = {};
  if (!drained || sim_.rng.Chance({1, 3})) {
    const bool now = sim_.rng.Chance({1, 3});
    spec.drain.mode = now ? sched::DrainMode::kNow : sched::DrainMode::kGraceful;
    if (!now && sim_.rng.Chance({1, 2})) {
      spec.drain.deadline = Milliseconds(sim_.rng.Between(500, 20'000));
    }
    spec.drain.moving_max = static_cast<int32_t>(sim_.rng.Between(1, 4));
  }
  gateway_.AddCluster(cluster->id(), spec);
}

void Simulation::Freeze() {
  if (!gateway_.up()) return;
  gateway_.Freeze(!sim_.freeze.frozen, sim_.rng.Chance({1, 3}));
}

// A cluster's loss is rehearsed, for half of the jobs that are there, or all; or that is ended.
void Simulation::Drill() {
  SimCluster* cluster = PickCluster();
  if (cluster == nullptr || !gateway_.up()) return;
  const sched::World& world = gateway_.core().world();
  if (world.drill().phase != sched::DrillPhase::kNone) {
    if (sim_.rng.Chance({1, 4})) gateway_.AbortDrill();
    return;
  }
  sched::DrillWish wish;
  wish.id = ++drills_;
  wish.name = "drill";
  wish.clusters = {cluster->id()};
  wish.cut_for = Milliseconds(
      sim_.rng.Between(1'000, sim_.plan.unreachable_after.ms + 3 * sim_.plan.lease.ms));
  wish.abort_unhealthy = sim_.rng.Chance({1, 3});
  if (sim_.rng.Chance({1, 4})) wish.pending_max = sim_.rng.Between(0, 20);
  wish.listed = sim_.rng.Chance({2, 3});
  for (const auto& [id, record] : world.jobs()) {
    if (wish.listed && sim_.rng.Chance({1, 2})) wish.jobs.push_back(id);
  }
  gateway_.Drill(wish);
}

// Jobs are to go to better places, a few or all that gain; or that is ended.
void Simulation::Rebalance() {
  if (!gateway_.up()) return;
  const bool under_way = sched::IsUnderWay(gateway_.core().world().rebalance());
  if (under_way && !sim_.rng.Chance({1, 4})) return;
  gateway_.Rebalance(!under_way, under_way ? 0 : sim_.rng.Between(0, 5));
}

void Simulation::DeleteForeign() {
  SimCluster* cluster = PickCluster();
  if (cluster == nullptr || cluster->copies().empty()) return;
  const auto at = std::next(cluster->copies().begin(),
                            static_cast<ptrdiff_t>(sim_.rng.Below(cluster->copies().size())));
  const CopyKey key = at->first;
  cluster->Remove(sim_.now, key);
  Watch(*cluster, key, kWatchGone, {});
  PublishStarted(*cluster);
}

void Simulation::Lie() {
  SimCluster* cluster = PickCluster();
  if (cluster == nullptr) return;
  cluster->SetForeignLoad(1000 * sim_.rng.Between(0, 12));
  if (!gateway_.up() || gateway_.core().world().FindCluster(cluster->id()) == nullptr) return;
  sched::Capacity lie = cluster->Measure();
  // Never more than the member has when empty: nobody moves a job that was lured to where it cannot
  // run.
  lie.allocatable.cpu_milli = sim_.rng.Between(-1000, lie.allocatable.cpu_milli);
  lie.requested.cpu_milli = sim_.rng.Between(-50'000, 50'000);
  gateway_.ReportCapacity(cluster->id(), lie, cluster->Counted());
}

void Simulation::EditCluster() {
  SimCluster* cluster = PickCluster();
  if (cluster == nullptr || !gateway_.up()) return;
  if (gateway_.core().world().FindCluster(cluster->id()) == nullptr) return;
  sched::ClusterSpec spec = specs_[cluster->id().value - 1];
  spec.cordoned = sim_.rng.Chance({1, 2});
  if (sim_.rng.Chance({1, 2})) spec.labels["region"] = "r" + std::to_string(sim_.rng.Below(3));
  if (sim_.rng.Chance({1, 3})) {
    spec.taints.push_back({"noisy", "", sched::TaintEffect::kPreferNoSchedule});
  }
  if (sim_.rng.Chance({1, 4})) {  // its jobs move away, some of them later
    spec.taints.push_back({"drain", "", sched::TaintEffect::kNoExecute});
  }
  gateway_.AddCluster(cluster->id(), spec);
}

void Simulation::Decommission() {
  int left = 0;
  for (const SimCluster& cluster : sim_.clusters) left += cluster.exists() ? 1 : 0;
  SimCluster* cluster = PickCluster();
  if (cluster == nullptr || left <= 1) return;
  cluster->Destroy();
  SimEvent remove{Happening::kRemoveCluster};
  remove.cluster = cluster->id();
  sim_.After(Milliseconds(sim_.rng.Between(100, 8'000)), remove);
}

}  // namespace fairway::sim
