// Promises to the operator. Of a drain: nothing new is placed on the cluster, what runs is left
// alone unless he said otherwise, and no more jobs are withdrawn at a time than he allowed. Of the
// freeze: nothing moves by itself. Of failback: only jobs that may, and none before its time. Kept
// from edits alone, against what the operator has said.
#pragma once

#include <absl/container/btree_map.h>

#include <string>
#include <vector>

#include "scheduler/edit.h"
#include "scheduler/world.h"
#include "tests/sim/sim_context.h"

namespace fairway::sim {

class OperatorBook {
 public:
  explicit OperatorBook(SimContext& sim) : sim_(sim) {}

  // As the gateway finds the world when it starts: what it was told last may not have been saved.
  void Start(const scheduler::World& world) {
    jobs_.clear();
    drains_.clear();
    for (const auto& [id, state] : world.clusters()) drains_[id] = state.record.spec.drain;
    for (const auto& [id, record] : world.jobs()) Note(*record);
  }
  void Told(ClusterId cluster, scheduler::DrainWish wish) {
    scheduler::DrainWish& known = drains_[cluster];
    const bool goes_on = known.mode != scheduler::DrainMode::kNone;
    wish.since = goes_on ? known.since : sim_.now;
    known = wish;
  }
  void Forget(ClusterId cluster) { drains_.erase(cluster); }
  void Frozen(bool frozen, bool all) {
    frozen_ = frozen;
    all_ = all;
  }

  // Each edit of a step, in order.
  void Take(const scheduler::Edit& edit) {
    if (const auto* erase = std::get_if<scheduler::EraseJob>(&edit)) jobs_.erase(erase->job);
    const auto* put = std::get_if<scheduler::PutJob>(&edit);
    if (put == nullptr) return;
    const auto known = jobs_.find(put->record.job);
    const Job before = known == jobs_.end() ? Job{} : known->second;
    if (put->record.state == scheduler::JobState::kRequeued &&
        before.state != scheduler::JobState::kRequeued) {
      CheckGivenUp(put->record, before);
    }
    if (put->record.state == scheduler::JobState::kPlacing && put->record.epoch != before.epoch) {
      CheckPlaced(put->record);
    }
    CheckMoved(put->record, before);
    Note(put->record);
  }

 private:
  struct Job {
    scheduler::JobState state = scheduler::JobState::kQueued;
    scheduler::EndReason ending = scheduler::EndReason::kNone;
    ClusterId cluster;
    Epoch epoch;
    Instant since;
  };

  void Note(const scheduler::JobRecord& record) {
    jobs_[record.job] = {record.state, record.ending, record.cluster, record.epoch, record.since};
  }
  void Fail(const char* checker, const scheduler::JobRecord& record, const std::string& what) {
    sim_.Fail(kExitCorrectness, checker,
              "job " + std::to_string(record.job.value) + ", cluster " +
                  std::to_string(record.cluster.value) + ": " + what);
  }
  void CheckGivenUp(const scheduler::JobRecord& record, const Job& before) {
    using scheduler::EndReason;
    const bool moves =
        record.ending == EndReason::kDrained || record.ending == EndReason::kFailback ||
        record.ending == EndReason::kRebalanced || record.ending == EndReason::kTainted;
    if (moves && frozen_) Fail("freeze_holds", record, "it was moved while all is frozen");
    if (record.ending == EndReason::kDrained) CheckDrained(record, before);
    if (record.ending == EndReason::kFailback) CheckFailback(record, before);
  }
  void CheckDrained(const scheduler::JobRecord& record, const Job& before) {
    const scheduler::DrainWish wish = drains_[record.cluster];
    if (wish.mode == scheduler::DrainMode::kNone) {
      return Fail("drain_is_orderly", record, "nobody drains it");
    }
    const bool over = wish.deadline.ms > 0 && wish.since + wish.deadline <= sim_.now;
    if (wish.mode == scheduler::DrainMode::kGraceful && !over &&
        before.state == scheduler::JobState::kRunning) {
      Fail("drain_is_orderly", record, "what runs was to be left alone");
    }
    int64_t moving = 1;
    for (const auto& [id, job] : jobs_) {
      moving += job.cluster == record.cluster && job.ending == scheduler::EndReason::kDrained &&
                        job.state == scheduler::JobState::kRequeued
                    ? 1
                    : 0;
    }
    if (moving > scheduler::MovingMax(wish)) {
      Fail("drain_is_orderly", record, std::to_string(moving) + " leave at a time");
    }
  }
  void CheckFailback(const scheduler::JobRecord& record, const Job& before) {
    const auto job = sim_.jobs.find(WholeOf(record.job));
    if (job == sim_.jobs.end()) return;
    if (!sim_.templates[static_cast<size_t>(job->second.spec)].failback) {
      Fail("failback_is_sober", record, "its author does not want it to go back");
    }
    if (sim_.now < before.since + sim_.plan.failback_after) {
      Fail("failback_is_sober", record, "it came here a moment ago");
    }
  }
  void CheckPlaced(const scheduler::JobRecord& record) {
    if (all_) Fail("freeze_holds", record, "it was placed while all is frozen");
    if (drains_[record.cluster].mode != scheduler::DrainMode::kNone) {
      Fail("drain_is_orderly", record, "it was placed on a cluster that is drained");
    }
  }
  // Off a lost cluster.
  void CheckMoved(const scheduler::JobRecord& record, const Job& before) {
    const bool lost = before.state == scheduler::JobState::kUncertain ||
                      before.state == scheduler::JobState::kFenced;
    if (!frozen_ || !lost || record.state != scheduler::JobState::kQueued) return;
    const scheduler::EndReason reason =
        record.former.empty() ? scheduler::EndReason::kNone : record.former.back().reason;
    if (reason == scheduler::EndReason::kClusterLost || reason == scheduler::EndReason::kFenced) {
      Fail("freeze_holds", record, "it left a lost cluster while all is frozen");
    }
  }

  SimContext& sim_;
  bool frozen_ = false, all_ = false;
  absl::btree_map<JobId, Job> jobs_;
  absl::btree_map<ClusterId, scheduler::DrainWish> drains_;
};

}  // namespace fairway::sim
