// The quota pass: queues that may admit something are looked at in the agenda's order, many heads
// of each, until the step's allowance is used up; the rest follows with the next timer.
#include <algorithm>
#include <utility>

#include "scheduler/quota/backfill.h"
#include "scheduler/quota/charge_adopted.h"
#include "scheduler/quota/hope.h"
#include "scheduler/quota/quota_estimate.h"
#include "scheduler/quota/quota_steps.h"
#include "scheduler/quota/reservation.h"

namespace fairway::scheduler {
namespace {

constexpr int kQuotaBudget = 256;
constexpr int kCostOfPassedHead = 1;
constexpr int kCostOfLook = 4;
constexpr int kQuotaEvictionsPerStep = 256;
constexpr size_t kPausedMax = 1024;
constexpr Duration kPauseBusy = Milliseconds(1);
constexpr Duration kPauseIdle = Milliseconds(10);

// Stopped with HoldAndDrain: whoever is admitted has to go. True when all have been told.
bool Drain(StepContext& step) {
  World& world = step.world();
  std::vector<std::pair<JobId, EndReason>> leaving;
  for (const auto& [id, queue] : world.ledger().queues()) {
    const ClusterQueueSpec* spec = world.quota().cluster_queues.Find(id);
    const bool all = spec != nullptr && spec->stop_policy == StopPolicy::kHoldAndDrain;
    for (const JobId job : queue.admitted) {
      const JobRecord& record = *world.FindJob(job);
      if (IsLeaving(record)) continue;
      const std::string& name = world.FindSpec(record.spec)->queueing.local_queue;
      const LocalQueueId local = world.quota().local_queues.FindByName(name);
      const bool local_drains =
          local && world.quota().local_queues.Find(local)->stop_policy == StopPolicy::kHoldAndDrain;
      if (!all && !local_drains) continue;
      if (leaving.size() >= kQuotaEvictionsPerStep) break;
      leaving.emplace_back(job,
                           all ? EndReason::kClusterQueueStopped : EndReason::kLocalQueueStopped);
    }
  }
  for (const auto& [job, reason] : leaving) EvictJob(step, *world.FindJob(job), reason);
  return leaving.size() < kQuotaEvictionsPerStep;
}

bool AnyDrains(const QuotaBook& book) {
  for (const auto& [id, spec] : book.cluster_queues.objects()) {
    if (spec.stop_policy == StopPolicy::kHoldAndDrain) return true;
  }
  for (const auto& [id, spec] : book.local_queues.objects()) {
    if (spec.stop_policy == StopPolicy::kHoldAndDrain) return true;
  }
  return false;
}

// The shares from the root's child down to the queue once the plan is carried out, or, without
// fair sharing, how high it borrows.
void OrderOf(World& world, const AdmitPlan& plan, int32_t node, AgendaKey& key) {
  key.shares.clear();
  if (!world.quota_settings().fair_sharing) {
    key.borrow = plan.assignment.borrow;
    return;
  }
  QuotaTree& tree = world.mutable_ledger().tree;
  const std::vector<SlotNeed>& needs = plan.assignment.needs;
  for (const SlotNeed& need : needs) tree.Move(node, need.slot, need.amount, Usage::kPlanned);
  for (int32_t at = node; tree.node(at).parent != QuotaTree::kNone; at = tree.node(at).parent) {
    key.shares.insert(key.shares.begin(), tree.Share(at, Usage::kPlanned));
  }
  for (const SlotNeed& need : needs) tree.Move(node, need.slot, -need.amount, Usage::kPlanned);
}

class Pass {
 public:
  Pass(StepContext& step, const QuotaLedger::Hopeless& hopeless)
      : step_(step), ledger_(step.world().mutable_ledger()), hopeless_(hopeless) {}

  // True when something was admitted.
  bool Run() {
    int budget = kQuotaBudget;
    while (budget > 0 && !ledger_.agenda().empty()) budget -= LookAtFirst();
    return admitted_;
  }

