// SimGateway towards the members: requests, watch events and lists.
#include "tests/sim/checkers/commit_first.h"
#include "tests/sim/checkers/split_is_exact.h"
#include "tests/sim/checkers/success_wins.h"
#include "tests/sim/sim_gateway.h"

namespace fairway::sim {

namespace sched = scheduler;

namespace {

constexpr Duration kRequestTimeout = Seconds(1);  // beyond two of the longest delays
constexpr int kRequestTries = 2;
constexpr Duration kListPeriod = Seconds(2);
constexpr int kListFailuresMax = 2;

}  // namespace

void SimGateway::SendRemote(const sched::Command& command) {
  sim_.last_command = sim_.now;
  if (const auto* dispatch = std::get_if<sched::Dispatch>(&command)) {
    CheckCommitted(sim_, *dispatch);
    Send({dispatch->cluster, {dispatch->job, dispatch->epoch}}, RequestKind::kDispatch,
         dispatch->lease);
    if (sim_.canary == Canary::kDoubleDispatch && sim_.clusters.size() > 1) {
      const ClusterId other{dispatch->cluster.value % sim_.clusters.size() + 1};
      if (links_.contains(other)) {
        Send({other, {dispatch->job, dispatch->epoch}}, RequestKind::kDispatch, dispatch->lease);
      }
    }
  } else if (const auto* withdraw = std::get_if<sched::Withdraw>(&command)) {
    if (sim_.canary == Canary::kFalseGone) {
      Step(sched::CopyGone{withdraw->job, withdraw->cluster, withdraw->epoch, true});
      CloseBatch();
      return;
    }
    Send({withdraw->cluster, {withdraw->job, withdraw->epoch}}, RequestKind::kWithdraw, {});
  } else if (const auto* renew = std::get_if<sched::RenewLease>(&command)) {
    const RequestKey key{renew->cluster, {renew->job, renew->epoch}};
    // One at a time per copy; the next round comes soon.
    if (!requests_.contains(key)) Send(key, RequestKind::kRenew, renew->until);
  } else if (const auto* close = std::get_if<sched::CloseLink>(&command)) {
    CloseLink(close->cluster);
  } else if (const auto* cut = std::get_if<sched::CutLink>(&command)) {
    drills_.Cuts(cut->cluster);
    sim_.drill_cut[cut->cluster.value - 1] = 1;
  } else if (const auto* restore = std::get_if<sched::RestoreLink>(&command)) {
    if (sim_.canary != Canary::kStuckDrill) sim_.drill_cut[restore->cluster.value - 1] = 0;
  } else if (const auto* take = std::get_if<sched::TakeInventory>(&command)) {
    const auto link = links_.find(take->cluster);
    if (link != links_.end()) link->second.inventory_due = true;
  }
}

void SimGateway::CloseLink(ClusterId cluster) {
  std::erase_if(requests_, [&](const auto& entry) { return entry.first.first == cluster; });
  // As Fleet: a list that began before the cluster is back is not its inventory.
  const auto link = links_.find(cluster);
  if (link == links_.end()) return;
  link->second.inventory_due = false;
  for (auto& [id, list] : lists_) {
    if (id == link->second.list) list.inventory = false;
  }
}

void SimGateway::Send(const RequestKey& key, RequestKind kind, Instant lease) {
  if (!links_.contains(key.first)) return;  // the cluster was removed in the meantime
  sim_.Fold(key.second.first.value * 4 + static_cast<uint64_t>(kind));
  const auto [at, is_new] = requests_.try_emplace(key);
  Request& request = at->second;
  if (!is_new) {  // the latest wish waits for the answer to the one before
    request.has_next = true;
    request.next = kind;
    request.next_lease = lease;
    return;
  }
  request.kind = kind;
  request.lease = lease;
  request.id = ++next_request_;
  Transmit(key, request);
}

void SimGateway::Transmit(const RequestKey& key, const Request& request) {
  SimEvent event = Mine(Happening::kRequest, key.first);
  event.what = static_cast<uint8_t>(request.kind);
  event.job = key.second.first;
  event.epoch = key.second.second;
  event.value = request.id;
  const auto job = sim_.jobs.find(WholeOf(event.job));
  event.flag = job != sim_.jobs.end() && job->second.suspended ? kSuspendedFlag : 0;
  const sched::ClusterState* cluster = core_->world().FindCluster(key.first);
  const sched::JobRecord* record = core_->world().FindJob(event.job);
  const int64_t offset = cluster == nullptr ? 0 : cluster->record.link.clock_offset.ms;
  if (record != nullptr && record->epoch == event.epoch) {
    event.lease_generation = record->lease_generation;
    if (record->started) event.flag |= kUpdateOnlyFlag;
  }
  event.lease = request.lease ? request.lease.ms + offset : 0;
  if (request.kind == RequestKind::kDispatch) FillIndexes(event);
  if (request.kind == RequestKind::kRenew) {
    // A duration since the copy's start, as the member reported it; without a lease: none.
    const auto start = started_.find(key);
    const bool known = start != started_.end() && record != nullptr &&
                       start->second.lease_generation == record->lease_generation;
    // A repeated one whose lease is void by now; what waits behind it goes on.
    if (request.lease && !known) return Finish(key);
    event.lease = request.lease ? event.lease - start->second.job_started : -1;
  }
  SendOverNet(sim_, true, event);
  event.kind = Happening::kRequestTimeout;
  sim_.After(kRequestTimeout, event);
}

// As Fleet: what is complete by the stored status, and what is another part's.
void SimGateway::FillIndexes(SimEvent& dispatch) {
  const auto job = sim_.jobs.find(WholeOf(dispatch.job));
  const sched::JobRecord* record = core_->world().FindJob(dispatch.job);
  if (job == sim_.jobs.end() || job->second.completions == 0 || record == nullptr) return;
  dispatch.indexes = job->second.done;
  if (sim_.canary == Canary::kForgetfulPart) dispatch.indexes = 0;
  const sched::JobSpec* spec = core_->world().FindSpec(record->spec);
  dispatch.pods = spec == nullptr ? 0 : spec->parallelism;
  if (record->part) {
    const sched::IndexRange own = record->part->indexes;
    uint64_t others = AllIndexes(job->second) & ~IndexesBetween(own.first, own.last);
    if (sim_.canary == Canary::kGreedyPart) others &= others - 1;
    dispatch.indexes |= others;
  }
  CheckNotRerun(sim_, dispatch);
}

void SimGateway::StoreIndexes(const sched::PublishStatus& command) {
  const auto job = sim_.jobs.find(WholeOf(command.job));
  const sched::JobRecord* record = core_->world().FindJob(command.job);
  if (job == sim_.jobs.end() || job->second.completions == 0 || record == nullptr) return;
  uint64_t complete = reported_;
  if (record->part) {
    complete &= IndexesBetween(record->part->indexes.first, record->part->indexes.last);
  }
  if ((complete & ~job->second.done) == 0) return;
  job->second.done |= complete;
  batch_.objects.emplace_back(job->first, job->second);
}

void SimGateway::Finish(const RequestKey& key) {
  const auto at = requests_.find(key);
  const Request done = at->second;
  requests_.erase(at);
  if (done.has_next) Send(key, done.next, done.next_lease);
}

// As Fleet::OnDispatched: an update found no copy, and a dispatch that makes it anew is under way
// by now, as it was resumed.
bool SimGateway::IsOvertakenUpdate(const SimEvent& answer) const {
  const sched::JobRecord* record = core_->world().FindJob(answer.job);
  return (answer.flag & kUpdateOnlyFlag) != 0 && record != nullptr && !record->started &&
         record->cluster == answer.cluster && record->epoch == answer.epoch &&
         (record->state == sched::JobState::kDispatched ||
          record->state == sched::JobState::kRunning);
}

void SimGateway::OnAnswer(const SimEvent& event) {
  if (IsDeaf(event)) return;
  const RequestKey key{event.cluster, {event.job, event.epoch}};
  const auto at = requests_.find(key);
  if (at != requests_.end() && at->second.id == event.value) Finish(key);
  // A late or second answer reaches the core as well: it must bear it.
  switch (static_cast<AnswerKind>(event.what)) {
    case AnswerKind::kAcked:
      Step(sched::DispatchAcked{event.job, event.cluster, event.epoch});
      break;
    case AnswerKind::kRejected:
      Step(sched::DispatchFailed{event.job, event.cluster, event.epoch, false});
      break;
    case AnswerKind::kRenewed:
      return;
    case AnswerKind::kGone:
      if (IsOvertakenUpdate(event)) {
        Step(sched::DispatchFailed{event.job, event.cluster, event.epoch, false});
        break;
      }
      Step(sched::CopyGone{event.job, event.cluster, event.epoch, true});
      break;
  }
  CloseBatch();
}

void SimGateway::OnRequestTimeout(const SimEvent& event) {
  const RequestKey key{event.cluster, {event.job, event.epoch}};
  const auto at = requests_.find(key);
  if (at == requests_.end() || at->second.id != event.value) return;
  Request& request = at->second;
  if (++request.tries < kRequestTries) {
    request.id = ++next_request_;
    Transmit(key, request);
    return;
  }
  const RequestKind kind = request.kind;
  Finish(key);
  if (kind == RequestKind::kRenew) return;
  if (kind == RequestKind::kDispatch) {
    Step(sched::DispatchFailed{event.job, event.cluster, event.epoch, true});
  } else {
    Step(sched::WithdrawFailed{event.job, event.cluster, event.epoch});
  }
  CloseBatch();
}

void SimGateway::OnWatch(const SimEvent& event) {
  if (!links_.contains(event.cluster) || IsDeaf(event)) return;
  if (event.flag == kTroubleFlag) {
    Step(sched::CopyTroubled{event.job, event.cluster, event.epoch, event.trouble});
  } else if (event.what == kWatchGone) {
    Step(sched::CopyGone{event.job, event.cluster, event.epoch, false});
  } else {
    Report(event.cluster, {event.job, event.epoch}, static_cast<sched::RunPhase>(event.what),
           Instant{event.value}, event);
  }
  CloseBatch();
}

void SimGateway::Report(ClusterId cluster, CopyKey key, sched::RunPhase phase, Instant finished,
                        const SimEvent& lease) {
  const sched::ClusterState* state = core_->world().FindCluster(cluster);
  const sched::JobRecord* record = core_->world().FindJob(key.first);
  sched::RunObserved run{key.first, cluster, key.second, phase, finished};
  run.lease_generation = lease.lease_generation;
  run.ends = Instant{lease.lease};
  run.leased = lease.lease != 0 && run.ends != sched::kNoDeadline;
  if (run.leased && state != nullptr) run.ends.ms -= state->record.link.clock_offset.ms;
  if (lease.started != 0 && record != nullptr &&
      record->lease_generation == lease.lease_generation) {
    started_[{cluster, key}] = {lease.started, lease.lease_generation};
  }
  run.trouble = lease.trouble;
  run.failures = lease.failures;
  reported_ = lease.indexes;
  if (sim_.canary == Canary::kBlameCluster && phase == sched::RunPhase::kFailed) {
    run.trouble = sched::Trouble::kNodeFailure;
  }
  const bool own = phase == sched::RunPhase::kFailed && lease.trouble == sched::Trouble::kNone;
  const bool counts = own && failures_.IsLive(record, cluster, key.second);
  const bool wins = HasToCount(core_->world(), run);
  // Of a copy that is being withdrawn, or was left behind on a lost cluster.
  const bool late = wins && (record->state == sched::JobState::kRequeued ||
                             record->epoch != key.second || record->cluster != cluster);
  if (!late || sim_.canary != Canary::kDeafToLate) Step(run);
  if (wins) CheckCounted(sim_, core_->world(), run);
  reported_ = 0;
  if (counts) failures_.CheckOwn(core_->world().FindJob(key.first));
}

// By the Date header of an answer: to within the round trip and the header's coarseness.
void SimGateway::MeasureClock(ClusterId cluster) {
  const int64_t error = 500 + sim_.plan.delay_max.ms;
  const int64_t wrong = sim_.net_rng.Between(-error, error);
  Step(sched::ClockObserved{cluster, Duration{sim_.Cluster(cluster).clock_offset().ms + wrong},
                            Duration{error}});
}

// ---- lists ----

void SimGateway::OnListAsk(const SimEvent& event) {
  const auto link = links_.find(event.cluster);
  if (link == links_.end()) return;
  sim_.After(kListPeriod, Mine(Happening::kListAsk, event.cluster));
  if (link->second.list != 0) return;
  const int64_t id = ++next_request_;
  link->second.list = id;
  // Before asking: a copy that is acknowledged meanwhile is not missed.
  lists_[id].inventory = link->second.inventory_due;
  lists_[id].expected = sched::AcknowledgedCopies(core_->world(), event.cluster);
  SimEvent ask = Mine(Happening::kListAtMember, event.cluster);
  ask.value = id;
  SendOverNet(sim_, true, ask);
  ask.kind = Happening::kListTimeout;
  sim_.After(kRequestTimeout, ask);
}

void SimGateway::OnListAtMember(const SimEvent& event) {
  SimCluster& cluster = sim_.Cluster(event.cluster);
  const auto list = lists_.find(event.value);
  if (!cluster.up() || list == lists_.end()) return;
  list->second.copies.assign(cluster.copies().begin(), cluster.copies().end());
  const SimPicture& picture = cluster.Picture(
      sim_.now, Milliseconds(sim_.net_rng.Between(0, sim_.plan.capacity_lag_max.ms)));
  list->second.capacity = picture.capacity;
  list->second.counted = picture.counted;
  SimEvent answer = event;
  answer.kind = Happening::kListAnswer;
  SendOverNet(sim_, false, answer);
}

void SimGateway::OnListAnswer(const SimEvent& event) {
  const auto link = links_.find(event.cluster);
  const auto at = lists_.find(event.value);
  if (link == links_.end() || at == lists_.end() || IsDeaf(event)) return;
  const List list = std::move(at->second);
  lists_.erase(at);
  link->second.list = 0;
  link->second.failures = 0;
  link->second.seen = sim_.now;
  sim_.heard[event.cluster.value - 1] = sim_.now;
  MeasureClock(event.cluster);
  Observe(event.cluster, list.capacity, list.counted);
  Step(sched::LinkObserved{event.cluster, true});
  std::vector<sched::CopyRef> listed;
  for (const auto& [key, copy] : list.copies) {
    listed.push_back({key.first, key.second});
    SimEvent lease{Happening::kWatch};
    FillLease(copy, lease);
    Report(event.cluster, key, copy.phase, copy.finished, lease);
  }
  for (const sched::CopyRef& missing : sched::FindMissing(list.expected, listed)) {
    Step(sched::CopyGone{missing.job, event.cluster, missing.epoch, false});
  }
  if (list.inventory) {
    link->second.inventory_due = false;
    Step(sched::InventoryTaken{event.cluster});
  }
  CloseBatch();
}

void SimGateway::OnListTimeout(const SimEvent& event) {
  const auto link = links_.find(event.cluster);
  if (link == links_.end() || lists_.erase(event.value) == 0) return;
  link->second.list = 0;
  if (++link->second.failures != kListFailuresMax) return;
  Step(sched::LinkObserved{event.cluster, false, false, link->second.seen});
  CloseBatch();
}

}  // namespace fairway::sim
