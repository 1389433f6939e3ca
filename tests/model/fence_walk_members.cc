// FenceWalk: what happens on the wire and on the members.
#include <algorithm>
#include <utility>

#include "scheduler/reconcile.h"
#include "tests/model/fence_walk.h"

namespace fairway::model {

namespace sched = scheduler;

namespace {

struct CopyKey {
  JobId job;
  ClusterId cluster;
  Epoch epoch;
  bool operator==(const CopyKey&) const = default;
};

CopyKey KeyOf(const sched::Command& command) {
  return std::visit(
      [](const auto& c) -> CopyKey {
        if constexpr (requires { c.job, c.cluster, c.epoch; }) {
          return {c.job, c.cluster, c.epoch};
        } else {
          return {};
        }
      },
      command);
}

template <typename T>
bool Is(const sched::Command& command) {
  return std::holds_alternative<T>(command);
}

}  // namespace

bool FenceWalk::IsHome(const sched::Command& command) const { return KeyOf(command).cluster == kA; }

// Requests about one copy arrive in the order in which they were sent, and one of a kind is enough.
void FenceWalk::TakeRequest(Request request) {
  const CopyKey key = KeyOf(request.command);
  const bool busy = std::any_of(air_.begin(), air_.end(),
                                [&](const Request& other) { return KeyOf(other.command) == key; });
  if (Is<sched::RenewLease>(request.command) && busy) return;
  std::erase_if(air_, [&](const Request& other) {
    return KeyOf(other.command) == key && other.command.index() == request.command.index();
  });
  const sched::JobRecord* record = Record(key.job.value);
  request.update_only = record != nullptr && record->started && record->epoch == key.epoch;
  air_.push_back(std::move(request));
}

void FenceWalk::Deliver(bool lost) {
  if (air_.empty()) return;
  const size_t at = rng_.Below(air_.size());
  const Request request = air_[at];
  const CopyKey key = KeyOf(request.command);
  if (key.cluster == kA && cut_ && !lost) return;
  for (size_t i = 0; i < at; ++i) {
    if (KeyOf(air_[i].command) == key) return;
  }
  air_.erase(air_.begin() + static_cast<ptrdiff_t>(at));
  if (lost) --lost_left_;
  if (const auto* dispatch = std::get_if<sched::Dispatch>(&request.command)) {
    DeliverDispatch(request, *dispatch, lost);
  } else if (const auto* withdraw = std::get_if<sched::Withdraw>(&request.command)) {
    DeliverWithdraw(request, *withdraw, lost);
  } else if (const auto* renew = std::get_if<sched::RenewLease>(&request.command)) {
    Member& member = a_[renew->job.value];
    if (lost || key.cluster != kA || member.copy != Copy::kLive) return;
    member.deadline = std::max(member.deadline, renew->until);
    Observe("a renewal arrives");
  }
}

void FenceWalk::DeliverDispatch(const Request& request, const sched::Dispatch& dispatch,
                                bool lost) {
  const bool on_a = dispatch.cluster == kA;
  Member& member = on_a ? a_[dispatch.job.value] : b_[dispatch.job.value];
  // Half of what gets lost is an answer.
  const bool arrives = !lost || (!(on_a && cut_) && rng_.Below(2) == 0);
  const bool missing = member.copy == Copy::kNone && request.update_only;
  if (arrives && member.copy == Copy::kNone && !missing) {
    // Its deadline counts from its start.
    member = {Copy::kLive, now() + config_.lease};
  }
  if (request.orphan) return Observe("a dispatch arrives");
  const auto& [job, cluster, epoch, lease] = dispatch;
  if (lost) return Step(sched::DispatchFailed{job, cluster, epoch, true});
  if (missing) return Step(sched::CopyGone{job, cluster, epoch, true});
  Step(sched::DispatchAcked{job, cluster, epoch});
}

void FenceWalk::DeliverWithdraw(const Request& request, const sched::Withdraw& withdraw,
                                bool lost) {
  const bool on_a = withdraw.cluster == kA;
  const bool arrives = !lost || (!(on_a && cut_) && rng_.Below(2) == 0);
  if (arrives) {
    (on_a ? a_ : b_)[withdraw.job.value] = {};
    Observe("a withdrawal arrives");
  }
  if (request.orphan) return;
  const auto& [job, cluster, epoch] = withdraw;
  if (lost) return Step(sched::WithdrawFailed{job, cluster, epoch});
  Step(sched::CopyGone{job, cluster, epoch, true});
}

// A watch event, or one entry of a list.
void FenceWalk::Report(uint64_t job, bool on_a) {
  const Member& member = on_a ? a_[job] : b_[job];
  if (member.copy == Copy::kNone || (on_a && cut_)) return;
  // A copy that shows itself was made by the last dispatch.
  for (Request& request : air_) {
    if (KeyOf(request.command).job.value == job && IsHome(request.command) == on_a) {
      request.update_only = true;
    }
  }
  sched::RunObserved run{JobId{job}, on_a ? kA : kB, Epoch{on_a ? 1u : 2u},
                         sched::RunPhase::kRunning, now()};
  if (member.copy == Copy::kLive) {
    run.ends = on_a ? member.deadline : now() + config_.lease;
    run.leased = true;
  } else {
    run.phase = member.copy == Copy::kSucceeded ? sched::RunPhase::kSucceeded
                                                : sched::RunPhase::kLeaseEnded;
  }
  Step(run);
}

// A watch event about a copy that is not there.
bool FenceWalk::ReportMissing(uint64_t job) {
  if (cut_ || a_[job].copy != Copy::kNone) return false;
  for (const sched::CopyRef& copy : sched::AcknowledgedCopies(core_.world(), kA)) {
    if (copy.job.value != job || copy.epoch != Epoch{1}) continue;
    Step(sched::CopyGone{copy.job, kA, copy.epoch, false});
    return true;
  }
  return false;
}

// A copy is done, or its member's Job controller is in time.
bool FenceWalk::MemberMoves(uint64_t job) {
  Member& home = a_[job];
  if (home.copy == Copy::kLive && home.deadline <= now() && rng_.Below(2) == 0) {
    home.copy = Copy::kEnded;
  } else if (home.copy == Copy::kLive && rng_.Below(3) == 0) {
    home.copy = Copy::kSucceeded;
  } else if (b_[job].copy == Copy::kLive && rng_.Below(3) == 0) {
    b_[job].copy = Copy::kSucceeded;
  } else {
    return false;
  }
  Observe("a copy ends");
  return true;
}

// A controller that is late ends its copies now at the latest.
void FenceWalk::EndLate() {
  for (uint64_t job = 1; job <= kJobs; ++job) {
    if (a_[job].copy != Copy::kLive || TicksLeft(a_[job].deadline, 1) > 0) continue;
    a_[job].copy = Copy::kEnded;
    Observe("a copy is ended late");
  }
}

void FenceWalk::Tick() {
  EndLate();
  ++tick_;
  within_ms_ = 0;
  Observe("tick");
}

}  // namespace fairway::model
