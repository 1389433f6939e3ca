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
  int64_t cpu_milli = 0;  // of all its pods
  int32_t pods = 1;
  std::vector<size_t> nodes;  // where its pods run
  Duration left;              // of its run time
  Instant started;
  uint64_t run = 0;  // tells a start from an earlier one of the same copy
  bool fails = false;
  Instant finished;
  // The Job controller has seen it: it may have pods, and its deadline counts from here (the
  // member's own clock).
  Instant job_started;
  Duration deadline{-1};  // spec.activeDeadlineSeconds; -1 = none
  uint16_t lease_generation = 0;
  Duration grace;      // of its pods
  Instant pods_until;  // true time: pods of an ended copy may run on till then
  uint64_t sync = 0;   // tells a visit of the Job controller from one that is out of date
  // Of Indexed jobs: which indexes are its own to run, and how far they are; the rest was declared
  // complete before it started.
  bool indexed = false;
  uint64_t todo = 0, done = 0;
  int32_t failures = 0;  // pods of it that have failed
  // What the member is to blame for: that it does not start, or has failed.
  scheduler::Trouble trouble = scheduler::Trouble::kNone;
};

// A member's nodes as its watchers saw them at one instant, and the pods counted in that.
using SimCounts = std::map<CopyKey, int32_t>;
struct SimPicture {
  scheduler::Capacity capacity;
  SimCounts counted;
  Instant at;
};

// Something of it may be doing its work at this true instant.
inline bool MayWork(const SimCopy& copy, Instant now) {
  return copy.phase == scheduler::RunPhase::kRunning || now < copy.pods_until;
}

inline bool IsLive(const SimCopy& copy) {
  return copy.phase == scheduler::RunPhase::kPending || copy.phase == scheduler::RunPhase::kRunning;
}

class SimCluster {
 public:
  // `nodes` nodes with so much cpu each.
  SimCluster(ClusterId id, int64_t node_milli, size_t nodes)
      : id_(id), node_milli_(node_milli), nodes_(nodes) {}

  // The member's clock: ahead of true time by an offset.
  void SetClock(Duration offset) { clock_offset_ = offset; }
  Duration clock_offset() const { return clock_offset_; }
  Instant Clock(Instant now) const { return now + clock_offset_; }

  ClusterId id() const { return id_; }
  bool up() const { return up_; }
  bool exists() const { return exists_; }
  const std::map<CopyKey, SimCopy>& copies() const { return copies_; }

  // What a new copy of an Indexed job has to run.
  void GiveIndexes(CopyKey key, uint64_t todo) {
    SimCopy& copy = copies_.at(key);
    copy.indexed = true;
    copy.todo = todo;
  }
  // The pod of an index has ended in that run: false when the run is over. The last one that ends
  // well ends the copy, and so do more failures than are allowed.
  bool EndIndex(Instant now, CopyKey key, uint64_t run, int32_t index, bool well, int32_t limit);
  // Creates the copy or takes its changed wishes over.
  void Apply(Instant now, CopyKey key, const SimJob& job);
  // What a dispatch or a renewal says of the deadline. Renewals touch a started copy only.
  void SetDeadline(CopyKey key, Duration deadline, uint16_t lease_generation, bool renewal);
  // The Job controller looks at a copy that has not been started: false when there is none.
  bool StartJob(Instant now, CopyKey key, uint64_t sync);
  // And at one whose deadline may be over: true when it ends the copy.
  bool EnforceDeadline(Instant now, CopyKey key);
  // True time when it must look again; 0 = never.
  Instant DeadlineAt(CopyKey key) const;
  // True when there was such a copy.
  bool Remove(Instant now, CopyKey key) {
    const bool had = copies_.erase(key) > 0;
    StartWhatFits(now);
    return had;
  }
  // Copies that want a visit of the Job controller, since the last call.
  std::vector<std::pair<CopyKey, uint64_t>> TakeUnsynced() { return std::exchange(unsynced_, {}); }
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
  // Pods that are not ours, spread over the nodes.
  void SetForeignLoad(int64_t cpu_milli) { foreign_milli_ = cpu_milli; }
  scheduler::Capacity Measure() const;
  SimCounts Counted() const;
  // The two of one instant, at most so old.
  const SimPicture& Picture(Instant now, Duration lag);
  // No image can be pulled: nothing starts that has not yet.
  void DenyImages(Instant now, bool denied) {
    images_denied_ = denied;
    StartWhatFits(now);
  }
  bool images_denied() const { return images_denied_; }
  // The nodes under a running copy are lost: false when it does not run.
  bool LoseNodesOf(Instant now, CopyKey key);
  // Could so many pods run here if nothing else did?
  bool CouldRun(int32_t pods, int64_t pod_milli) const {
    return node_milli_ / pod_milli * static_cast<int64_t>(nodes_) >= pods;
  }

  // Copies that started since the last call, for the caller to schedule their ends.
  std::vector<std::pair<CopyKey, SimCopy>> TakeStarted() { return std::exchange(started_, {}); }

 private:
  void StartWhatFits(Instant now);
  std::vector<int64_t> FreeByNode() const;

  ClusterId id_;
  int64_t node_milli_;
  size_t nodes_;
  int64_t foreign_milli_ = 0;
  bool images_denied_ = false;
  SimPicture picture_;
  bool up_ = true;
  bool exists_ = true;
  uint64_t runs_ = 0;
  Duration clock_offset_;
  std::vector<std::pair<CopyKey, uint64_t>> unsynced_;
  std::map<CopyKey, SimCopy> copies_;
  std::vector<std::pair<CopyKey, SimCopy>> started_;
};

}  // namespace fairway::sim
