// HistoryLog: where transitions of jobs and clusters go, and are read (store/history.h). Beside the
// Journal, not in it: the simulation and simulated clusters keep no history.
//
// Thread: the loop.
#pragma once

#include <functional>
#include <string>

#include "scheduler/instant.h"
#include "scheduler/result.h"
#include "store/history.h"

namespace fairway::store {

class HistoryLog {
 public:
  virtual ~HistoryLog() = default;

  // Both join the next batch that is appended: that of this turn of the loop, when it has one.
  virtual void AttachTransition(std::string transition) = 0;
  // A small value, as by Journal::PutMeta.
  virtual void AttachMeta(std::string key, std::string value) = 0;

  // Visits at most `scan_max` links with a sequence > `after`, oldest first, or, `newest_first`, <
  // `after` (0 = from the newest), until visit() returns false. Returns where to go on, and 0 at
  // the end.
  virtual Result<uint64_t> ReadHistory(uint64_t after, bool newest_first, size_t scan_max,
                                       const std::function<bool(const HistoryLink&)>& visit) = 0;
  // Where the chain begins and ends now.
  virtual Result<HistoryEnds> ReadHistoryEnds() = 0;
  // Drops the oldest links so that no more than `keep` are left, and none from before `since`; some
  // per call. Runs behind the scenes.
  virtual void TrimHistory(uint64_t keep, Instant since) = 0;
};

}  // namespace fairway::store