 private:
  int LookAtFirst() {
    const ClusterQueueId id = ledger_.agenda().begin()->second;
    QueueState& queue = *ledger_.FindQueue(id);
    std::string reason;
    const QueueHead* next = queue.pending.Next(queue.after);
    if (next == nullptr || !QueueInactive(step_.world(), id, &reason).empty()) {
      ledger_.Sleep(id);
      return kCostOfPassedHead;
    }
    const QueueHead head = *next;
    if (queue.pending.IsBlocked(head.group, queue.wakes) || IsVain(id, queue, head)) {
      queue.pending.MarkBlocked(head.group, queue.wakes);
      GoOn(id, queue, head);
      return kCostOfPassedHead;
    }
    if (queue.key.job != head.job || queue.key.minus_priority != head.minus_priority) {
      ledger_.Enlist(id, {0, head.minus_priority, {}, head.job});
      return kCostOfPassedHead;
    }
    const JobId job = WhoseTurn(id, head);
    const JobRecord& record = *step_.world().FindJob(job);
    const auto claim = ledger_.claims().find(job);
    const bool claimed = claim != ledger_.claims().end();
    QuotaClaim kept;
    if (claimed) {
      kept = claim->second;
      step_.world().DropClaim(job, /*quiet=*/true);
    }
    const bool promised = claimed && !kept.reserved;
    Claims aside = SetAside(step_.world(), id, head);
    AdmitPlan plan = PlanBeside(record, promised, aside);
    if (MayGo(plan) && TakesOver(id, record, plan, aside)) {
      PutBack(step_.world(), std::exchange(aside, {}));
      plan = PlanBeside(record, promised, aside);
    }
    const bool pauses = Pauses(id, record, plan);
    if (pauses) plan = AdmitPlan{};
    if (pauses) plan.outcome = AdmitOutcome::kNoQuota;
    const bool may_go = MayGo(plan);
    // What was promised needs no place in the order.
    const bool waits = may_go && !promised && !IsFirst(id, plan, head);
    if (waits || !may_go) PutBack(step_.world(), std::move(aside));
    if (waits) {
      if (claimed) step_.world().SetClaim(job, std::move(kept), /*quiet=*/true);
      return kCostOfLook;
    }
    const bool acted = ActOnPlan(step_, record, std::move(plan));
    if (may_go) PutBackWhatFits(step_.world(), std::move(aside));
    if (acted) {
      admitted_ = true;
      if (job == head.job) GoOn(id, queue, head);
      if (claimed && kept.reserved) ledger_.WakeAll();  // who waited for its turn may preempt now
    } else {
      if (claimed && !ledger_.claims().contains(job)) {
        step_.world().SetClaim(job, std::move(kept), /*quiet=*/true);
        // A reservation stays; of another promise, what is left is free for others.
        if (!ledger_.claims().at(job).reserved) step_.world().DropClaim(job);
      }
      if (!may_go) {
        Reserve(step_.world(), *step_.world().FindJob(head.job), step_.now(),
                pauses ? ReserveFor::kPause : ReserveFor::kLongWait);
      }
      const bool strict =
          step_.world().quota().cluster_queues.Find(id)->strategy == QueueingStrategy::kStrictFifo;
      if (strict) {
        ledger_.Sleep(id);
      } else {
        GoOn(id, queue, head);
      }
    }
    return kCostOfLook;
  }

  // Jobs of a group are alike, and only its head is in the queue's order: whoever of them has a
  // promise goes first, or it would never be kept.
  JobId WhoseTurn(ClusterQueueId id, const QueueHead& head) {
    for (const JobId job : ledger_.FindQueue(id)->claimants) {
      if (ledger_.claims().at(job).reserved) continue;
      const JobRecord& record = *step_.world().FindJob(job);
      if (WaitsForQuota(record) && GroupOf(record) == head.group) return job;
    }
    return head.job;
  }

  // Nothing came of this head, and nothing would. A strict queue's head is always looked at.
  bool IsVain(ClusterQueueId id, const QueueState& queue, const QueueHead& head) const {
    return step_.world().quota().cluster_queues.Find(id)->strategy !=
               QueueingStrategy::kStrictFifo &&
           IsHopeless(step_.world(), id, queue, head, step_.now());
  }

  // Those who would have to go for it are about to end anyway: for a moment, counted from when it
  // first might have preempted, it waits for that.
  bool Pauses(ClusterQueueId id, const JobRecord& record, const AdmitPlan& plan) {
    if (!AreAboutToEnd(step_.world(), plan.victims, step_.now())) return false;
    const Duration awaited = step_.world().quota_settings().ends_awaited;
    QuotaPassState& state = step_.state().quota;
    if (state.paused.size() >= kPausedMax) {
      absl::erase_if(state.paused,
                     [&](const auto& entry) { return entry.second + awaited <= step_.now(); });
      if (state.paused.size() >= kPausedMax) return false;
    }
    Instant& since = state.paused.try_emplace(record.job, step_.now()).first->second;
    if (since < record.since) since = step_.now();  // it has run, and queues anew
    const Instant end = since + awaited;
    if (end <= step_.now()) return false;
    state.pauses.emplace(end, id);
    return true;
  }

  static bool MayGo(const AdmitPlan& plan) {
    return plan.outcome == AdmitOutcome::kAdmit || plan.outcome == AdmitOutcome::kPreempt;
  }

  // Reservations keep newcomers out, but for those who will be gone in time (backfill.h), and
  // nobody is preempted on their behalf: who would fit without them waits, others preempt as if
  // there were none. A promise that was made stands beside them.
  AdmitPlan PlanBeside(const JobRecord& record, bool promised, Claims& aside) {
    AdmitPlan plan;
    if (!promised) {
      plan = PlanAdmission(step_.world(), record, false);
      if (plan.outcome == AdmitOutcome::kAdmit) return plan;
      if (PlanBackfill(record, plan, aside) || plan.victims.empty()) return plan;
    }
    Claims reservations = SetReservationsAside(step_.world());
    if (!promised && reservations.empty()) return plan;
    plan = PlanAdmission(step_.world(), record, false);
    if (!promised && MayGo(plan) && plan.victims.empty()) plan.outcome = AdmitOutcome::kNoQuota;
    aside.insert(aside.end(), reservations.begin(), reservations.end());
    return plan;
  }

