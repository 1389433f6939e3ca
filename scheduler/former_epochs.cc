#include "scheduler/former_epochs.h"

#include <algorithm>

namespace fairway::scheduler {

void AddFormer(std::vector<FormerEpoch>& former, const FormerEpoch& ended) {
  if (former.size() >= kFormerEpochsMax) {
    auto oldest = std::find_if(former.begin(), former.end(), [](const FormerEpoch& f) {
      return f.reason != EndReason::kRejected;
    });
    former.erase(oldest == former.end() ? former.begin() : oldest);
  }
  former.push_back(ended);
}

}  // namespace fairway::scheduler
