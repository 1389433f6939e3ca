// SimCluster: a member as it really is, against which the gateway's beliefs are checked. Nodes are
// one pool of cpu; copies wait for room, run, end, and stay until withdrawn. Idempotent like a
// Kubernetes API: applying a copy twice is applying it once.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "scheduler/cluster_view.h"
#include "scheduler/event.h"
#include "tests/sim/sim_job.h"

namespace fairway::sim {

using CopyKey = std::pair<JobId, Epoch>;

struct SimCopy {
  scheduler::RunPhase phase = scheduler::RunPhase::kPending;
  int64_t cpu_milli = 0;
  Duration left;  // of its run time
  Instant started;
  uint64_t run = 0;  // tells a start from an earlier one of the same copy
  bool fails = false;
  Instant finished;
};

inline bool IsLive(const SimCopy& copy) {
  return copy.phase == scheduler::RunPhase::kPending || copy.phase == scheduler::RunPhase::kRunning;
}

class SimCluster {
 public:
  SimCluster(ClusterId id, int64_t cpu_milli) : id_(id), cpu_milli_(cpu_milli) {}

  ClusterId id() const { return id_; }
  bool up() const { return up_; }
  bool exists() const { return exists_; }
  const std::map<CopyKey, SimCopy>& copies() const { return copies_; }

  // Creates the copy or takes its changed wishes over.
  void Apply(Instant now, CopyKey key, const SimJob& job);
  // True when there was such a copy.
  bool Remove(Instant now, CopyKey key) {
    const bool had = copies_.erase(key) > 0;
    StartWhatFits(now);
    return had;
  }
  // The run that was to end now ends, unless it was stopped in between.
  bool End(Instant now, CopyKey key, uint64_t run);
  void Crash(bool loses_state) {
    up_ = false;
    if (loses_state) copies_.clear();
  }
  void Restart(Instant now) {
    up_ = true;
    StartWhatFits(now);
  }
  // Gone for good, with all that ran there.
  void Destroy() {
    up_ = false;
    exists_ = false;
    copies_.clear();
  }
  // Pods that are not ours.
  void SetForeignLoad(int64_t cpu_milli) { foreign_milli_ = cpu_milli; }
  scheduler::Capacity Measure() const;

  // Copies that started since the last call, for the caller to schedule their ends.
  std::vector<std::pair<CopyKey, SimCopy>> TakeStarted() { return std::exchange(started_, {}); }

 private:
  void StartWhatFits(Instant now);
  int64_t Used() const;

  ClusterId id_;
  int64_t cpu_milli_;
  int64_t foreign_milli_ = 0;
  bool up_ = true;
  bool exists_ = true;
  uint64_t runs_ = 0;
  std::map<CopyKey, SimCopy> copies_;
  std::vector<std::pair<CopyKey, SimCopy>> started_;
};

}  // namespace fairway::sim
