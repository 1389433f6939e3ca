#include "scheduler/drill/rehearsal.h"

#include <algorithm>

namespace fairway::scheduler {
namespace {

void Mark(Instant& at, Instant now) {
  if (!at) at = now;
}

}  // namespace

Rehearsal::Rehearsal(const World& world, const DrillWish& wish, Instant now) : cut_at_(now) {
  for (const ClusterId id : wish.clusters) {
    const ClusterState* state = world.FindCluster(id);
    if (state == nullptr) continue;
    RehearsedCluster& cluster = clusters_.emplace_back();
    cluster.cluster = id;
    cluster.name = state->record.spec.name;
    const World::JobsByCluster& live = world.live_by_cluster();
    for (auto at = live.lower_bound({id, JobId{}}); at != live.end() && at->first == id; ++at) {
      const JobRecord& record = *world.FindJob(at->second);
      if (record.delete_requested || record.state == JobState::kDeleting) continue;
      ++cluster.jobs;
      if (jobs_.size() == kRehearsedMax) {
        ++not_followed_;
        continue;
      }
      RehearsedJob& job = jobs_[record.job];
      job.job = record.job;
      job.name = record.name;
      job.policy = world.FindSpec(record.spec)->failover;
      job.in_scope = InScope(wish, record);
      job.from = id;
      job.epoch = record.epoch;
      job.since = record.since;
      job.ran = record.state == JobState::kRunning;
    }
  }
}

void Rehearsal::Saw(const Edit& edit, Instant now) {
  if (const auto* put = std::get_if<PutJob>(&edit)) {
    const auto at = jobs_.find(put->record.job);
    if (at != jobs_.end()) Take(put->record, now, at->second);
  } else if (const auto* erased = std::get_if<EraseJob>(&edit)) {
    const auto at = jobs_.find(erased->job);
    if (at == jobs_.end()) return;
    ++generation_;
    at->second.gone = true;
  } else if (const auto* cluster = std::get_if<PutCluster>(&edit)) {
    Take(cluster->record, now);
  }
}

void Rehearsal::Take(const JobRecord& record, Instant now, RehearsedJob& job) {
  ++generation_;
  if (IsFinished(record)) {
    Mark(job.finished, now);
    job.failed = record.state == JobState::kFailed;
    // An earlier epoch's success: nothing of it was in vain.
    if (!record.former.empty() && record.former.back().reason == EndReason::kSuperseded) {
      job.reason = EndReason::kSuperseded;
    }
    return;
  }
  if (record.epoch == job.epoch && record.cluster == job.from) {
    if (record.state == JobState::kUncertain) Mark(job.uncertain, now);
    if (record.state == JobState::kFenced) Mark(job.fenced, now);
    const bool heard = record.state == JobState::kDispatched || record.state == JobState::kRunning;
    if (heard && job.uncertain) Mark(job.resumed, now);
    return;
  }
  for (const FormerEpoch& former : record.former) {
    if (former.epoch != job.epoch || job.left) continue;
    job.left = now;
    job.reason = former.reason;
  }
  if (record.epoch <= job.epoch) return;
  if (record.state == JobState::kPlacing) {
    Mark(job.placed, now);
    job.to = record.cluster;
    job.to_epoch = record.epoch;
  }
  if (record.state == JobState::kRunning) Mark(job.running, now);
}

void Rehearsal::Take(const ClusterRecord& record, Instant now) {
  for (RehearsedCluster& cluster : clusters_) {
    if (cluster.cluster != record.cluster) continue;
    const LinkState state = record.link.state;
    ++generation_;
    if (state == LinkState::kSuspect) Mark(cluster.suspect, now);
    if (state == LinkState::kUnreachable) Mark(cluster.lost, now);
    if (state == LinkState::kFenced) Mark(cluster.fenced, now);
    if (state == LinkState::kRejoining) Mark(cluster.rejoining, now);
    const bool well = state == LinkState::kReady || state == LinkState::kProbation;
    if (well && cluster.suspect) Mark(cluster.returned, now);
  }
}

void Rehearsal::Saw(const CopySeen& copy, Instant now) {
  const auto at = jobs_.find(copy.job);
  if (at == jobs_.end()) return;
  RehearsedJob& job = at->second;
  const bool ended = copy.phase == RunPhase::kSucceeded || copy.phase == RunPhase::kFailed ||
                     copy.phase == RunPhase::kLeaseEnded;
  if (copy.cluster == job.from && copy.epoch == job.epoch) {
    if (copy.started) job.old_started = copy.started;
    if (ended && copy.ended) job.old_ended = copy.ended;
    // Heard of while it had been given up: it was never stopped.
    job.old_runs_on = job.left && !ended && copy.phase == RunPhase::kRunning;
  } else if (job.left && copy.epoch > job.epoch && copy.started && !job.new_started) {
    job.new_started = copy.started;
  } else {
    return;
  }
  ++generation_;
  if (!job.new_started || !job.old_started) return;
  const Instant until = job.old_runs_on ? now : job.old_ended;
  if (until && job.new_started < until) {
    job.overlap = std::max(job.overlap, until - job.new_started);
  }
}

}  // namespace fairway::scheduler
