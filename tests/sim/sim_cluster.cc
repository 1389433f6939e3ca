#include "tests/sim/sim_cluster.h"

namespace fairway::sim {

using scheduler::RunPhase;

int64_t SimCluster::Used() const {
  int64_t used = foreign_milli_;
  for (const auto& [key, copy] : copies_) {
    if (copy.phase == RunPhase::kRunning) used += copy.cpu_milli;
  }
  return used;
}

void SimCluster::StartWhatFits(Instant now) {
  if (!exists_) return;
  int64_t used = Used();
  for (auto& [key, copy] : copies_) {
    if (copy.phase != RunPhase::kPending || !copy.job_started || used + copy.cpu_milli > cpu_milli_)
      continue;
    used += copy.cpu_milli;
    copy.phase = RunPhase::kRunning;
    copy.started = now;
    copy.run = ++runs_;
    started_.emplace_back(key, copy);
  }
}

void SimCluster::Apply(Instant now, CopyKey key, const SimJob& job) {
  const auto [at, is_new] = copies_.try_emplace(key);
  SimCopy& copy = at->second;
  if (is_new) {
    copy.cpu_milli = job.cpu_milli;
    copy.left = job.run_time;
    copy.fails = job.fails;
    copy.grace = Seconds(job.grace_seconds);
    copy.phase = job.suspended ? RunPhase::kSuspended : RunPhase::kPending;
    if (!job.suspended) unsynced_.emplace_back(key, ++copy.sync);
    return;
  }
  if (copy.phase != RunPhase::kSuspended && !IsLive(copy)) return;
  if (job.suspended && copy.phase != RunPhase::kSuspended) {
    if (copy.phase == RunPhase::kRunning) {
      copy.left = Duration{std::max<int64_t>(copy.left.ms - (now - copy.started).ms, 1)};
    }
    copy.phase = RunPhase::kSuspended;
    copy.run = 0;
    copy.job_started = Instant{};
    ++copy.sync;
  } else if (!job.suspended && copy.phase == RunPhase::kSuspended) {
    copy.phase = RunPhase::kPending;
    unsynced_.emplace_back(key, ++copy.sync);
  }
  StartWhatFits(now);
}

void SimCluster::SetDeadline(CopyKey key, Duration deadline, uint16_t lease_generation,
                             bool renewal) {
  const auto at = copies_.find(key);
  if (at == copies_.end()) return;
  at->second.deadline = deadline;
  if (!renewal) at->second.lease_generation = lease_generation;
}

// Works without the API server's help from outside: a member that we cannot reach still looks
// after its Jobs.
bool SimCluster::StartJob(Instant now, CopyKey key, uint64_t sync) {
  const auto at = copies_.find(key);
  if (at == copies_.end() || at->second.sync != sync) return false;
  at->second.job_started = Clock(now);
  StartWhatFits(now);
  return true;
}

Instant SimCluster::DeadlineAt(CopyKey key) const {
  const auto at = copies_.find(key);
  if (at == copies_.end() || at->second.deadline.ms < 0 || !at->second.job_started) return {};
  if (!IsLive(at->second)) return {};
  return Instant{(at->second.job_started + at->second.deadline).ms - clock_offset_.ms};
}

bool SimCluster::EnforceDeadline(Instant now, CopyKey key) {
  const Instant due = DeadlineAt(key);
  if (!due || now < due) return false;
  SimCopy& copy = copies_.at(key);
  if (copy.phase == RunPhase::kRunning) copy.pods_until = now + copy.grace;
  copy.phase = RunPhase::kLeaseEnded;
  copy.finished = now;
  StartWhatFits(now);
  return true;
}

bool SimCluster::End(Instant now, CopyKey key, uint64_t run) {
  const auto at = copies_.find(key);
  if (at == copies_.end() || at->second.run != run || at->second.phase != RunPhase::kRunning) {
    return false;
  }
  at->second.phase = at->second.fails ? RunPhase::kFailed : RunPhase::kSucceeded;
  at->second.finished = now;
  StartWhatFits(now);
  return true;
}

scheduler::Capacity SimCluster::Measure() const {
  scheduler::Capacity capacity;
  capacity.allocatable.cpu_milli = cpu_milli_;
  capacity.allocatable.memory_bytes = int64_t{1} << 40;
  capacity.allocatable.pods = 1 << 20;
  capacity.requested.cpu_milli = foreign_milli_;
  capacity.largest_node_free = capacity.allocatable;
  capacity.largest_node_allocatable = capacity.allocatable;
  capacity.nodes = 1;
  return capacity;
}

}  // namespace fairway::sim
