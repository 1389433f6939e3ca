// Whose fault it is that a copy does not run or has failed: its cluster's or the job's own. What
// the words of pods and Jobs mean is a table of the member layer (clusters/member/pod_faults.h).
// Values only.
#pragma once

#include <cstdint>

#include "scheduler/ids.h"
#include "scheduler/instant.h"

namespace fairway::scheduler {

enum class Trouble : uint8_t {
  kNone,         // nothing is known that the cluster could be blamed for
  kNodeFailure,  // pods failed with their nodes: lost, out of order, emptied by force
  kImagePull,    // an image cannot be pulled there
  kPodsRefused,  // the cluster does not let the pods be made: its quota, its admission
};
inline constexpr Trouble kLastTrouble = Trouble::kPodsRefused;

// A live copy that is in trouble, as last heard.
struct TroubledCopy {
  ClusterId cluster;
  Epoch epoch;
  Trouble trouble = Trouble::kNone;
  Instant since;
};

}  // namespace fairway::scheduler
