// Forecast: what the real Core would do with this world from now on, if its members were ideal:
// each dispatch is acknowledged at once, each copy runs for as long as RunTimeModel says, and
// nothing fails. Drives a Core of its own over events in virtual time. Pure: same input, same
// forecast; no clock, thread or I/O. May take long for large worlds, so it belongs on a thread of
// its own.
//
// What it does not foresee: jobs that are submitted later, clusters that come back or get lost, and
// run times that nobody knows. A cluster whose link is down stays down, and is lost in time.
#pragma once

#include <absl/container/btree_map.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "scheduler/failover/config.h"
#include "scheduler/forecast/run_times.h"
#include "scheduler/world.h"

namespace fairway::scheduler {

// A job that is submitted in the forecast.
struct ForecastJob {
  JobId job;
  std::string name;  // namespace/name
  JobSpec spec;
  bool suspended = false;
  Duration after;  // the forecast's begin
};

// A cluster as it is from the forecast's begin on: new, or in other ways than it is.
struct ForecastCluster {
  ClusterId cluster;
  ClusterSpec spec;
  Capacity capacity;
};

// Changes of the world, all at the forecast's begin, in this order.
struct ForecastChanges {
  std::vector<ClusterQueueRecord> cluster_queues;  // known ones, in other ways
  std::vector<ForecastCluster> new_clusters;
  std::vector<ClusterRecord> clusters;  // known ones with another spec; the link is not looked at
  std::vector<ClusterId> removed;
};

// Sees what a forecast does while it is made.
class ForecastWatch {
 public:
  virtual ~ForecastWatch() = default;
  // After the step that made it.
  virtual void Saw(const Edit& edit, const World& world, Instant now) = 0;
  // `explain` says why a job that is queued now waits.
  virtual void AtEnd(const World& world,
                     const std::function<std::string(const JobRecord&)>& explain) = 0;
};

struct ForecastPlan {
  Instant now;
  Duration horizon = Seconds(86'400);
  ForecastChanges changes;
  std::vector<ForecastJob> jobs;
  RunTimeModel run_times;
  FailoverConfig failover;
  // Until everything has ended; else until nobody waits any more.
  bool to_the_end = false;
  // A live drill that is asked for after so long; the forecast ends with its cut. (A core that has
  // just started believes in no loss before it has listened for a lease.)
  const DrillWish* drill = nullptr;
  Duration drill_after;
  ForecastWatch* watch = nullptr;
  int64_t steps_max = 5'000'000;
  std::function<bool()> cancelled = {};  // asked now and then
};

// What becomes of one job.
struct JobFate {
  std::string name;
  std::string local_queue;  // "" = none
  Instant submitted;
  ClusterId before;   // where the snapshot has it; 0 = nowhere
  ClusterId cluster;  // where it went last; 0 = nowhere
  Instant started;    // of the last placement; 0 = never
  Instant ended;
  Duration waited;         // without a cluster or quota, since the begin or its submission
  int32_t placements = 0;  // in the forecast
  bool waiting = false;    // at the end of the forecast
  bool suspended = false;
  bool workload_only = false;  // started = admitted; it has no cluster
  // Why it waits, or waited at first; "" when it never did.
  std::string outcome, reason, nearest_change;
};

// The most of one resource that was in use at any time.
struct PeakUse {
  std::string flavor;  // of a queue
  std::string resource;
  int64_t peak = 0;
  int64_t total = 0;  // allocatable less what others request, or the nominal quota
  bool operator==(const PeakUse&) const = default;
};
struct PlacePeaks {
  std::string name;
  std::vector<PeakUse> uses;
  bool operator==(const PlacePeaks&) const = default;
};

enum class ForecastEnd : uint8_t {
  kSettled,    // nobody waits, or all has ended
  kStuck,      // somebody waits, and nothing is left that could change that
  kHorizon,    // time is up
  kGaveUp,     // steps_max were made
  kCancelled,  //
};
std::string_view ForecastEndName(ForecastEnd end);

struct Forecast {
  Instant begin, end;  // of the time looked at
  ForecastEnd why = ForecastEnd::kSettled;
  int64_t steps = 0;
  absl::btree_map<JobId, JobFate> jobs;  // unfinished at the begin, or submitted since
  absl::btree_map<ClusterId, PlacePeaks> clusters;
  absl::btree_map<ClusterQueueId, PlacePeaks> cluster_queues;
};

// `world` with capacities and links as they were observed. Finished jobs in it only cost memory.
Forecast Foresee(World world, const ForecastPlan& plan);

}  // namespace fairway::scheduler
