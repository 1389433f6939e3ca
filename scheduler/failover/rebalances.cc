// Better places for jobs that run: rounds over the willing find out who would gain, and departures
// follow within the budget, the least work lost per point gained first. Bounded per step.
#include "scheduler/failover/rebalances.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "scheduler/failover/rebalance_rules.h"
#include "scheduler/suppose.h"

namespace fairway::scheduler {
namespace {

constexpr int kRebalanceLooksPerStep = 256;  // jobs
constexpr int kOffersPerStep = 64;           // of them, questions to placement
constexpr size_t kFoundMax = 256;            // kept of a round
constexpr Duration kRebalanceScanPause = Milliseconds(10);
constexpr Duration kPause = Milliseconds(1000);  // what holds is asked again; moves have ended

const RebalanceConfig& ConfigOf(StepContext& step) { return step.failover().config.rebalance; }

Duration Gap(const RebalanceConfig& config) {
  return Milliseconds(60'000 / std::max<int64_t>(config.moves_per_minute, 1));
}

bool IsWanted(StepContext& step) {
  return ConfigOf(step).enabled || IsUnderWay(step.world().rebalance());
}

// A run may make no more moves.
bool IsFull(StepContext& step) {
  const RebalanceRecord& run = step.world().rebalance();
  return IsUnderWay(run) && run.moves_max > 0 && run.moved >= run.moves_max;
}

// Given up, and not running again yet.
bool IsMoving(const JobRecord& record) {
  if (IsFinished(record) || record.suspended) return false;
  if (record.state == JobState::kRequeued) return record.ending == EndReason::kRebalanced;
  const bool last = !record.former.empty() && record.former.back().reason == EndReason::kRebalanced;
  return last && record.state != JobState::kRunning && record.state != JobState::kDeleting;
}

void Settle(StepContext& step) {
  RebalanceState& state = step.state().rebalance;
  for (auto at = state.moving.begin(); at != state.moving.end();) {
    const JobRecord* record = step.world().FindJob(at->first);
    at = record != nullptr && IsMoving(*record) ? std::next(at) : state.moving.erase(at);
  }
}

// Nobody is on his way any more, but for those who have long found no place.
bool HaveArrived(StepContext& step) {
  const auto& moving = step.state().rebalance.moving;
  return std::all_of(moving.begin(), moving.end(), [&](const auto& entry) {
    const JobRecord* record = step.world().FindJob(entry.first);
    return record == nullptr || (record->state == JobState::kQueued &&
                                 record->since + ConfigOf(step).cooldown <= step.now());
  });
}

// Jobs of one spec on one cluster are better off at the same place, unless some cluster is closed
// to one of them alone.
class Offers {
 public:
  explicit Offers(StepContext& step) : step_(step), base_(step.world()) {
    SupposeMoved(step.world(), step.state().rebalance.moving, base_);
  }

  int asked() const { return asked_; }

  RebalanceOffer For(const JobRecord& record) {
    const RebalanceConfig& config = ConfigOf(step_);
    RebalanceOffer offer;
    offer.stay = WhyNotRebalanced(step_.world(), config, record, step_.now());
    if (offer.stay != RebalanceStay::kNo) return offer;
    const std::pair<GroupId, ClusterId> key{GroupOf(record), record.cluster};
    const auto known = known_.find(key);
    if (known != known_.end() && !record.quota) return known->second;
    ++asked_;
    offer = OfferFor(step_.world(), config, record, step_.now());
    if (!record.quota) known_[key] = offer;
    return offer;
  }

 private:
  StepContext& step_;
  Suppose base_;
  int asked_ = 0;
  absl::btree_map<std::pair<GroupId, ClusterId>, RebalanceOffer> known_;
};

void Keep(RebalanceState& state, const BetterPlace& place) {
  state.found.insert(place);
  if (state.found.size() > kFoundMax) state.found.erase(std::prev(state.found.end()));
}

// One slice of a round. True when the round is over.
bool Scan(StepContext& step) {
  RebalanceState& state = step.state().rebalance;
  if (!std::exchange(state.scanning, true)) {
    state.scanned = JobId{};
    state.found.clear();
  }
  Offers offers(step);
  auto at = state.willing.upper_bound(state.scanned);
  for (int i = 0; i < kRebalanceLooksPerStep && offers.asked() < kOffersPerStep; ++i) {
    if (at == state.willing.end()) {
      state.scanning = false;
      state.leaving = std::exchange(state.found, {});
      return true;
    }
    state.scanned = *at;
    const JobRecord* known = step.world().FindJob(state.scanned);
    if (known == nullptr) {
      at = state.willing.erase(at);
      continue;
    }
    ++at;
    const JobRecord& record = *known;
    const RebalanceOffer offer = offers.For(record);
    if (offer.stay == RebalanceStay::kNo) {
      Keep(state, PlaceOf(step.world(), record, offer, step.now()));
    }
  }
  return false;
}

// The first of those found that gains as things stand now; takes those before it off the list.
std::optional<BetterPlace> NextToLeave(StepContext& step) {
  RebalanceState& state = step.state().rebalance;
  Offers offers(step);
  while (!state.leaving.empty() && offers.asked() < kOffersPerStep) {
    const JobId job = state.leaving.begin()->job;
    state.leaving.erase(state.leaving.begin());
    const JobRecord* known = step.world().FindJob(job);
    // Who is on its way, or there and does not run yet, is not sent on.
    if (known == nullptr || !state.willing.contains(job) || state.moving.contains(job)) continue;
    const JobRecord& record = *known;
    const RebalanceOffer offer = offers.For(record);
    if (offer.stay == RebalanceStay::kNo) return PlaceOf(step.world(), record, offer, step.now());
  }
  return {};
}

void Depart(StepContext& step) {
  RebalanceState& state = step.state().rebalance;
  const RebalanceConfig& config = ConfigOf(step);
  if (step.now() < state.move_at) return;
  if (static_cast<int64_t>(state.moving.size()) >= config.moving_max) return;
  const std::optional<BetterPlace> place = NextToLeave(step);
  if (!place) return;
  state.moving.emplace(place->job, place->to);
  state.move_at = step.now() + Gap(config);
  if (RebalanceRecord run = step.world().rebalance(); IsUnderWay(run)) {
    ++run.moved;
    step.Persist(PutRebalance{run});
  }
  step.GiveUpEpoch(*step.world().FindJob(place->job), EndReason::kRebalanced);
}

void EndRun(StepContext& step, RebalanceEnd end) {
  RebalanceRecord run = step.world().rebalance();
  run.end = end;
  run.ended = step.now();
  step.Persist(PutRebalance{run});
}

// When to look again. A run goes on at once when its moves have ended; by itself the gateway takes
// its time.
Instant NextLook(StepContext& step) {
  RebalanceState& state = step.state().rebalance;
  const bool run = IsUnderWay(step.world().rebalance());
  if (!run && state.willing.empty() && state.moving.empty()) return {};
  if (run && state.leaving.empty()) state.round_at = std::min(state.round_at, step.now() + kPause);
  if (state.leaving.empty()) return state.round_at;
  const bool full = static_cast<int64_t>(state.moving.size()) >= ConfigOf(step).moving_max;
  const Instant next = full ? step.now() + kPause : state.move_at;
  return std::min(state.round_at, std::max(next, step.now() + Milliseconds(1)));
}

void Wake(StepContext& step) {
  RebalanceState& state = step.state().rebalance;
  if (!state.due && IsWanted(step)) state.due = std::max(state.round_at, step.now());
}

}  // namespace

void SupposeMoved(World& world, const absl::btree_map<JobId, ClusterId>& moving,
                  Suppose& supposed) {
  for (const auto& [job, to] : moving) {
    const JobRecord* record = world.FindJob(job);
    if (record == nullptr || !record->spec || world.FindCluster(to) == nullptr) continue;
    const bool leaves = record->state == JobState::kRequeued;
    if (!leaves && record->state != JobState::kQueued) continue;  // it counts where it is
    if (leaves && record->cluster) supposed.Gone(*record);
    supposed.Placed(*record, to);
  }
}

void NoteWilling(StepContext& step, const JobRecord& record) {
  const JobSpec* spec = record.cluster ? step.world().FindSpec(record.spec) : nullptr;
  if (spec == nullptr || !spec->rebalance || IsFinished(record)) {
    return ForgetWilling(step, record.job);
  }
  step.state().rebalance.willing.insert(record.job);
  Wake(step);
}

void ForgetWilling(StepContext& step, JobId job) { step.state().rebalance.willing.erase(job); }

void RecoverRebalance(StepContext& step, const JobRecord& record) {
  if (IsFinished(record)) return;
  if (record.cluster) NoteWilling(step, record);
  if (IsMoving(record)) step.state().rebalance.moving[record.job] = ClusterId{};
}

void RecoverRebalance(StepContext& step) {
  RebalanceState& state = step.state().rebalance;
  state.move_at = step.now() + Gap(ConfigOf(step));
  state.round_at = step.now() + kPause;
  state.due = IsWanted(step) ? state.round_at : Instant{};
}

void RunRebalance(StepContext& step) {
  RebalanceState& state = step.state().rebalance;
  if (!state.due || step.now() < state.due) return;
  Settle(step);
  if (!IsWanted(step)) {
    state.scanning = false;
    state.leaving.clear();
    state.due = Instant{};
    return;
  }
  if (IsRebalanceHeld(step.world())) {
    state.due = step.now() + kPause;
    return;
  }
  if (IsFull(step)) {
    if (HaveArrived(step)) EndRun(step, RebalanceEnd::kMost);
    state.due = step.now() + kPause;
    return;
  }
  const bool run = IsUnderWay(step.world().rebalance());
  if (state.scanning || state.round_at <= step.now()) {
    if (!Scan(step)) {
      state.due = step.now() + kRebalanceScanPause;
      return;
    }
    state.round_at = step.now() + ConfigOf(step).every;
    if (run && state.leaving.empty() && HaveArrived(step)) EndRun(step, RebalanceEnd::kDone);
  }
  Depart(step);
  state.due = NextLook(step);
}

Instant NextRebalance(const StepContext& step) {
  return const_cast<StepContext&>(step).state().rebalance.due;
}

void On(StepContext& step, const RebalanceAsked& event) {
  const RebalanceRecord before = step.world().rebalance();
  if (IsUnderWay(before) == event.begins) return;
  RebalanceState& state = step.state().rebalance;
  if (!event.begins) {
    EndRun(step, RebalanceEnd::kStopped);
    return;
  }
  RebalanceRecord run;
  run.run = before.run + 1;
  run.since = step.now();
  run.moves_max = std::max<int64_t>(event.moves_max, 0);
  step.Persist(PutRebalance{run});
  state.scanning = false;
  state.leaving.clear();
  state.round_at = step.now();
  state.due = step.now();
}

}  // namespace fairway::scheduler
