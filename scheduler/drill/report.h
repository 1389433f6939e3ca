// The report of a drill: sums and percentiles over what a Rehearsal has seen. Pure.
#pragma once

#include <absl/container/btree_map.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "scheduler/drill/rehearsal.h"

namespace fairway::scheduler {

// Nearest-rank percentiles (the value that at least so many hundredths of all do not exceed).
struct Percentiles {
  int64_t count = 0;
  Duration p50, p90, p99, max;
};
Percentiles PercentilesOf(std::vector<Duration> values);

// How it ended for one job.
enum class DrillFate : uint8_t {
  kMoved,      // it ran again elsewhere
  kPlaced,     // elsewhere, and not seen to run there yet
  kUnplaced,   // it left, and waits in the queue
  kWaits,      // it waits for its cluster
  kResumed,    // its cluster was back, and it went on there
  kFinished,   // where it was, with a result
  kUntouched,  // nothing happened to it
  kDeleted,    // by its owner
  kVanished,   // its object is there, and its record and result are not
};
std::string_view DrillFateName(DrillFate fate);

struct DrillRow {
  const RehearsedJob* job = nullptr;
  DrillFate fate = DrillFate::kUntouched;
  // Since the cut; negative = not seen.
  Duration detected{-1}, fenced{-1}, left{-1}, restarted{-1};
  Duration lost_work;  // that its old copy had done in vain
  bool duplicated = false;
  std::string why;  // it did not run again
};

struct DrillReport {
  int64_t jobs = 0, in_scope = 0, spared = 0, not_followed = 0;
  absl::btree_map<DrillFate, int64_t> fates;  // of jobs in the scope
  int64_t spared_moved = 0;  // left their cluster for its loss, though outside the scope
  int64_t lost_runs = 0;     // vanished without a result
  int64_t duplicated = 0;    // ran twice at once: copies that policy `fast` or an operator allowed
  int64_t duplicated_under_fenced = 0;  // and those that nobody had
  Duration lost_work, lost_work_max;
  Percentiles detection, fence, placement, rto;
  absl::btree_map<FailoverPolicy, Percentiles> rto_by_policy;
  absl::btree_map<std::string, int64_t> not_restarted;  // why, and how many
  std::vector<DrillRow> rows;  // the remarkable ones first, then by time of restart, latest first
};

// What the world alone does not tell; either may be empty.
struct DrillFacts {
  // Why a job that is queued now waits; asked for few.
  std::function<std::string(const JobRecord&)> explain = {};
  // The job's object is there, and nobody has asked for its deletion; asked of jobs without a
  // record.
  std::function<bool(const RehearsedJob&)> wanted = {};
};

// `world` as it is now. The rows point into `rehearsal`.
DrillReport MakeReport(const Rehearsal& rehearsal, const World& world, const FailoverConfig& config,
                       const DrillFacts& facts);

}  // namespace fairway::scheduler
