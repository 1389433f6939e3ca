// Core: the only place where decisions are made. Same World, same events, same edits and commands -
// on every run, compiler and machine. No I/O, clock, thread or randomness of its own.
//
// One event in, any number of edits and commands out. The caller (gateway's Driver, tests/sim)
// saves the edits and releases remote commands through an Outbox once they are committed.
#pragma once

#include <vector>

#include "scheduler/command.h"
#include "scheduler/core_state.h"
#include "scheduler/decision.h"
#include "scheduler/edit.h"
#include "scheduler/event.h"
#include "scheduler/failover/rebalance_plan.h"
#include "scheduler/instant.h"
#include "scheduler/world.h"

namespace fairway::scheduler {

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
  // `world` as the journal left it (WorldLoader). Send Recovered first.
  explicit Core(World world = {}, const FailoverConfig& failover = {});
  // In one file, as World's.
  Core(const Core& other);
  Core(Core&& other) noexcept;
  Core& operator=(const Core& other);
  Core& operator=(Core&& other) noexcept;
  ~Core();

  // A dispatcher over one handler per event kind. Total: an event about an unknown job or cluster,
  // or an old epoch, is counted in world().stats() and changes nothing.
  void Step(Instant now, const Event& event, CommandSink& sink);

  // Why a job is where it is, or waits, with the quota part (ExplainJob has the clusters alone).
  // Changes nothing that can be seen.
  Decision Explain(const JobRecord& record, Instant now);

  const World& world() const { return world_; }
  const FailoverConfig& failover() const { return state_.failover.config; }
  // Jobs that are on their way to better places.
  const RebalanceState& rebalance() const { return state_.rebalance; }
  // What a rebalance would do now, of at most so many moves (0 = no limit). As Explain: changes
  // nothing that can be seen. O(live jobs).
  RebalancePlan PlanRebalance(int64_t moves_max, Instant now);
  // How far the drains are, by cluster.
  const DrainState& drains() const { return state_.drains; }

 private:
  World world_;
  CoreState state_;
};

}  // namespace fairway::scheduler
