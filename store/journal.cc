#include "store/journal.h"

namespace fairway::store {

// Journals of the simulation and of simulated clusters keep no history.
Result<uint64_t> Journal::ReadHistory(uint64_t, bool, size_t,
                                      const std::function<bool(const HistoryLink&)>&) {
  return uint64_t{0};
}
Result<HistoryEnds> Journal::ReadHistoryEnds() { return HistoryEnds{}; }
void Journal::TrimHistory(uint64_t, Instant) {}

}  // namespace fairway::store
