// What a change does to each job: two forecasts of the same world side by side. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "scheduler/forecast/forecast.h"

namespace fairway::scheduler {

enum class FateChange : uint8_t {
  kNone,
  kNew,        // submitted by the change itself
  kMoves,      // from the cluster where it would have stayed
  kStops,      // it would have gone on, and waits now
  kStarts,     // it would have waited to the end
  kNoStart,    // it waits to the end, and would have started
  kEarlier,    //
  kLater,      //
  kElsewhere,  // starts when it would have, on another cluster
};
std::string_view FateChangeName(FateChange change);

struct FateRow {
  JobId job;
  const JobFate* before = nullptr;  // null when new
  const JobFate* after = nullptr;
  FateChange change = FateChange::kNone;
};

// Jobs with a change first, then those that wait anyway; each group in the order of submission.
// Jobs that go on as they are, or start at once as they would have, are left out. Starts that
// differ by less than a second are the same. The rows point into the forecasts.
std::vector<FateRow> CompareForecasts(const Forecast& before, const Forecast& after);

// How many jobs wait at the end, how long all waited and the longest did.
struct WaitSums {
  int64_t waiting = 0;
  int64_t waited = 0;  // jobs that waited for a second or more
  int64_t placements = 0;
  Duration total, longest;
};
WaitSums SumWaits(const Forecast& forecast);

}  // namespace fairway::scheduler
