// SimJournal: a model of the store. Batches become durable in order, after a delay; a crash keeps
// some prefix of what was not yet acknowledged and loses the rest.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/edit.h"
#include "scheduler/ids.h"
#include "scheduler/rng.h"
#include "tests/sim/sim_job.h"

namespace fairway::sim {

struct JournalBatch {
  Revision revision;
  std::vector<scheduler::Edit> edits;
  std::vector<std::pair<JobId, std::optional<SimJob>>> objects;  // nullopt = removed
  std::vector<JobId> expired;                                    // deletion asked for by TTL
};

class SimJournal {
 public:
  void Append(JournalBatch batch) { pending_.push_back(std::move(batch)); }
  // Everything up to `revision` is durable: calls seen(const JournalBatch&) for each batch.
  template <typename Seen>
  void CommitThrough(Revision revision, Seen&& seen) {
    while (!pending_.empty() && pending_.front().revision <= revision) {
      JournalBatch batch = std::move(pending_.front());
      pending_.pop_front();
      for (const scheduler::Edit& edit : batch.edits) Store(edit);
      for (const auto& [job, object] : batch.objects) {
        if (object) {
          objects_[job] = *object;
        } else {
          objects_.erase(job);
        }
      }
      committed_ = batch.revision;
      seen(batch);
    }
  }
  // The process ends: a prefix of the pending batches turns out to have reached the disk.
  template <typename Seen>
  void Crash(Rng& rng, Seen&& seen) {
    const uint64_t kept = rng.Below(pending_.size() + 1);
    if (kept > 0) CommitThrough(pending_[kept - 1].revision, seen);
    pending_.clear();
  }

  Revision committed() const { return committed_; }
  bool idle() const { return pending_.empty(); }
  const std::map<std::string, std::string>& records() const { return records_; }
  const absl::btree_map<JobId, SimJob>& objects() const { return objects_; }
  // The epoch in a job's durable record; 0 when there is none.
  Epoch DurableEpoch(JobId job) const {
    const auto at = epochs_.find(job);
    return at == epochs_.end() ? Epoch{} : at->second;
  }

 private:
  void Store(const scheduler::Edit& edit) {
    if (const auto* put = std::get_if<scheduler::PutJob>(&edit)) {
      epochs_[put->record.job] = put->record.epoch;
    } else if (const auto* erase = std::get_if<scheduler::EraseJob>(&edit)) {
      epochs_.erase(erase->job);
    }
    if (auto value = scheduler::EditValue(edit)) {
      records_[scheduler::EditKey(edit)] = std::move(*value);
    } else {
      records_.erase(scheduler::EditKey(edit));
    }
  }

  std::deque<JournalBatch> pending_;
  Revision committed_;
  std::map<std::string, std::string> records_;
  absl::btree_map<JobId, SimJob> objects_;
  absl::btree_map<JobId, Epoch> epochs_;
};

}  // namespace fairway::sim
