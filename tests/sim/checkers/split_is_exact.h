// Promises of Indexed jobs, split or not: no index runs in two places at the same true instant
// (where copies may not overlap), none that is known to be complete is given out again, and a job
// is Complete exactly when all its indexes have completed somewhere. Of a split: its parts have
// each index once, and no more pods at once than the job has.
#pragma once

#include <bit>
#include <string>
#include <vector>

#include "scheduler/split/family.h"
#include "tests/sim/checkers/at_most_one_copy.h"
#include "tests/sim/sim_context.h"

namespace fairway::sim {

inline std::string JobText(JobId job) {
  return "job " + std::to_string(WholeOf(job).value) +
         (IsShard(job) ? " part " + std::to_string(ShardNumber(job)) : "");
}

// A copy of the job has begun to work.
inline void CheckIndexRunsOnce(SimContext& sim, JobId id) {
  const JobId whole = WholeOf(id);
  const auto job = sim.jobs.find(whole);
  if (job == sim.jobs.end() || MayOverlap(job->second)) return;
  uint64_t working = 0;
  for (const SimCluster& cluster : sim.clusters) {
    const auto& copies = cluster.copies();
    for (auto at = copies.lower_bound({whole, Epoch{}});
         at != copies.end() && WholeOf(at->first.first) == whole; ++at) {
      const SimCopy& copy = at->second;
      if (!copy.indexed || !MayWork(copy, sim.now)) continue;
      const uint64_t its = copy.todo & ~copy.done;
      if ((working & its) != 0) {
        sim.Fail(kExitCorrectness, "index_runs_once",
                 JobText(id) + ": index " + std::to_string(std::countr_zero(working & its)) +
                     " runs twice, also on cluster " + std::to_string(cluster.id().value));
      }
      working |= its;
    }
  }
}

// A dispatch is about to leave: what is durably known to be complete is in it.
inline void CheckNotRerun(SimContext& sim, const SimEvent& dispatch) {
  const auto stored = sim.journal.objects().find(WholeOf(dispatch.job));
  if (stored == sim.journal.objects().end()) return;
  const uint64_t again = stored->second.done & ~dispatch.indexes;
  if (again != 0) {
    sim.Fail(kExitCorrectness, "index_is_not_rerun",
             JobText(dispatch.job) + ": index " + std::to_string(std::countr_zero(again)) +
                 " is complete and given out again");
  }
}

// The result of a job was saved.
inline void CheckSplitResult(SimContext& sim, const scheduler::JobRecord& committed,
                             const SimJob& job) {
  if (job.completions == 0) return;
  const bool complete = job.truth == AllIndexes(job);
  if (committed.state == scheduler::JobState::kDone && !complete) {
    sim.Fail(kExitCorrectness, "complete_is_complete",
             JobText(committed.job) + " is Complete, and index " +
                 std::to_string(std::countr_one(job.truth)) + " has not completed");
  }
  if (committed.state == scheduler::JobState::kFailed && !job.fails && !job.flaky &&
      sim.plan.node_loss.ms == 0) {
    sim.Fail(kExitCorrectness, "complete_is_complete",
             JobText(committed.job) + " is Failed, and none of its pods has failed");
  }
}

// After each step, by the records alone.
inline void CheckParts(SimContext& sim, const scheduler::World& world,
                       const std::vector<scheduler::Edit>& edits) {
  for (const scheduler::Edit& edit : edits) {
    const auto* put = std::get_if<scheduler::PutJob>(&edit);
    if (put == nullptr || (!put->record.split && !put->record.part)) continue;
    const JobId whole = WholeOf(put->record.job);
    const auto job = sim.jobs.find(whole);
    const scheduler::JobRecord* record = world.FindJob(whole);
    if (job == sim.jobs.end() || record == nullptr ||
        record->state == scheduler::JobState::kDeleting) {
      continue;
    }
    int32_t next = 0;
    int64_t pods = 0;
    bool all_done = true;
    for (const scheduler::JobRecord* part : scheduler::PartsOf(world, whole)) {
      if (part->part->indexes.first != next) next = -1;
      if (next >= 0) next = part->part->indexes.last + 1;
      all_done = all_done && scheduler::IsFinished(*part);
      const scheduler::JobSpec* spec = world.FindSpec(part->spec);
      pods += spec == nullptr ? 0 : spec->parallelism;
    }
    if (next != job->second.completions) {
      sim.Fail(kExitCorrectness, "split_is_exact",
               JobText(whole) + ": its parts do not have each index once");
    }
    if (pods > job->second.pods) {
      sim.Fail(kExitCorrectness, "split_is_exact",
               JobText(whole) + ": its parts have " + std::to_string(pods) + " pods at once");
    }
    if (all_done != scheduler::IsFinished(*record)) {
      sim.Fail(kExitCorrectness, "split_is_exact",
               JobText(whole) + (all_done ? " has not ended with its parts"
                                          : " has ended, and not all of its parts"));
    }
  }
}

}  // namespace fairway::sim
