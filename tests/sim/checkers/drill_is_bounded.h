// Promises of a live drill: only jobs in its scope are moved off a cluster that it cuts off, and no
// copy outside the scope is left with a lease that would end it; a link is cut only when the drill
// is saved, never by a process that did not begin it, and it is whole again by the deadline.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>

#include <algorithm>
#include <string>

#include "scheduler/edit.h"
#include "scheduler/world.h"
#include "tests/sim/sim_context.h"

namespace fairway::sim {

class DrillBook {
 public:
  explicit DrillBook(SimContext& sim) : sim_(sim) {}

  // As a new process finds the world.
  void Start(const scheduler::World& world) {
    jobs_.clear();
    for (const auto& [id, record] : world.jobs()) Note(*record);
    phase_ = world.drill().phase;
    if (phase_ != scheduler::DrillPhase::kNone) over_.insert(world.drill().wish.id);
  }
  // What the operator has asked for, whatever the core was told.
  void Told(const scheduler::DrillWish& wish) { wishes_[wish.id] = wish; }

  // Each edit of a step, in order.
  void Take(const scheduler::Edit& edit) {
    if (const auto* drill = std::get_if<scheduler::PutDrill>(&edit)) {
      phase_ = drill->record.phase;
      const auto told = wishes_.find(drill->record.wish.id);
      if (told != wishes_.end()) wish_ = told->second;
      until_ = drill->record.until;
    } else if (std::holds_alternative<scheduler::EraseDrill>(edit)) {
      phase_ = scheduler::DrillPhase::kNone;
    } else if (const auto* put = std::get_if<scheduler::PutJob>(&edit)) {
      CheckMoved(put->record);
      Note(put->record);
    } else if (const auto* erased = std::get_if<scheduler::EraseJob>(&edit)) {
      jobs_.erase(erased->job);
    }
  }

  // The command is about to be obeyed.
  void Cuts(ClusterId cluster) {
    bool saved = false;
    for (const auto& [key, value] : sim_.journal.records()) {
      const auto edit = scheduler::DecodeEdit(key, value);
      const auto* drill = edit ? std::get_if<scheduler::PutDrill>(&*edit) : nullptr;
      saved = saved || (drill != nullptr && drill->record.phase == scheduler::DrillPhase::kCut &&
                        Names(drill->record.wish, cluster));
    }
    if (!saved) Fail("drill_is_saved", cluster, "its link is cut, and no saved drill says so");
    if (over_.contains(wish_.id)) {
      Fail("drill_is_saved", cluster, "its link is cut by another process than began the drill");
    }
    CheckLeases(cluster);
  }

  // Now and then: a little time is granted for the command to be saved and obeyed.
  void CheckTime() {
    for (const SimCluster& cluster : sim_.clusters) {
      const bool cut = sim_.drill_cut[cluster.id().value - 1];
      if (cut && until_ + kGrace < sim_.now) {
        Fail("drill_ends", cluster.id(),
             "its link should be whole for " + std::to_string((sim_.now - until_).ms) + " ms");
      }
    }
  }

 private:
  static constexpr Duration kGrace = Seconds(5);  // a stalled journal
  struct Job {
    scheduler::JobState state = scheduler::JobState::kQueued;
    ClusterId cluster;
    bool approved = false;
  };

  void Note(const scheduler::JobRecord& record) {
    jobs_[record.job] = {record.state, record.cluster, record.approved};
  }
  static bool Names(const scheduler::DrillWish& wish, ClusterId cluster) {
    return std::find(wish.clusters.begin(), wish.clusters.end(), cluster) != wish.clusters.end();
  }
  bool InScope(JobId job) const {
    const auto listed = [&](JobId id) {
      return std::find(wish_.jobs.begin(), wish_.jobs.end(), id) != wish_.jobs.end();
    };
    return !wish_.listed || listed(job) || listed(WholeOf(job));
  }
  void Fail(const char* checker, ClusterId cluster, const std::string& what) {
    sim_.Fail(kExitCorrectness, checker, "cluster " + std::to_string(cluster.value) + ": " + what);
  }
  void CheckMoved(const scheduler::JobRecord& record) {
    using scheduler::JobState;
    if (phase_ == scheduler::DrillPhase::kNone || record.former.empty()) return;
    const auto known = jobs_.find(record.job);
    if (known == jobs_.end()) return;
    const Job& before = known->second;
    const bool lost = before.state == JobState::kUncertain || before.state == JobState::kFenced;
    if (!lost || before.approved || record.state != JobState::kQueued) return;
    const scheduler::EndReason reason = record.former.back().reason;
    if (reason != scheduler::EndReason::kClusterLost && reason != scheduler::EndReason::kFenced) {
      return;
    }
    if (Names(wish_, before.cluster) && !InScope(record.job)) {
      Fail("drill_spares", before.cluster,
           "job " + std::to_string(record.job.value) + " is outside the scope and has left");
    }
  }
  // By the members' own truth.
  void CheckLeases(ClusterId id) {
    for (const auto& [key, copy] : sim_.Cluster(id).copies()) {
      const auto job = sim_.jobs.find(WholeOf(key.first));
      if (job == sim_.jobs.end() || InScope(key.first)) continue;
      const auto known = jobs_.find(key.first);
      const bool live = known != jobs_.end() && known->second.cluster == id &&
                        known->second.state == scheduler::JobState::kRunning;
      if (live && copy.job_started && copy.deadline.ms >= 0) {
        Fail("drill_spares", id,
             "job " + std::to_string(key.first.value) +
                 " is outside the scope and would be ended by its lease");
      }
    }
  }

  SimContext& sim_;
  scheduler::DrillPhase phase_ = scheduler::DrillPhase::kNone;
  scheduler::DrillWish wish_;
  Instant until_;
  absl::btree_map<uint64_t, scheduler::DrillWish> wishes_;
  absl::btree_set<uint64_t> over_;
  absl::btree_map<JobId, Job> jobs_;
};

}  // namespace fairway::sim
