#include "scheduler/drill/plan.h"

#include <algorithm>
#include <utility>

namespace fairway::scheduler {
namespace {

struct Ended {
  Instant at;
  uint64_t order;
  std::string name;
  auto operator<=>(const Ended&) const = default;
};

// The oldest beyond what is kept.
void Trim(std::vector<Ended> ended, int32_t kept, std::vector<std::string>& out) {
  std::sort(ended.begin(), ended.end());
  const auto most = static_cast<size_t>(std::max(kept, 0));
  for (size_t i = 0; i + most < ended.size(); ++i) out.push_back(std::move(ended[i].name));
}

}  // namespace

PlanStep StepPlan(const PlanWish& wish, const std::vector<PlanDrill>& drills, Instant last,
                  Instant now) {
  PlanStep out;
  std::vector<Ended> good, bad;
  std::vector<std::string> active;
  for (const PlanDrill& drill : drills) {
    if (!drill.finished) {
      active.push_back(drill.name);
    } else {
      (drill.succeeded ? good : bad).push_back({drill.at, drill.order, drill.name});
    }
  }
  Trim(std::move(good), wish.successes_kept, out.remove);
  Trim(std::move(bad), wish.failures_kept, out.remove);
  if (wish.suspended) return out;
  const CronDue due = DueOf(wish.schedule, last, now);
  out.wake = due.next;
  if (!due.latest) return out;
  if (wish.starting_deadline.ms >= 0 && due.latest + wish.starting_deadline < now) {
    out.missed = "it is later than startingDeadlineSeconds allows";
    out.missed_at = due.latest;
    return out;
  }
  if (!active.empty() && wish.concurrency == Concurrency::kForbid) {
    out.missed = "drill " + active.front() + " is still under way";
    out.missed_at = due.latest;
    return out;
  }
  // What is replaced has to be over first: two live drills never overlap.
  if (wish.concurrency == Concurrency::kReplace) out.abort = std::move(active);
  if (out.abort.empty()) out.start = due.latest;
  return out;
}

}  // namespace fairway::scheduler
