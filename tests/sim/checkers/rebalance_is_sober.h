// Promises of rebalancing: only jobs that may, none soon after it was placed or moved, few at a
// time, no more than an operator asked for, only to a cluster in order, and only for enough of a
// gain - which is reckoned here on a copy of the world that the job was really taken out of. Kept
// from edits alone.
#pragma once

#include <absl/container/btree_map.h>

#include <algorithm>
#include <string>
#include <vector>

#include "scheduler/core.h"
#include "scheduler/edit.h"
#include "scheduler/hash.h"
#include "scheduler/policy/judge.h"
#include "scheduler/policy/reasons.h"
#include "tests/sim/sim_context.h"

namespace fairway::sim {

class RebalanceBook {
 public:
  explicit RebalanceBook(SimContext& sim) : sim_(sim) {}

  // As the gateway finds the world when it starts.
  void Start(const scheduler::World& world) {
    jobs_.clear();
    for (const auto& [id, box] : world.jobs()) {
      Job& job = jobs_[id];
      Note(*box, job);
      if (!box->former.empty()) job.ended = box->former.back().until;
      job.moving = Left(*box);
    }
    const scheduler::RebalanceRecord& run = world.rebalance();
    asked_ = scheduler::IsUnderWay(run);
    most_ = run.moves_max;
    moved_ = run.moved;
    promises_ = Promises(world);
  }
  // What the operator says; while a run is under way he is not heard a second time.
  void Told(bool begins, int64_t most) {
    if (begins == asked_) return;
    asked_ = begins;
    most_ = most;
    moved_ = 0;
  }
  // After each step, all its edits in order.
  void Take(const std::vector<scheduler::Edit>& edits, const scheduler::Core& core) {
    const auto puts = std::count_if(edits.begin(), edits.end(), [](const scheduler::Edit& edit) {
      return std::holds_alternative<scheduler::PutJob>(edit);
    });
    for (const scheduler::Edit& edit : edits) {
      if (const auto* erase = std::get_if<scheduler::EraseJob>(&edit)) jobs_.erase(erase->job);
      if (const auto* run = std::get_if<scheduler::PutRebalance>(&edit)) {
        if (!scheduler::IsUnderWay(run->record)) asked_ = false;
      }
      const auto* put = std::get_if<scheduler::PutJob>(&edit);
      if (put == nullptr) continue;
      const scheduler::JobRecord& record = put->record;
      Job& job = jobs_[record.job];
      const bool leaves = record.state == scheduler::JobState::kRequeued &&
                          record.ending == scheduler::EndReason::kRebalanced &&
                          job.state != scheduler::JobState::kRequeued;
      if (leaves) CheckLeaves(record, job, core, puts == 1);
      if (job.cluster && !record.cluster) job.ended = sim_.now;
      if (leaves) {
        job.moving = true;
        left_at_ = sim_.now;
        ++moved_;
      } else if (!Left(record)) {
        job.moving = false;
      }
      Note(record, job);
    }
    promises_ = Promises(core.world());
  }

 private:
  struct Job {
    scheduler::JobState state = scheduler::JobState::kQueued;
    ClusterId cluster;
    Instant since, ended;  // of the last epoch
    bool moving = false;
  };

  static void Note(const scheduler::JobRecord& record, Job& job) {
    job.state = record.state;
    job.cluster = record.cluster;
    job.since = record.since;
  }
  // It may be on its way: given up for the sake of a better place, and not running again.
  static bool Left(const scheduler::JobRecord& record) {
    using scheduler::JobState;
    if (record.suspended) return false;
    if (record.state == JobState::kRequeued) {
      return record.ending == scheduler::EndReason::kRebalanced;
    }
    const bool waits = record.state == JobState::kQueued || record.state == JobState::kPlacing ||
                       record.state == JobState::kDispatched;
    return waits && !record.former.empty() &&
           record.former.back().reason == scheduler::EndReason::kRebalanced;
  }
  void Fail(const scheduler::JobRecord& record, const std::string& what) {
    sim_.Fail(kExitCorrectness, "rebalance_is_sober",
              "job " + std::to_string(record.job.value) + ", cluster " +
                  std::to_string(record.cluster.value) + ": " + what);
  }

