// Core: the only place where decisions are made. Same World, same events, same edits and commands -
// on every run, compiler and machine. No I/O, clock, thread or randomness of its own.
//
// One event in, any number of edits and commands out. The caller (gateway's Driver, tests/sim)
// saves the edits and releases remote commands through an Outbox once they are committed.
#pragma once

#include <string>
#include <vector>

#include "scheduler/command.h"
#include "scheduler/edit.h"
#include "scheduler/event.h"
#include "scheduler/instant.h"
#include "scheduler/world.h"

namespace fairway::scheduler {

// One group of clusters that got the same answer, for Placement.status and `explain`.
struct VerdictGroup {
  std::string reason;   // names.h: "Cordoned", "Insufficient cpu", "AffinityMismatch", ...
  std::string message;  // "needs 4 cpu, 1500m is free on the roomiest"
  int32_t count = 0;
  std::vector<std::string> clusters;  // at most kVerdictNamesMax names, in ClusterId order
};
inline constexpr int kVerdictNamesMax = 10;

// Why a job went where it went, or why it waits.
struct Decision {
  JobId job;
  ClusterId cluster;  // 0 = waits
  Epoch epoch;
  std::string outcome;  // "Placed", "Infeasible", "Waiting"
  std::string message;  // one sentence
  int64_t score = 0;
  ClusterId runner_up;
  int64_t runner_up_score = 0;
  std::vector<VerdictGroup> verdicts;
};

// Reused from step to step; the caller clears it.
struct CommandSink {
  bool want_decisions = false;  // decisions are costly to word: the simulation leaves them out
  std::vector<Edit> edits;
  std::vector<Command> commands;
  std::vector<Decision> decisions;
  void Clear() {
    edits.clear();
    commands.clear();
    decisions.clear();
  }
};

class Core {
 public:
  explicit Core(World world = {}) : world_(std::move(world)) {}

  // A dispatcher over one handler per event kind. Total: an event about an unknown job or cluster,
  // or an old epoch, is counted in world().stats() and changes nothing.
  void Step(Instant now, const Event& event, CommandSink& sink);

  const World& world() const { return world_; }

 private:
  World world_;
};

}  // namespace fairway::scheduler
