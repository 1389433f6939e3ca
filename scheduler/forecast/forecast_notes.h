// ForecastNotes: what a forecast writes down while it goes on: the fate of each job, why it waits,
// and the most that was in use. Internal to scheduler/forecast/.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>

#include <vector>

#include "scheduler/core.h"
#include "scheduler/forecast/forecast.h"

namespace fairway::scheduler {

class ForecastNotes {
 public:
  explicit ForecastNotes(Instant begin) : begin_(begin) {}

  // The world before the first event.
  void Start(const World& world);
  // A record was saved or erased.
  void Saw(const JobRecord& record, Instant now);
  void Gone(JobId job, Instant now);
  void ClusterChanged(ClusterId cluster) { clusters_touched_.insert(cluster); }

  // Nothing more happens at this moment: who waits now waits for a reason, and what is in use now
  // is in use for a while.
  void Rest(Core& core, Instant now);

  bool SomebodyWaits() const { return !waiting_.empty(); }
  // Takes the fates out; who waits still is asked why once more.
  void Finish(Core& core, Instant now, Forecast& out);

 private:
  struct Words {
    std::string outcome, reason, nearest_change;
  };
  void Explain(Core& core, Instant now, const std::vector<JobId>& jobs);
  void Measure(const World& world, ClusterId cluster);
  void Measure(const World& world, ClusterQueueId queue);
  void StopWaiting(JobId job, JobFate& fate, Instant now);

  const Instant begin_;
  absl::btree_map<JobId, JobFate> fates_;
  absl::btree_map<JobId, Epoch> epochs_;
  absl::btree_map<JobId, Instant> waiting_;  // since
  std::vector<JobId> unexplained_;
  absl::btree_map<SpecId, Words> last_words_;
  int64_t explanations_ = 0;
  absl::btree_set<ClusterId> clusters_touched_;
  absl::btree_set<ClusterQueueId> queues_touched_;
  absl::btree_map<ClusterId, PlacePeaks> cluster_peaks_;
  absl::btree_map<ClusterQueueId, PlacePeaks> queue_peaks_;
};

}  // namespace fairway::scheduler
