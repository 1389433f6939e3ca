#include "scheduler/former_epochs.h"

#include <algorithm>

namespace fairway::scheduler {

void AddFormer(std::vector<FormerEpoch>& former, const FormerEpoch& ended) {
  if (former.size() >= kFormerEpochsMax) {
    auto oldest = std::find_if_not(former.begin(), former.end(), KeepsAway);
    former.erase(oldest == former.end() ? former.begin() : oldest);
  }
  former.push_back(ended);
  former.back().avoided = WasInTrouble(ended.reason);
}

}  // namespace fairway::scheduler
