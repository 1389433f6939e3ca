// Link states of clusters. A phi-accrual or SWIM detector would weigh its evidence more finely; a
// fixed threshold can be explained to an operator and proven (tests/sim, tests/model).
#include <algorithm>

#include "scheduler/failover/failover.h"
#include "scheduler/quota/reservation.h"

namespace fairway::scheduler {
namespace {

// A timer that fires so much later than asked for: the process, or its machine, stood still.
constexpr Duration kStallMin = Seconds(5);

Instant Later(Instant a, Instant b) { return std::max(a, b); }

FailoverThresholds ThresholdsOf(StepContext& step, const ClusterState& cluster) {
  return Effective(cluster.record.spec.failover, step.failover().config);
}

// When a silent cluster moves on to its next state; 0 = not by time.
Instant LinkDue(StepContext& step, const ClusterState& cluster, const LinkWatch& watch) {
  const LinkRecord& link = cluster.record.link;
  const FailoverConfig& config = step.failover().config;
  const Instant from = step.failover().observed_from;
  const FailoverThresholds bounds = ThresholdsOf(step, cluster);
  switch (link.state) {
    case LinkState::kReady:
    case LinkState::kProbation:
      if (!watch.up) return Later(watch.silent_since, from) + bounds.suspect_after;
      return link.state == LinkState::kProbation ? link.probation_until : Instant{};
    case LinkState::kSuspect:
    case LinkState::kRejoining:  // lost again before its copies were known
      // While its API answers it is not lost, whatever else is wrong with it.
      if (watch.up || watch.answering) return {};
      return Later(watch.silent_since + bounds.unreachable_after,
                   from + std::max(bounds.unreachable_after, bounds.lease));
    case LinkState::kUnreachable:
      return link.horizon + link.clock_error + config.clock_skew_max + config.guard;
    case LinkState::kJoining:
    case LinkState::kFenced:
      return {};
  }
  return {};
}

void Lose(StepContext& step, const ClusterState& cluster, const LinkWatch& watch, LinkRecord link) {
  const ClusterId id = cluster.record.cluster;
  const FailoverConfig& config = step.failover().config;
  link.state = LinkState::kUnreachable;
  // Losses that follow closely upon each other are flapping.
  const bool again = link.lost_at && watch.silent_since - link.lost_at < config.probation_max;
  link.flaps = again ? std::min(link.flaps + 1, 30) : 1;
  link.lost_at = watch.silent_since;
  SetLink(step, id, link);
  step.Emit(CloseLink{id});
  BeginMarking(step, id);
}

void Advance(StepContext& step, const ClusterState& cluster, const LinkWatch& watch) {
  LinkRecord link = cluster.record.link;
  switch (link.state) {
    case LinkState::kReady:
    case LinkState::kProbation:
      link.state = watch.up ? LinkState::kReady : LinkState::kSuspect;
      return SetLink(step, cluster.record.cluster, link);
    case LinkState::kSuspect:
    case LinkState::kRejoining:
      return Lose(step, cluster, watch, link);
    case LinkState::kUnreachable:
      link.state = LinkState::kFenced;
      return SetLink(step, cluster.record.cluster, link);
    default:
      return;
  }
}

}  // namespace

void SetLink(StepContext& step, ClusterId cluster, const LinkRecord& link) {
  ClusterRecord record = step.world().FindCluster(cluster)->record;
  const LinkState before = record.link.state;
  record.link = link;
  if (link.state != before) {
    record.link.since = step.now();
    step.Emit(PublishCluster{cluster});
  }
  step.failover().dirty = true;
  step.Persist(PutCluster{std::move(record)});
  if (IsLost(link.state)) ReviewReservations(step.world(), cluster);
}

bool IsIsolated(const World& world, const FailoverConfig& config) {
  int known = 0;
  std::vector<Instant> losses;
  for (const auto& [id, cluster] : world.clusters()) {
    const LinkRecord& link = cluster.record.link;
    if (link.state == LinkState::kJoining) continue;
    ++known;
    if (IsLost(link.state)) losses.push_back(link.lost_at);
  }
  if (losses.empty()) return false;
  // With nobody left to go to, nobody is left to say who is the lost one either.
  if (losses.size() == static_cast<size_t>(known)) return true;
  std::sort(losses.begin(), losses.end());
  for (size_t i = 1; i < losses.size(); ++i) {
    if (losses[i] - losses[i - 1] <= config.isolation_window) return true;
  }
  return false;
}

void AdvanceLinks(StepContext& step) {
  std::vector<ClusterId> due;
  for (const auto& [id, watch] : step.failover().links) {
    const ClusterState* cluster = step.world().FindCluster(id);
    if (cluster == nullptr) continue;
    const Instant at = LinkDue(step, *cluster, watch);
    if (at && at <= step.now()) due.push_back(id);
  }
  for (const ClusterId id : due) {
    Advance(step, *step.world().FindCluster(id), step.failover().links[id]);
  }
}

Instant NextLinkChange(StepContext& step) {
  Instant next;
  for (const auto& [id, watch] : step.failover().links) {
    const ClusterState* cluster = step.world().FindCluster(id);
    if (cluster == nullptr) continue;
    const Instant at = LinkDue(step, *cluster, watch);
    if (at && (!next || at < next)) next = at;
  }
  return next;
}

namespace {

void ComeUp(StepContext& step, const ClusterState& cluster, LinkWatch& watch) {
  const ClusterId id = cluster.record.cluster;
  LinkRecord link = cluster.record.link;
  const bool was_up = watch.up;
  watch.up = true;
  watch.answering = true;
  watch.silent_since = Instant{};
  switch (link.state) {
    case LinkState::kJoining:
      link.state = LinkState::kReady;
      SetLink(step, id, link);
      break;
    case LinkState::kSuspect:
      link.state = step.now() < link.probation_until ? LinkState::kProbation : LinkState::kReady;
      SetLink(step, id, link);
      break;
    case LinkState::kUnreachable:
    case LinkState::kFenced:
      link.state = LinkState::kRejoining;
      SetLink(step, id, link);
      step.Emit(TakeInventory{id});
      break;
    case LinkState::kRejoining:
      if (!was_up) step.Emit(TakeInventory{id});
      break;
    default:
      break;
  }
  // With a second cluster the first one's copies get leases too.
  for (const auto& [other, state] : step.world().clusters()) {
    if (state.jobs > 0) WantRenewals(step, other);
  }
}

void GoDown(StepContext& step, LinkWatch& watch, const LinkObserved& event) {
  if (watch.up || !watch.silent_since) {
    watch.silent_since = event.seen ? std::min(event.seen, step.now()) : step.now();
  }
  // What answered until now was not silent until now.
  if (watch.answering && !event.answering) {
    watch.silent_since = event.seen ? std::min(event.seen, step.now()) : step.now();
  }
  watch.up = false;
  watch.answering = event.answering;
}

}  // namespace

void On(StepContext& step, const LinkObserved& event) {
  const ClusterState* known = step.world().FindCluster(event.cluster);
  if (known == nullptr) {
    ++step.stats().unknown_reports;
    return;
  }
  LinkWatch& watch = step.failover().links[event.cluster];
  step.failover().dirty = true;
  const bool comes_back = event.ready && !known->ready;
  if (event.ready) {
    ComeUp(step, *known, watch);
  } else {
    GoDown(step, watch, event);
  }
  step.world().ObserveLink(event.cluster, event.ready);
  AdvanceLinks(step);
  if (!comes_back) return;
  // What failed while the link was down need not sit out its delay.
  std::vector<JobId> waiting;
  for (const auto& [job, entry] : step.state().retries.entries()) {
    const JobRecord* record = step.world().FindJob(job);
    if (record != nullptr && record->cluster == event.cluster) waiting.push_back(job);
  }
  for (const JobId job : waiting) step.state().retries.Hurry(job, step.now());
}

std::string_view LinkStateName(LinkState state) {
  switch (state) {
    case LinkState::kJoining:
      return "Joining";
    case LinkState::kReady:
      return "Ready";
    case LinkState::kSuspect:
      return "Suspect";
    case LinkState::kUnreachable:
      return "Unreachable";
    case LinkState::kFenced:
      return "Fenced";
    case LinkState::kRejoining:
      return "Rejoining";
    case LinkState::kProbation:
      return "Probation";
  }
  return "Unknown";
}

// After a start nobody was heard yet: every link is silent, and every clock begins anew. Recovered
// may come later than that (a restore): what has been heard by then stands.
void RecoverFailover(StepContext& step) {
  FailoverState& failover = step.failover();
  failover.observed_from = step.now();
  failover.refilled = step.now();
  for (const auto& [id, cluster] : step.world().clusters()) {
    LinkWatch& watch = failover.links[id];
    watch.up = watch.answering = cluster.ready;
    if (!watch.up) watch.silent_since = step.now();
    if (IsLost(cluster.record.link.state)) BeginMarking(step, id);
    if (IsWritable(cluster.record.link.state)) WithdrawResidue(step, id);
    if (cluster.jobs > 0 || cluster.record.link.stalled) WantRenewals(step, id);
  }
}

void RunFailoverTimers(StepContext& step) {
  FailoverState& failover = step.failover();
  const Instant asked = step.state().armed;
  if (asked && step.now() - asked > kStallMin) failover.observed_from = step.now();
  if (!failover.dirty && (!failover.next || step.now() < failover.next)) return;
  failover.dirty = true;
  AdvanceLinks(step);
  RenewLeases(step);
  MarkLost(step);
  RunMoves(step);
  RetryResidue(step);
}

Instant NextFailover(StepContext& step) {
  FailoverState& failover = step.failover();
  if (!failover.dirty) return failover.next;
  failover.dirty = false;
  Instant next = NextLinkChange(step);
  const auto consider = [&](Instant at) {
    if (at && (!next || at < next)) next = at;
  };
  for (const auto& [id, watch] : failover.links) {
    consider(watch.renew_at);
    if (watch.marking) consider(step.now());
  }
  consider(NextMove(step));
  if (!failover.residue_due.empty()) consider(failover.residue_due.begin()->first);
  failover.next = next;
  return next;
}

}  // namespace fairway::scheduler