  bool PlanBackfill(const JobRecord& record, AdmitPlan& plan, Claims& aside) {
    Claims later = SetLaterReservationsAside(step_.world(), record, step_.now());
    if (later.empty()) return false;
    AdmitPlan early = PlanAdmission(step_.world(), record, false);
    if (early.outcome != AdmitOutcome::kAdmit) {
      PutBack(step_.world(), std::move(later));
      return false;
    }
    plan = std::move(early);
    aside.insert(aside.end(), later.begin(), later.end());
    return true;
  }

  // The plan lives on promises to others of the same queue, to which it has no right.
  bool TakesOver(ClusterQueueId id, const JobRecord& record, const AdmitPlan& plan,
                 const Claims& aside) {
    return std::any_of(aside.begin(), aside.end(),
                       [&](const auto& entry) {
                         return entry.second.queue == id && !entry.second.reserved;
                       }) &&
           BorrowsAgain(step_.world(), record, ledger_.tree.FindNode(id), plan.assignment.needs);
  }

  // Puts the queue back in its place when another goes before it.
  bool IsFirst(ClusterQueueId id, const AdmitPlan& plan, const QueueHead& head) {
    AgendaKey key{0, head.minus_priority, {}, head.job};
    OrderOf(step_.world(), plan, ledger_.tree.FindNode(id), key);
    const auto second = std::next(ledger_.agenda().begin());
    if (second == ledger_.agenda().end() || key <= second->first) return true;
    // Its place is known now; when nothing has changed by its next turn, it goes.
    if (key == ledger_.FindQueue(id)->key) return true;
    ledger_.Enlist(id, std::move(key));
    return false;
  }

  void GoOn(ClusterQueueId id, QueueState& queue, const QueueHead& head) {
    queue.after = head;
    const QueueHead* next = ledger_.NextHopeful(id, queue, hopeless_);
    if (next == nullptr) {
      ledger_.Sleep(id);
    } else {
      ledger_.Enlist(id, {0, next->minus_priority, {}, next->job});
    }
  }

  StepContext& step_;
  QuotaLedger& ledger_;
  const QuotaLedger::Hopeless& hopeless_;
  bool admitted_ = false;
};

// Looks again at the queues whose heads have paused long enough.
void EndPauses(QuotaPassState& state, QuotaLedger& ledger, Instant now) {
  while (!state.pauses.empty() && state.pauses.begin()->first <= now) {
    const ClusterQueueId id = state.pauses.begin()->second;
    state.pauses.erase(state.pauses.begin());
    if (ledger.FindQueue(id) != nullptr) ledger.Wake(id);
  }
}

// When the pass is to go on: `soon`, unless a pause ends before.
void SetDue(QuotaPassState& state, Instant soon) {
  state.due = soon;
  if (state.pauses.empty()) return;
  const Instant end = state.pauses.begin()->first;
  if (!soon || end < soon) state.due = end;
}

}  // namespace

void RunQuotaPass(StepContext& step) {
  QuotaPassState& state = step.state().quota;
  QuotaLedger& ledger = step.world().mutable_ledger();
  if (ledger.stale() || state.fresh) {
    ledger.Settle();
    DropIdleClaims(step.world());
    state.fresh = !ChargeAdopted(step);
    state.drain = AnyDrains(ledger.book);
    state.due = {};
  }
  if (state.drain) state.drain = !Drain(step);
  const QuotaLedger::Hopeless hopeless = [&](ClusterQueueId id, const QueueState& queue,
                                             const QueueHead& head) {
    return IsHopeless(step.world(), id, queue, head, step.now());
  };
  bool gained = ledger.WakeGained(hopeless);
  if (!state.pauses.empty() && state.pauses.begin()->first <= step.now()) {
    EndPauses(state, ledger, step.now());
    gained = true;
  }
  if (state.room_generation != step.world().generation()) {
    state.room_generation = step.world().generation();
    ledger.WakeForRoom();
    gained = true;
  }
  // The end of that wakes every queue.
  const bool settling = step.world().settling();
  if ((settling || ledger.agenda().empty()) && !state.drain && !state.fresh) {
    return SetDue(state, {});
  }
  if (!gained && state.due && step.now() < state.due) return;
  const bool admitted = !settling && Pass(step, hopeless).Run();
  ledger.WakeGained(hopeless);  // what was promised and is free again; no other event may come
  const bool goes_on = !ledger.agenda().empty() || state.drain || state.fresh;
  SetDue(state, goes_on ? step.now() + (admitted ? kPauseBusy : kPauseIdle) : Instant{});
}

}  // namespace fairway::scheduler
