#include "scheduler/forecast/forecast_notes.h"

#include <algorithm>

namespace fairway::scheduler {
namespace {

// Explanations that one forecast words: each looks at every cluster. Afterwards the last words
// about the same spec have to do.
constexpr int64_t kExplanationsMax = 2'000;

void Raise(std::vector<PeakUse>& uses, const std::string& flavor, const std::string& resource,
           int64_t used, int64_t total) {
  for (PeakUse& use : uses) {
    if (use.flavor != flavor || use.resource != resource) continue;
    use.peak = std::max(use.peak, used);
    use.total = std::max(use.total, total);
    return;
  }
  uses.push_back({flavor, resource, used, total});
}

}  // namespace

void ForecastNotes::Start(const World& world) {
  for (const auto& [id, job] : world.jobs()) {
    if (IsFinished(*job) || job->state == JobState::kDeleting) continue;
    JobFate& fate = fates_[id];
    fate.name = job->name;
    fate.submitted = job->submitted;
    fate.suspended = job->suspended;
    if (const JobSpec* spec = world.FindSpec(job->spec)) {
      fate.local_queue = spec->queueing.local_queue;
      fate.workload_only = spec->queueing.workload_only;
    }
    const bool placed = job->cluster && job->state != JobState::kRequeued;
    if (placed || job->state == JobState::kAdmitted) {
      fate.before = fate.cluster = job->cluster;
      fate.started = job->since;
    }
    epochs_[id] = job->epoch;
    if (IsPending(*job) || job->state == JobState::kRequeued) {
      waiting_[id] = begin_;
      unexplained_.push_back(id);
    }
  }
  for (const auto& [id, cluster] : world.clusters()) clusters_touched_.insert(id);
  for (const auto& [id, spec] : world.quota().cluster_queues.objects()) queues_touched_.insert(id);
}

void ForecastNotes::StopWaiting(JobId job, JobFate& fate, Instant now) {
  const auto at = waiting_.find(job);
  if (at == waiting_.end()) return;
  fate.waited = fate.waited + (now - at->second);
  waiting_.erase(at);
}

void ForecastNotes::Saw(const JobRecord& record, Instant now) {
  const auto [at, fresh] = fates_.try_emplace(record.job);
  JobFate& fate = at->second;
  if (fresh) {
    // Finished, or on its way out, when the forecast began.
    if (record.submitted < begin_ || IsFinished(record)) {
      fates_.erase(at);
      return;
    }
    fate.name = record.name;
    fate.submitted = record.submitted;
  }
  fate.suspended = record.suspended;
  if (record.cluster) clusters_touched_.insert(record.cluster);
  if (record.quota && record.quota->IsAdmitted()) {
    queues_touched_.insert(record.quota->cluster_queue);
  }
  if (IsFinished(record)) {
    StopWaiting(record.job, fate, now);
    if (!fate.ended) fate.ended = record.finished;
    return;
  }
  const bool waits = IsPending(record) || record.state == JobState::kRequeued;
  if (waits && !waiting_.contains(record.job)) {
    waiting_[record.job] = now;
    unexplained_.push_back(record.job);
  } else if (!waits) {
    StopWaiting(record.job, fate, now);
  }
  const bool placed = record.cluster || record.state == JobState::kAdmitted;
  Epoch& seen = epochs_[record.job];
  if (placed && seen < record.epoch && record.state != JobState::kRequeued) {
    seen = record.epoch;
    fate.cluster = record.cluster;
    fate.started = now;
    ++fate.placements;
  }
}

void ForecastNotes::Gone(JobId job, Instant now) {
  const auto at = fates_.find(job);
  if (at != fates_.end()) StopWaiting(job, at->second, now);
}

void ForecastNotes::Explain(Core& core, Instant now, const std::vector<JobId>& jobs) {
  absl::btree_set<SpecId> explained;  // at this moment
  for (const JobId job : jobs) {
    const JobRecord* record = core.world().FindJob(job);
    if (record == nullptr || !IsPending(*record)) continue;
    Words& words = last_words_[record->spec];
    if (!explained.contains(record->spec) && explanations_ < kExplanationsMax) {
      ++explanations_;
      const Decision decision = core.Explain(*record, now);
      words = {decision.outcome, decision.message, decision.nearest_change};
      explained.insert(record->spec);
    }
    JobFate& fate = fates_.at(job);
    fate.outcome = words.outcome;
    fate.reason = words.reason;
    fate.nearest_change = words.nearest_change;
  }
}

void ForecastNotes::Measure(const World& world, ClusterId id) {
  const ClusterState* cluster = world.FindCluster(id);
  if (cluster == nullptr) return;
  PlacePeaks& peaks = cluster_peaks_[id];
  peaks.name = cluster->record.spec.name;
  Resources total = cluster->capacity.allocatable;
  total.Subtract(cluster->capacity.requested);
  for (const std::string_view resource : {"cpu", "memory"}) {
    Raise(peaks.uses, "", std::string(resource), cluster->reserved.Get(resource),
          total.Get(resource));
  }
  for (const auto& [resource, amount] : total.extended) {
    Raise(peaks.uses, "", resource, cluster->reserved.GetExtended(resource), amount);
  }
}

void ForecastNotes::Measure(const World& world, ClusterQueueId id) {
  const ClusterQueueSpec* spec = world.quota().cluster_queues.Find(id);
  const QuotaTree& tree = world.ledger().tree;
  const int32_t node = tree.FindNode(id);
  if (spec == nullptr || node == QuotaTree::kNone) return;
  PlacePeaks& peaks = queue_peaks_[id];
  peaks.name = spec->name;
  for (const QuotaTree::Group& group : tree.node(node).groups) {
    for (const QuotaTree::GroupFlavor& flavor : group.flavors) {
      for (const int32_t slot : flavor.slots) {
        if (slot == QuotaTree::kNone) continue;
        Raise(peaks.uses, flavor.name, tree.SlotResource(node, slot),
              tree.UsageOf(node, slot, Usage::kHeld), tree.cell(node, slot).nominal);
      }
    }
  }
}

void ForecastNotes::Rest(Core& core, Instant now) {
  Explain(core, now, unexplained_);
  unexplained_.clear();
  for (const ClusterId id : clusters_touched_) Measure(core.world(), id);
  for (const ClusterQueueId id : queues_touched_) Measure(core.world(), id);
  clusters_touched_.clear();
  queues_touched_.clear();
}

void ForecastNotes::Finish(Core& core, Instant now, Forecast& out) {
  Rest(core, now);
  std::vector<JobId> left;
  for (const auto& [job, since] : waiting_) left.push_back(job);
  Explain(core, now, left);
  for (const JobId job : left) {
    JobFate& fate = fates_.at(job);
    StopWaiting(job, fate, now);
    fate.waiting = true;
    fate.cluster = {};
  }
  out.jobs = std::move(fates_);
  out.clusters = std::move(cluster_peaks_);
  out.cluster_queues = std::move(queue_peaks_);
}

}  // namespace fairway::scheduler
