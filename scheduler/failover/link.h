// LinkRecord: where a cluster stands with us, as saved. design.md 4.1.
//
//   Joining -> Ready -> Suspect -> Unreachable -> Fenced
//                ^  ^      |            |            |
//                |  +------+            +-> Rejoining <-+
//                +---- Probation <-----------+
#pragma once

#include <cstdint>
#include <string_view>

#include "scheduler/instant.h"

namespace fairway::scheduler {

// The numbers are in stored records: do not change them.
enum class LinkState : uint8_t {
  kJoining,      // never heard of yet
  kReady,        //
  kSuspect,      // silent for a moment: no new jobs; nothing moves
  kUnreachable,  // lost: nothing is written to it, its jobs are Uncertain
  kFenced,       // lost, and every lease there is over
  kRejoining,    // answers again; its copies are being counted, nothing is written yet
  kProbation,    // in order again; no new jobs for a while
};

struct LinkRecord {
  LinkState state = LinkState::kJoining;
  bool stalled = false;  // its Job controller does not start copies: its fences cannot be trusted
  int32_t flaps = 0;     // losses in a row, each soon after the last
  Instant since;         // of the state
  Instant lost_at;       // the last sign of life before the last loss
  Instant horizon;       // no lease that we gave there ends later, by our clock
  Instant probation_until;  //
  // The member's clock less ours, and how wrong that may be.
  Duration clock_offset, clock_error;
  Instant clock_at;  // measured
  bool operator==(const LinkRecord&) const = default;
};

// Nothing is written to a cluster that is lost, nor before its copies are known again.
inline bool IsWritable(LinkState state) {
  return state != LinkState::kUnreachable && state != LinkState::kFenced &&
         state != LinkState::kRejoining;
}
inline bool IsLost(LinkState state) {
  return state == LinkState::kUnreachable || state == LinkState::kFenced;
}
// New jobs may go there, as far as the link is concerned. A cluster whose link is ready for the
// first time has left kJoining by then.
inline bool TakesNewJobs(const LinkRecord& link) {
  return (link.state == LinkState::kJoining || link.state == LinkState::kReady ||
          link.state == LinkState::kSuspect) &&
         !link.stalled;
}

std::string_view LinkStateName(LinkState state);

}  // namespace fairway::scheduler
