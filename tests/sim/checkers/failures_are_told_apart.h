// Promises: what failed on its own account gets no other epoch. What its cluster could not run gets
// some, but not when its policy keeps it there, and no more of them than are allowed.
#pragma once

#include <algorithm>
#include <string>

#include "scheduler/world.h"
#include "tests/sim/sim_context.h"

namespace fairway::sim {

class FailureBook {
 public:
  explicit FailureBook(SimContext& sim) : sim_(sim) {}

  // A failure of this copy would be the job's result.
  static bool IsLive(const scheduler::JobRecord* record, ClusterId cluster, Epoch epoch) {
    return record != nullptr && record->cluster == cluster && record->epoch == epoch &&
           !scheduler::IsFinished(*record) && record->state != scheduler::JobState::kDeleting &&
           record->state != scheduler::JobState::kRequeued;
  }
  // The core has heard that the copy failed on the job's own account.
  void CheckOwn(const scheduler::JobRecord* record) {
    if (record != nullptr && record->state != scheduler::JobState::kFailed) {
      Fail(*record, "it failed on its own account, and that is not its result");
    }
  }
  void Take(const scheduler::Edit& edit) {
    const auto* put = std::get_if<scheduler::PutJob>(&edit);
    if (put == nullptr || put->record.former.empty()) return;
    const scheduler::JobRecord& record = put->record;
    const scheduler::FormerEpoch& last = record.former.back();
    if (last.until != sim_.now || !scheduler::WasInTrouble(last.reason)) return;
    const auto job = sim_.jobs.find(WholeOf(record.job));
    if (job == sim_.jobs.end()) return;
    const auto moves = std::count_if(
        record.former.begin(), record.former.end(),
        [](const scheduler::FormerEpoch& each) { return scheduler::WasInTrouble(each.reason); });
    if (moves > scheduler::FailoverConfig{}.trouble_moves_max) {
      Fail(record, "it moved " + std::to_string(moves) + " times because it could not run");
    }
    const bool stays = job->second.failover == scheduler::FailoverPolicy::kNever ||
                       job->second.failover == scheduler::FailoverPolicy::kManual;
    if (stays) Fail(record, "its policy keeps it where it is");
  }

 private:
  void Fail(const scheduler::JobRecord& record, const std::string& what) {
    sim_.Fail(kExitCorrectness, "failures_are_told_apart",
              "job " + std::to_string(record.job.value) + ": " + what);
  }

  SimContext& sim_;
};

}  // namespace fairway::sim