  void CheckLeaves(const scheduler::JobRecord& record, const Job& before,
                   const scheduler::Core& core, bool alone) {
    const FaultPlan& plan = sim_.plan;
    const auto job = sim_.jobs.find(record.job);
    if (job == sim_.jobs.end()) return;
    const scheduler::JobSpec& spec = sim_.templates[static_cast<size_t>(job->second.spec)];
    if (!spec.rebalance) Fail(record, "its author does not want it to be rebalanced");
    if (spec.failover == scheduler::FailoverPolicy::kNever) Fail(record, "its policy is never");
    if (core.world().drill().phase != scheduler::DrillPhase::kNone) Fail(record, "amid a drill");
    if (!asked_ && !plan.rebalance) Fail(record, "nobody asked for it");
    if (asked_ && most_ > 0 && moved_ >= most_) {
      Fail(record, "more than " + std::to_string(most_) + " were moved");
    }
    if (sim_.now < before.since + plan.rebalance_run_min) Fail(record, "it came a moment ago");
    if (before.ended && sim_.now < before.ended + plan.rebalance_cooldown) {
      Fail(record, "it was moved a moment ago");
    }
    if (left_at_ && sim_.now < left_at_ + Milliseconds(60'000 / plan.rebalances_per_minute)) {
      Fail(record, "another left a moment ago");
    }
    const auto moving = std::count_if(jobs_.begin(), jobs_.end(),
                                      [](const auto& entry) { return entry.second.moving; });
    if (moving + 1 > plan.rebalances_moving_max) {
      Fail(record, std::to_string(moving + 1) + " are on their way");
    }
    CheckTarget(record, core, alone && moving == 0);
  }

  // `exactly`: nothing else is on its way or has happened since, so the gain can be reckoned.
  void CheckTarget(const scheduler::JobRecord& record, const scheduler::Core& core, bool exactly) {
    const auto moving = core.rebalance().moving.find(record.job);
    const scheduler::ClusterState* to = moving == core.rebalance().moving.end()
                                            ? nullptr
                                            : core.world().FindCluster(moving->second);
    if (to == nullptr || moving->second == record.cluster) {
      return Fail(record, "it has nowhere to go");
    }
    if (!to->IsOpen() || to->record.link.state != scheduler::LinkState::kReady) {
      return Fail(record, "cluster " + std::to_string(moving->second.value) + " is not Ready");
    }
    if (!exactly || Promises(core.world()) != promises_) return;
    scheduler::World without = core.world();
    scheduler::JobRecord waiting = record;
    waiting.state = scheduler::JobState::kQueued;
    waiting.ending = scheduler::EndReason::kNone;
    waiting.cluster = ClusterId{};
    waiting.leased = waiting.started = false;
    if (waiting.quota) waiting.quota.Make();
    without.Apply(scheduler::PutJob{waiting});
    const scheduler::Judge judge(without, waiting);
    const scheduler::ClusterAnswer here = judge.Rate(*without.FindCluster(record.cluster));
    const scheduler::ClusterAnswer there = judge.Ask(*without.FindCluster(moving->second));
    if (there.verdict != scheduler::Verdict::kFits) {
      const std::string& name = to->record.spec.name;
      Fail(record,
           "it does not fit " + name + ": " + std::string(scheduler::ReasonOf(there.verdict)));
    }
    const bool better =
        there.group < here.group ||
        (there.group == here.group && there.score - here.score >= sim_.plan.rebalance_gain_min);
    if (!better) {
      Fail(record, "it gains no more than " + std::to_string(there.score - here.score));
    }
  }

  // Who is promised room where. The quota pass comes after the departure in a step, and may promise
  // some to others or take it back, which no edit shows.
  static uint64_t Promises(const scheduler::World& world) {
    uint64_t hash = scheduler::kHashSeed;
    for (const auto& [job, claim] : world.ledger().claims()) {
      if (!claim.cluster) continue;
      hash = scheduler::HashMix(hash, job.value);
      hash = scheduler::HashMix(hash, claim.cluster.value);
      hash = scheduler::HashMix(hash, static_cast<uint64_t>(claim.since.ms));
    }
    return hash;
  }

  SimContext& sim_;
  bool asked_ = false;
  int64_t most_ = 0, moved_ = 0;
  Instant left_at_;
  uint64_t promises_ = scheduler::kHashSeed;  // as of the step before
  absl::btree_map<JobId, Job> jobs_;
};

}  // namespace fairway::sim
