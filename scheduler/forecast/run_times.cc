#include "scheduler/forecast/run_times.h"

#include <algorithm>
#include <vector>

namespace fairway::scheduler {

Duration RunTimeModel::WholeRun(JobId job, const JobSpec& spec) const {
  Duration run;
  if (const auto at = declared.find(job); at != declared.end()) {
    run = at->second;
  } else if (const auto queue = by_queue.find(spec.queueing.local_queue); queue != by_queue.end()) {
    run = queue->second;
  } else {
    run = typical;
  }
  if (const auto at = deadlines.find(job); at != deadlines.end()) {
    run = run.ms > 0 ? std::min(run, at->second) : at->second;
  }
  return std::max(run.ms > 0 ? run : assumed, Milliseconds(1));
}

Duration RunTimeModel::Remaining(JobId job, const JobSpec& spec, Instant since, Instant now) const {
  const Duration whole = WholeRun(job, spec);
  const Duration ran = since ? std::max(now - since, Duration{}) : Duration{};
  if (ran < whole) return {whole.ms - ran.ms};
  return std::max(Duration{ran.ms / 10}, Seconds(1));
}

Duration MedianRun(const World& world) {
  std::vector<int64_t> runs;
  for (const auto& [id, job] : world.jobs()) {
    if (job->state != JobState::kDone || !job->since || job->finished < job->since) continue;
    runs.push_back((job->finished - job->since).ms);
  }
  if (runs.empty()) return {};
  const auto middle = runs.begin() + static_cast<ptrdiff_t>(runs.size() / 2);
  std::nth_element(runs.begin(), middle, runs.end());
  return {std::max<int64_t>(*middle, 1)};
}

absl::btree_map<std::string, Duration> MeanRuns(const QuotaLedger& ledger) {
  absl::btree_map<std::string, Duration> out;
  for (const auto& [queue, runs] : ledger.run_times()) {
    if (runs.count > 0) out[queue] = {std::max<int64_t>(runs.mean_ms, 1)};
  }
  return out;
}

}  // namespace fairway::scheduler
