// The second half of a simulation: heal, then demand that everything finishes and falls silent.
#include "scheduler/constraint.h"
#include "scheduler/placement.h"
#include "scheduler/split/family.h"
#include "tests/sim/checkers/beliefs_are_true.h"
#include "tests/sim/checkers/nothing_lost.h"
#include "tests/sim/checkers/recovery_is_exact.h"
#include "tests/sim/simulation.h"

namespace fairway::sim {

namespace sched = scheduler;

namespace {

constexpr Duration kLivenessMax = Seconds(6 * 3600);  // virtual; far beyond any honest queue
constexpr Duration kQuietCheckEvery = Seconds(5);
constexpr Duration kSilence = Seconds(150);  // longer than any retry delay

}  // namespace

void Simulation::Heal() {
  healed_at_ = sim_.now;
  next_quiet_check_ = sim_.now;
  sim_.healed = true;
  sim_.cut.assign(sim_.cut.size(), 0);
  for (SimCluster& cluster : sim_.clusters) {
    if (!cluster.exists()) continue;
    cluster.SetForeignLoad(0);
    ImagesBack(cluster);
    cluster.Restart(sim_.now);
    PublishStarted(cluster);
  }
  if (!gateway_.up()) gateway_.Start();
  for (const SimCluster& cluster : sim_.clusters) {
    if (cluster.exists()) gateway_.AddCluster(cluster.id(), specs_[cluster.id().value - 1]);
  }
  if (sim_.freeze.frozen) gateway_.Freeze(false, false);
  if (gateway_.core().world().drill().phase != sched::DrillPhase::kNone) gateway_.AbortDrill();
  HealQueues();
  ResumeAll();
}

void Simulation::ResumeAll() {
  std::vector<JobId> suspended;
  for (const auto& [id, job] : sim_.jobs) {
    if (job.suspended && !job.released) suspended.push_back(id);
  }
  for (const JobId id : suspended) gateway_.Ask(id, ClientOp::kResume);
}

// By the simulation's own facts, not by the core's opinion.
bool Simulation::CanFinish(JobId id, const SimJob& job) const {
  const sched::JobSpec& spec = sim_.templates[static_cast<size_t>(job.spec)];
  for (const SimCluster& cluster : sim_.clusters) {
    if (!cluster.exists() || Refuses(cluster.id(), id, sim_.plan.rejects)) continue;
    const sched::ClusterSpec& wishes = specs_[cluster.id().value - 1];
    if (sched::MatchesRequiredAffinity(spec.required, wishes.labels) &&
        sched::FirstUntoleratedTaint(wishes.taints, spec.tolerations) == nullptr &&
        (spec.rules.empty() || sched::FindGroup(spec.rules.front(), wishes.labels) >= 0) &&
        cluster.CouldRun(job.pods, spec.request.cpu_milli)) {
      return true;
    }
  }
  return false;
}

// Where the core sees a job, for the report.
std::string Simulation::Describe(JobId id) const {
  const sched::JobRecord* record = gateway_.core().world().FindJob(id);
  if (record == nullptr) return "the core does not know it";
  const sched::Decision decision = sched::ExplainJob(gateway_.core().world(), *record);
  std::string parts;
  for (const sched::JobRecord* part : sched::PartsOf(gateway_.core().world(), id)) {
    if (!sched::IsFinished(*part)) parts += "; part: " + Describe(part->job);
  }
  return "state " + std::to_string(static_cast<int>(record->state)) + ", cluster " +
         std::to_string(record->cluster.value) + ", epoch " + std::to_string(record->epoch.value) +
         "; " + decision.message + parts;
}

// What is still to happen, in words; empty when nothing is.
std::string Simulation::FindUnsettled() const {
  for (const auto& [id, job] : sim_.jobs) {
    if (job.released) continue;
    const std::string name = "job " + std::to_string(id.value);
    if (job.delete_asked) return name + " is deleted and not released";
    if (job.finished && job.ttl_seconds >= 0) return name + " has outlived its TTL";
    if (job.finished) continue;
    if (job.suspended) return name + " is suspended";
    if (CanFinish(id, job)) return name + " could finish and has not: " + Describe(id);
  }
  if (gateway_.core().world().drill().phase != sched::DrillPhase::kNone) {
    return "a drill is under way";
  }
  if (sched::IsUnderWay(gateway_.core().world().rebalance())) return "a rebalance is under way";
  return "";
}

void Simulation::WatchForQuiet() {
  if (sim_.now < next_quiet_check_ || finished_) return;
  next_quiet_check_ = sim_.now + kQuietCheckEvery;
  // A client's late suspension is taken back: the liveness phase has no more wishes.
  ResumeAll();
  const std::string unsettled = FindUnsettled();
  if (!unsettled.empty()) {
    silent_since_ = Instant{};
    if (sim_.now - healed_at_ > kLivenessMax) sim_.Fail(kExitLiveness, "liveness", unsettled);
    return;
  }
  if (!silent_since_ || silent_since_ < sim_.last_command) silent_since_ = sim_.now;
  if (sim_.now - silent_since_ < kSilence) {
    if (sim_.now - healed_at_ > kLivenessMax) {
      sim_.Fail(kExitLiveness, "liveness", "all is done, and the core goes on commanding");
    }
    return;
  }
  const sched::World& world = gateway_.core().world();
  world.CheckInvariants();
  CheckNothingLost(sim_, world);
  CheckBeliefs(sim_, world);
  if (sim_.journal.idle()) CheckRecovery(sim_, world);
  finished_ = true;
}

}  // namespace fairway::sim
