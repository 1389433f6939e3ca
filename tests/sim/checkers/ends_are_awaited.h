// Promise: nobody is preempted all of whose like show that he ends within a second, by somebody who
// has not waited that second (QuotaSettings::ends_awaited). What jobs took before is the core's
// book, what follows from it is reckoned here. The core counts from when the preemptor first might
// have preempted, which is no earlier than when he came to wait: that is what is held against it.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "scheduler/edit.h"
#include "scheduler/world.h"
#include "tests/sim/sim_context.h"

namespace fairway::sim {

class AwaitChecker {
 public:
  // A process starts with what was saved, and counts anew.
  void Start(const scheduler::World& world, Instant now) {
    waits_since_.clear();
    evictions_.clear();
    for (const auto& [id, box] : world.jobs()) Note(*box, now);
  }

  // After a step: its edits.
  void Take(SimContext& sim, const scheduler::World& world,
            const std::vector<scheduler::Edit>& edits) {
    std::map<JobId, std::vector<const scheduler::JobRecord*>> victims;
    for (const scheduler::Edit& edit : edits) {
      const auto* put = std::get_if<scheduler::PutJob>(&edit);
      if (put == nullptr || !put->record.quota) continue;
      const scheduler::JobRecord& record = put->record;
      const auto known = evictions_.find(record.job);
      const int32_t before = known == evictions_.end() ? 0 : known->second;
      if (before >= record.quota->evictions) continue;
      // Of an eviction for another reason, `preemptor` is who it was the last time.
      if (record.ending != scheduler::EndReason::kPreempted) continue;
      victims[record.quota->preemptor].push_back(&record);
    }
    for (const auto& [preemptor, gone] : victims) Check(sim, world, preemptor, gone);
    for (const scheduler::Edit& edit : edits) {
      if (const auto* put = std::get_if<scheduler::PutJob>(&edit)) Note(put->record, sim.now);
      if (const auto* erased = std::get_if<scheduler::EraseJob>(&edit)) {
        waits_since_.erase(erased->job);
        evictions_.erase(erased->job);
      }
    }
  }

 private:
  static constexpr int64_t kRuns = 8;

  void Note(const scheduler::JobRecord& record, Instant now) {
    const bool waits = record.state == scheduler::JobState::kQueued;
    if (waits) {
      waits_since_.try_emplace(record.job, now);
    } else {
      waits_since_.erase(record.job);
    }
    if (record.quota) evictions_[record.job] = record.quota->evictions;
  }

  static bool EndsSoon(const SimContext& sim, const scheduler::World& world,
                       const scheduler::JobRecord& record) {
    const std::string& queue = world.FindSpec(record.spec)->queueing.local_queue;
    const auto past = world.ledger().run_times().find(queue);
    if (past == world.ledger().run_times().end() || past->second.count < kRuns) return false;
    const int64_t ran = (sim.now - record.quota->admitted_at).ms;
    const int64_t second = sim.quota_settings.ends_awaited.ms;
    return ran + second >= past->second.mean_ms &&
           ran <= past->second.mean_ms + 4 * past->second.deviation_ms + second;
  }

  void Check(SimContext& sim, const scheduler::World& world, JobId preemptor,
             const std::vector<const scheduler::JobRecord*>& gone) {
    const auto since = waits_since_.find(preemptor);
    const Duration waited = since == waits_since_.end() ? Duration{} : sim.now - since->second;
    if (waited >= sim.quota_settings.ends_awaited) return;
    for (const scheduler::JobRecord* record : gone) {
      if (!EndsSoon(sim, world, *record)) return;
    }
    sim.Fail(kExitCorrectness, "ends_are_awaited",
             "job " + std::to_string(preemptor.value) + ", which waits for " +
                 std::to_string(waited.ms) + " ms, sent " + std::to_string(gone.size()) +
                 " jobs away that end within " +
                 std::to_string(sim.quota_settings.ends_awaited.ms) + " ms, job " +
                 std::to_string(gone.front()->job.value) + " first");
  }

  std::map<JobId, Instant> waits_since_;
  std::map<JobId, int32_t> evictions_;
};

}  // namespace fairway::sim
