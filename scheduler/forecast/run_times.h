// How long a job is taken to run: by what its author declared, else by what its LocalQueue's jobs
// or all finished jobs of the world took, else by an assumption of the caller's. Pure values.
#pragma once

#include <absl/container/btree_map.h>

#include <string>

#include "scheduler/world.h"

namespace fairway::scheduler {

struct RunTimeModel {
  absl::btree_map<JobId, Duration> declared;  // expected, by the job's author
  // activeDeadlineSeconds: a run is not taken to be longer; where nothing else is known, it is it.
  absl::btree_map<JobId, Duration> deadlines;
  absl::btree_map<std::string, Duration> by_queue;  // mean of a LocalQueue's finished jobs
  Duration typical;                 // median of all finished jobs; 0 = none finished
  Duration assumed = Seconds(300);  // where nothing is known

  // A whole run of this job; at least a millisecond.
  Duration WholeRun(JobId job, const JobSpec& spec) const;
  // What is left of one that has run since `since`. One that has already run longer than expected
  // is taken to need a tenth of its time more, and a second at least.
  Duration Remaining(JobId job, const JobSpec& spec, Instant since, Instant now) const;
};

// The median run of the finished jobs in the world, placement to end; 0 when none has finished.
Duration MedianRun(const World& world);
// By LocalQueue, as far as the ledger has seen ends since start.
absl::btree_map<std::string, Duration> MeanRuns(const QuotaLedger& ledger);

}  // namespace fairway::scheduler
