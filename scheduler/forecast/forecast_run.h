// ForecastRun: one forecast under way: a Core, its ideal members and the events that are due.
// Internal to scheduler/forecast/.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "scheduler/core.h"
#include "scheduler/forecast/forecast.h"
#include "scheduler/forecast/forecast_notes.h"
#include "scheduler/forecast/node_model.h"

namespace fairway::scheduler {

class ForecastRun {
 public:
  ForecastRun(World world, const ForecastPlan& plan);
  Forecast Go();

 private:
  enum class Kind : uint8_t { kArrives, kStarts, kEnds, kGone, kAsks, kLost };
  struct Due {
    Kind kind = Kind::kArrives;
    JobId job;
    ClusterId cluster;
    Epoch epoch;
    Instant lease;  // kStarts
    const ForecastJob* arrival = nullptr;
  };
  // A copy that an ideal member runs.
  struct Copy {
    ClusterId cluster;
    Epoch epoch;
  };

  void Begin();
  void ResumeJobs();
  void ApplyChanges();
  void Schedule(Instant at, Due due);
  // Time goes on to `at`: everything of the members that is due then, or the core's timer.
  void Advance(Instant at);
  void Perform(const std::vector<Due>& batch);
  // What the members' nodes look like afterwards is reported before the jobs are: the core never
  // sees room twice.
  using Changed = absl::btree_map<ClusterId, std::vector<CountedPods>>;
  void MoveOnNodes(const Due& due, Changed& changed);
  void PutUncounted();
  void ReportNodes(const Changed& changed);
  void Report(const Due& due);
  void ReportStart(const Due& due, const JobRecord& record);
  // The copy was started and has neither ended nor been withdrawn.
  bool Runs(const Due& due) const;
  bool IsLive(const Due& due) const;

  void Step(const Event& event);
  void Follow(const Command& command);
  void TakeInventory(ClusterId cluster);
  void RunUntilEnd(const JobRecord& record, Duration run);
  NodeModel& NodesOf(ClusterId cluster);
  bool IsDone() const;
  Instant NextAt() const;

  const ForecastPlan& plan_;
  Core core_;
  CommandSink sink_;
  Instant now_;
  ForecastNotes notes_;
  absl::btree_map<std::pair<Instant, uint64_t>, Due> due_;
  uint64_t sequence_ = 0;
  int64_t arrivals_ = 0;
  int64_t in_transit_ = 0;  // starts and withdrawals that are due
  Instant timer_;
  absl::btree_map<JobId, Copy> copies_;
  absl::btree_map<ClusterId, NodeModel> nodes_;
  bool cut_over_ = false;
  int64_t steps_ = 0;
};

}  // namespace fairway::scheduler
