#include "tests/sim/sim_cluster.h"

#include <algorithm>

namespace fairway::sim {

using scheduler::RunPhase;

std::vector<int64_t> SimCluster::FreeByNode() const {
  const auto nodes = static_cast<int64_t>(nodes_);
  std::vector<int64_t> free;
  for (int64_t node = 0; node < nodes; ++node) {
    const int64_t foreign = foreign_milli_ / nodes + (node < foreign_milli_ % nodes ? 1 : 0);
    free.push_back(node_milli_ - foreign);
  }
  for (const auto& [key, copy] : copies_) {
    if (copy.phase != RunPhase::kRunning) continue;
    for (const size_t node : copy.nodes) free[node] -= copy.cpu_milli / copy.pods;
  }
  return free;
}

void SimCluster::StartWhatFits(Instant now) {
  if (!exists_) return;
  std::vector<int64_t> free = FreeByNode();
  for (auto& [key, copy] : copies_) {
    if (copy.phase != RunPhase::kPending || !copy.job_started || copy.pods == 0) continue;
    copy.trouble = images_denied_ ? scheduler::Trouble::kImagePull : scheduler::Trouble::kNone;
    if (images_denied_) continue;
    // Each pod on the freest node, and none unless all find one.
    std::vector<int64_t> left = free;
    copy.nodes.clear();
    for (int32_t pod = 0; pod < copy.pods; ++pod) {
      const auto freest = std::max_element(left.begin(), left.end());
      if (*freest < copy.cpu_milli / copy.pods) break;
      *freest -= copy.cpu_milli / copy.pods;
      copy.nodes.push_back(static_cast<size_t>(freest - left.begin()));
    }
    if (copy.nodes.size() != static_cast<size_t>(copy.pods)) continue;
    free = left;
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
    copy.pods = job.pods;
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
    copy.trouble = scheduler::Trouble::kNone;
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
  copy.trouble = scheduler::Trouble::kNone;
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

bool SimCluster::EndIndex(Instant now, CopyKey key, uint64_t run, int32_t index, bool well,
                          int32_t limit) {
  const auto at = copies_.find(key);
  if (at == copies_.end() || at->second.run != run || at->second.phase != RunPhase::kRunning) {
    return false;
  }
  SimCopy& copy = at->second;
  if (well) {
    copy.done |= uint64_t{1} << index;
  } else {
    ++copy.failures;
  }
  if (copy.failures <= limit && (copy.todo & ~copy.done) != 0) return true;
  copy.phase = copy.failures > limit ? RunPhase::kFailed : RunPhase::kSucceeded;
  copy.finished = now;
  StartWhatFits(now);
  return true;
}

bool SimCluster::LoseNodesOf(Instant now, CopyKey key) {
  const auto at = copies_.find(key);
  if (at == copies_.end() || at->second.phase != RunPhase::kRunning) return false;
  at->second.phase = RunPhase::kFailed;
  at->second.trouble = scheduler::Trouble::kNodeFailure;
  at->second.finished = now;
  StartWhatFits(now);
  return true;
}

SimCounts SimCluster::Counted() const {
  SimCounts counted;
  for (const auto& [key, copy] : copies_) {
    const bool waits = copy.phase == RunPhase::kPending || copy.phase == RunPhase::kSuspended;
    if (!waits) counted[key] = copy.pods;
  }
  return counted;
}

const SimPicture& SimCluster::Picture(Instant now, Duration lag) {
  if (!picture_.at || picture_.at + lag <= now) picture_ = {Measure(), Counted(), now};
  return picture_;
}

scheduler::Capacity SimCluster::Measure() const {
  const auto amount = [](int64_t cpu_milli, int64_t pods) {
    scheduler::Resources resources;
    resources.cpu_milli = cpu_milli;
    resources.memory_bytes = int64_t{1} << 40;
    resources.pods = pods;
    return resources;
  };
  const auto nodes = static_cast<int32_t>(nodes_);
  scheduler::Capacity capacity;
  capacity.allocatable = amount(node_milli_ * nodes, 1 << 20);
  capacity.requested.cpu_milli = foreign_milli_;
  capacity.largest_node_allocatable = amount(node_milli_, 1 << 20);
  capacity.nodes = nodes;
  scheduler::NodeClass& all = capacity.node_classes.emplace_back();
  all.whole = {{amount(node_milli_, 1 << 20), nodes}};
  std::vector<int64_t> free = FreeByNode();
  std::sort(free.rbegin(), free.rend());
  capacity.largest_node_free = amount(free.front(), 1 << 20);
  for (const int64_t cpu_milli : free) {
    if (!all.free.empty() && all.free.back().amounts.cpu_milli == cpu_milli) {
      ++all.free.back().nodes;
    } else {
      all.free.push_back({amount(cpu_milli, 1 << 20), 1});
    }
  }
  return capacity;
}

}  // namespace fairway::sim
