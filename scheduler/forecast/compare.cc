#include "scheduler/forecast/compare.h"

#include <algorithm>

namespace fairway::scheduler {
namespace {

constexpr Duration kSame = Seconds(1);

bool Waited(const JobFate& fate) { return fate.waiting || fate.waited >= kSame; }

FateChange ChangeOf(const JobFate& before, const JobFate& after) {
  // Runs on from before the forecast, wherever it is.
  const bool stayed = before.before && before.cluster == before.before && before.placements == 0;
  if (before.waiting && after.waiting) return FateChange::kNone;
  if (after.waiting) return stayed ? FateChange::kStops : FateChange::kNoStart;
  if (before.waiting) return FateChange::kStarts;
  if (stayed) return after.placements > 0 ? FateChange::kMoves : FateChange::kNone;
  if (after.started + kSame <= before.started) return FateChange::kEarlier;
  if (before.started + kSame <= after.started) return FateChange::kLater;
  return before.cluster == after.cluster ? FateChange::kNone : FateChange::kElsewhere;
}

}  // namespace

std::string_view FateChangeName(FateChange change) {
  switch (change) {
    case FateChange::kNone:
      return "";
    case FateChange::kNew:
      return "New";
    case FateChange::kMoves:
      return "Moves";
    case FateChange::kStops:
      return "Stops";
    case FateChange::kStarts:
      return "Starts";
    case FateChange::kNoStart:
      return "NoStart";
    case FateChange::kEarlier:
      return "Earlier";
    case FateChange::kLater:
      return "Later";
    case FateChange::kElsewhere:
      return "Elsewhere";
  }
  return "";
}

std::vector<FateRow> CompareForecasts(const Forecast& before, const Forecast& after) {
  std::vector<FateRow> rows;
  for (const auto& [job, fate] : after.jobs) {
    FateRow row{job, nullptr, &fate, FateChange::kNew};
    if (const auto at = before.jobs.find(job); at != before.jobs.end()) {
      row.before = &at->second;
      row.change = ChangeOf(at->second, fate);
    }
    if (row.change != FateChange::kNone || Waited(fate)) rows.push_back(row);
  }
  std::stable_partition(rows.begin(), rows.end(),
                        [](const FateRow& row) { return row.change != FateChange::kNone; });
  return rows;
}

WaitSums SumWaits(const Forecast& forecast) {
  WaitSums sums;
  for (const auto& [job, fate] : forecast.jobs) {
    sums.placements += fate.placements;
    if (fate.waiting) ++sums.waiting;
    if (Waited(fate)) ++sums.waited;
    sums.total = sums.total + fate.waited;
    sums.longest = std::max(sums.longest, fate.waited);
  }
  return sums;
}

}  // namespace fairway::scheduler
