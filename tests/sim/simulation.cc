#include "tests/sim/simulation.h"

#include "tests/sim/checkers/recovery_is_exact.h"

namespace fairway::sim {

namespace sched = scheduler;

namespace {

constexpr uint64_t kInvariantsEvery = 1024;
constexpr uint64_t kDrillCheckEvery = 64;
constexpr uint64_t kRecoveryCheckEvery = 4096;

FaultPlan DrawPlan(Rng rng, const SimOptions& options) {
  FaultPlan plan = FaultPlan::Draw(rng, options.mode);
  if (options.canary == Canary::kNone) return plan;
  // A planted bug must have its chance to do harm.
  plan.clusters = std::max(plan.clusters, 3);
  plan.gateway_crash = Seconds(2);
  plan.commit_delay_max = Milliseconds(30);
  plan.loss = {10, 100};
  plan.foreign_delete = Seconds(1);
  plan.ttl = {50, 100};
  plan.deletes = {20, 100};
  const bool failover =
      options.canary >= Canary::kEagerFence && options.canary <= Canary::kStuckDrill;
  plan.partition = failover ? Seconds(4) : plan.partition;
  if (failover) {
    plan.policies =
        options.canary == Canary::kStampede || options.canary == Canary::kRestless ? 4 : 1;
    plan.jobs = std::max(plan.jobs, 100);
    plan.run_time = Seconds(15);
    plan.gateway_crash = Seconds(60);
    plan.lease = Milliseconds(3'000);
    plan.unreachable_after = Milliseconds(options.canary == Canary::kRestless ? 8'000 : 2'500);
    plan.member_crash = plan.foreign_delete = plan.link_cut = Duration{};
    plan.deletes = plan.suspends = {0, 100};
    plan.moves_per_second = options.canary == Canary::kStampede ? 1 : 50;
  }
  if (options.canary == Canary::kLeakyLedger) plan.queues = 3;
  if (options.canary == Canary::kGreedyBackfill) {
    plan.queues = 3;
    plan.reserve_after = Seconds(1);
    plan.run_time = Seconds(20);
    plan.quota_edit = Duration{};
  }
  if (options.canary == Canary::kHastyPreemptor) {
    plan.queues = 3;
    plan.jobs = 300;
    plan.arrival_gap = Milliseconds(60);
    plan.run_time = Milliseconds(1'500);
    plan.quota_edit = Duration{};
  }
  if (options.canary == Canary::kHastyStart) plan.settle_max = Seconds(5);
  if (options.canary == Canary::kGreedyPart || options.canary == Canary::kForgetfulPart) {
    plan.splits = true;
    plan.jobs = std::max(plan.jobs, 100);
    plan.run_time = Seconds(5);
  }
  if (options.canary == Canary::kEagerCount) {
    plan.uniform_pods = plan.tells_counted = true;
    plan.capacity_lag_max = Seconds(5);
    plan.jobs = std::max(plan.jobs, 100);
    plan.queues = 0;
  }
  if (failover && options.canary >= Canary::kHastyDrain) {
    plan.drains = Seconds(3);
    plan.freezes = options.canary == Canary::kDeafFreeze ? Seconds(5) : Duration{};
    plan.policies = 4;
    plan.failback_after = Seconds(10);
    plan.gateway_crash = Duration{};
  }
  if (failover && options.canary >= Canary::kGreedyDrill) {
    plan.drills = Seconds(5);
    plan.drains = plan.partition = Duration{};
    plan.cluster_edit = plan.decommission = Duration{};
  }
  if (options.canary == Canary::kEagerRebalance || options.canary == Canary::kGreedyRebalance) {
    plan.rebalance = true;
    plan.rebalance_gain_min = 200;
    plan.rebalance_run_min = Duration{};
    plan.rebalance_cooldown = plan.rebalance_every = Seconds(1);
    plan.rebalances_per_minute = 60;
    plan.policies = 4;
    plan.jobs = std::max(plan.jobs, 100);
    plan.run_time = Seconds(15);
    plan.queues = 0;
    plan.drills = Duration{};
  }
  return plan;
}

}  // namespace

Simulation::Simulation(const SimOptions& options)
    : sim_(DrawPlan(Rng(options.seed), options), Rng(options.seed ^ 0x5EEDull), options.canary),
      gateway_(sim_) {
  MakeTemplates();
  MakeSplits();
  MakeClusters();
  MakeQueues();
}

void Simulation::MakeTemplates() {
  using Op = sched::LabelRequirement::Op;
  for (int i = 0; i < sim_.plan.specs; ++i) {
    sched::JobSpec spec;
    spec.request.cpu_milli = 100 * sim_.rng.Between(1, 30);
    if (sim_.plan.uniform_pods) spec.request.cpu_milli = 1000;
    spec.request.memory_bytes = 1 << 20;
    spec.parallelism = static_cast<int32_t>(sim_.rng.Between(1, 3));
    spec.priority = static_cast<int32_t>(sim_.rng.Between(0, 3)) * 10;
    if (sim_.rng.Chance({1, 3})) {
      spec.required = {{{{"region", Op::kNotIn, {"r" + std::to_string(sim_.rng.Below(3))}}}}};
    }
    if (sim_.rng.Chance({1, 3})) {
      spec.preferred = {{10, {{{"region", Op::kIn, {"r" + std::to_string(sim_.rng.Below(3))}}}}}};
    }
    if (sim_.rng.Chance({1, 2})) spec.tolerations = {{"dedicated", true, "", true, {}, -1}};
    if (sim_.rng.Chance({1, 3})) {
      spec.tolerations.push_back({"drain", true, "", true, {}, sim_.rng.Between(0, 20)});
    }
    if (sim_.rng.Chance({1, 2})) spec.rules = {MakeRules()};
    do {
      spec.failover = static_cast<sched::FailoverPolicy>(sim_.rng.Below(4));
    } while ((sim_.plan.policies >> static_cast<int>(spec.failover) & 1) == 0);
    spec.grace_seconds = static_cast<int32_t>(sim_.rng.Between(0, 3));
    spec.failback = sim_.rng.Chance({1, 3});
    spec.rebalance = i % 2 == 0;
    if (sim_.canary == Canary::kNoGrace) spec.grace_seconds = 0;
    sim_.templates.push_back(std::move(spec));
  }
  sched::JobSpec monster;  // fits nowhere, ever
  monster.request.cpu_milli = 1'000'000'000;
  sim_.templates.push_back(std::move(monster));
}

// Rules that leave every job a way to run in the end: jobs that are in the way end some day, and
// one that wants company finds it among its own kind or is the first.
sched::PlacementRules Simulation::MakeRules() {
  using Op = sched::LabelRequirement::Op;
  Rng& rng = sim_.rng;
  sched::PlacementRules rules;
  rules.scope = "default";
  const std::string app = rng.Chance({1, 2}) ? "a" : "b";
  rules.labels["app"] = app;
  const auto jobs = [&](const std::string& name) {
    return sched::JobSelector{"default", {{"app", Op::kIn, {name}}}};
  };
  const std::string topology = rng.Chance({1, 2}) ? "" : "zone";
  switch (rng.Below(4)) {
    case 0:
      rules.spread = {{static_cast<int32_t>(rng.Between(1, 3)), true, jobs(app), topology}};
      break;
    case 1:
      rules.job_affinity = {{true, 0, jobs(rng.Chance({1, 2}) ? "a" : "b"), topology}};
      break;
    case 2:
      rules.job_affinity = {{false, 0, jobs(app), topology}};
      break;
    default:
      for (const char* region : {"r0", "r1"}) {
        rules.groups.push_back({region, {{{{"region", Op::kIn, {region}}}}}});
      }
  }
  return rules;
}

void Simulation::MakeClusters() {
  for (int i = 0; i < sim_.plan.clusters; ++i) {
    const ClusterId id{static_cast<uint64_t>(i) + 1};
    sched::ClusterSpec spec;
    spec.name = "c" + std::to_string(id.value);
    spec.labels = {{"region", "r" + std::to_string(i % 3)}, {"zone", "z" + std::to_string(i % 2)}};
    if (sim_.rng.Chance({1, 4})) {
      spec.taints = {{"dedicated", "x", sched::TaintEffect::kNoSchedule}};
    }
    specs_.push_back(spec);
    const int64_t nodes = sim_.rng.Between(1, 5);
    sim_.clusters.emplace_back(id, 1000 * std::max<int64_t>(sim_.rng.Between(4, 24) / nodes, 3),
                               static_cast<size_t>(nodes));
    sim_.cut.push_back(0);
    sim_.drill_cut.push_back(0);
    sim_.heard.push_back({});
    const int64_t skew = sim_.plan.clock_skew_max.ms;
    sim_.clusters.back().SetClock(Milliseconds(sim_.rng.Between(-skew, skew)));
  }
}

SimOutcome Simulation::Run() {
  gateway_.Start();
  for (const SimCluster& cluster : sim_.clusters) {
    gateway_.AddCluster(cluster.id(), specs_[cluster.id().value - 1]);
  }
  for (size_t i = 0; i < sim_.queues.size(); ++i) gateway_.PutQueue(i);
  sim_.After(Milliseconds(10), SimEvent{Happening::kSubmit});
  PlanFault(Fault::kGatewayCrash, sim_.plan.gateway_crash);
  PlanFault(Fault::kMemberCrash, sim_.plan.member_crash);
  PlanFault(Fault::kLinkCut, sim_.plan.link_cut);
  PlanFault(Fault::kForeignDelete, sim_.plan.foreign_delete);
  PlanFault(Fault::kCapacityLie, sim_.plan.capacity_lie);
  PlanFault(Fault::kClusterEdit, sim_.plan.cluster_edit);
  PlanFault(Fault::kDecommission, sim_.plan.decommission);
  PlanFault(Fault::kPartition, sim_.plan.partition);
  PlanFault(Fault::kApproval, sim_.plan.approvals);
  PlanFault(Fault::kDrain, sim_.plan.drains);
  PlanFault(Fault::kFreeze, sim_.plan.freezes);
  PlanFault(Fault::kDrill, sim_.plan.drills);
  PlanFault(Fault::kImageOutage, sim_.plan.image_outage);
  PlanFault(Fault::kNodeLoss, sim_.plan.node_loss);
  PlanFault(Fault::kRebalance, sim_.plan.rebalances);
  if (sim_.plan.queues > 0) PlanFault(Fault::kQuotaEdit, sim_.plan.quota_edit);

  const Instant start = sim_.now;
  while (!sim_.heap.empty() && sim_.violation.code == 0 && !finished_) {
    sim_.now = sim_.heap.NextAt();
    const SimEvent event = sim_.heap.Pop();
    ++sim_.happenings;
    sim_.Fold(static_cast<uint64_t>(sim_.now.ms) * 32 + static_cast<uint64_t>(event.kind));
    sim_.Fold(event.job.value * 64 + event.cluster.value);
    sim_.Fold(static_cast<uint64_t>(event.value) + event.what);
    Happen(event);
    CheckNow();
  }
  SimOutcome outcome{sim_.violation, sim_.hash, sim_.steps, sim_.happenings, sim_.now - start, {}};
  if (gateway_.up()) outcome.stats = gateway_.core().world().stats();
  return outcome;
}

void Simulation::CheckNow() {
  if (gateway_.up() && sim_.happenings % kInvariantsEvery == 0) {
    gateway_.core().world().CheckInvariants();
  }
  if (gateway_.up() && sim_.happenings % kRecoveryCheckEvery == 0 && sim_.journal.idle()) {
    CheckRecovery(sim_, gateway_.core().world());
  }
  if (sim_.happenings % kDrillCheckEvery == 0) gateway_.CheckDrill();
  if (!healed_at_ && safety_ends_ && safety_ends_ <= sim_.now) Heal();
  if (healed_at_) WatchForQuiet();
}

void Simulation::Happen(const SimEvent& event) {
  switch (event.kind) {
    case Happening::kSubmit:
      return SubmitNext();
    case Happening::kClientOp:
      if (gateway_.up()) gateway_.Ask(event.job, static_cast<ClientOp>(event.what));
      return;
    case Happening::kRequest:
      return OnRequest(event);
    case Happening::kCopyEnds:
      return OnCopyEnds(event);
    case Happening::kIndexEnds:
      return OnIndexEnds(event);
    case Happening::kJobSync:
      return OnJobSync(event);
    case Happening::kJobDeadline:
      return OnJobDeadline(event);
    case Happening::kListAtMember:
      return gateway_.OnListAtMember(event);
    case Happening::kGatewayRestart:
      if (!gateway_.up()) gateway_.Start();
      return;
    case Happening::kMemberRestart:
      if (SimCluster& cluster = sim_.Cluster(event.cluster); cluster.exists() && !cluster.up()) {
        cluster.Restart(sim_.now);
        PublishStarted(cluster);
      }
      return;
    case Happening::kLinkHeal:
      sim_.cut[event.cluster.value - 1] = 0;
      return;
    case Happening::kImagesBack:
      return ImagesBack(sim_.Cluster(event.cluster));
    case Happening::kFault:
      return Strike(static_cast<Fault>(event.what));
    case Happening::kRemoveCluster:
      if (gateway_.up()) {
        gateway_.RemoveCluster(event.cluster);
      } else {
        sim_.After(Seconds(1), event);
      }
      return;
    default:
      break;
  }
  if (!gateway_.IsMine(event)) return;  // meant for a process that is no more
  switch (event.kind) {
    case Happening::kAnswer:
      return gateway_.OnAnswer(event);
    case Happening::kRequestTimeout:
      return gateway_.OnRequestTimeout(event);
    case Happening::kWatch:
      return gateway_.OnWatch(event);
    case Happening::kListAsk:
      return gateway_.OnListAsk(event);
    case Happening::kListAnswer:
      return gateway_.OnListAnswer(event);
    case Happening::kListTimeout:
      return gateway_.OnListTimeout(event);
    case Happening::kCommit:
      return gateway_.OnCommit(event);
    case Happening::kCoreTimer:
      return gateway_.OnCoreTimer(event);
    default:
      return;
  }
}

}  // namespace fairway::sim
