// SimGateway towards the members: requests, watch events and lists.
#include "tests/sim/checkers/commit_first.h"
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
    Send({dispatch->cluster, {dispatch->job, dispatch->epoch}}, RequestKind::kDispatch);
    if (sim_.canary == Canary::kDoubleDispatch && sim_.clusters.size() > 1) {
      const ClusterId other{dispatch->cluster.value % sim_.clusters.size() + 1};
      if (links_.contains(other)) {
        Send({other, {dispatch->job, dispatch->epoch}}, RequestKind::kDispatch);
      }
    }
  } else if (const auto* withdraw = std::get_if<sched::Withdraw>(&command)) {
    if (sim_.canary == Canary::kFalseGone) {
      Step(sched::CopyGone{withdraw->job, withdraw->cluster, withdraw->epoch, true});
      CloseBatch();
      return;
    }
    Send({withdraw->cluster, {withdraw->job, withdraw->epoch}}, RequestKind::kWithdraw);
  }
}

void SimGateway::Send(const RequestKey& key, RequestKind kind) {
  if (!links_.contains(key.first)) return;  // the cluster was removed in the meantime
  sim_.Fold(key.second.first.value * 4 + static_cast<uint64_t>(kind));
  const auto [at, is_new] = requests_.try_emplace(key);
  Request& request = at->second;
  if (!is_new) {  // the latest wish waits for the answer to the one before
    request.has_next = true;
    request.next = kind;
    return;
  }
  request.kind = kind;
  request.id = ++next_request_;
  Transmit(key, request);
}

void SimGateway::Transmit(const RequestKey& key, const Request& request) {
  SimEvent event = Mine(Happening::kRequest, key.first);
  event.what = static_cast<uint8_t>(request.kind);
  event.job = key.second.first;
  event.epoch = key.second.second;
  event.value = request.id;
  const auto job = sim_.jobs.find(event.job);
  event.flag = job != sim_.jobs.end() && job->second.suspended ? 1 : 0;
  SendOverNet(sim_, true, event);
  event.kind = Happening::kRequestTimeout;
  sim_.After(kRequestTimeout, event);
}

void SimGateway::Finish(const RequestKey& key) {
  const auto at = requests_.find(key);
  const Request done = at->second;
  requests_.erase(at);
  if (done.has_next) Send(key, done.next);
}

void SimGateway::OnAnswer(const SimEvent& event) {
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
    case AnswerKind::kGone:
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
  if (kind == RequestKind::kDispatch) {
    Step(sched::DispatchFailed{event.job, event.cluster, event.epoch, true});
  } else {
    Step(sched::WithdrawFailed{event.job, event.cluster, event.epoch});
  }
  CloseBatch();
}

void SimGateway::OnWatch(const SimEvent& event) {
  if (!links_.contains(event.cluster)) return;
  if (event.what == kWatchGone) {
    Step(sched::CopyGone{event.job, event.cluster, event.epoch, false});
  } else {
    Step(sched::RunObserved{event.job, event.cluster, event.epoch,
                            static_cast<sched::RunPhase>(event.what), Instant{event.value}});
  }
  CloseBatch();
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
  lists_[id].expected = sched::AcknowledgedCopies(core_->world(), event.cluster);
  SimEvent ask = Mine(Happening::kListAtMember, event.cluster);
  ask.value = id;
  SendOverNet(sim_, true, ask);
  ask.kind = Happening::kListTimeout;
  sim_.After(kRequestTimeout, ask);
}

void SimGateway::OnListAtMember(const SimEvent& event) {
  const SimCluster& cluster = sim_.Cluster(event.cluster);
  const auto list = lists_.find(event.value);
  if (!cluster.up() || list == lists_.end()) return;
  list->second.copies.assign(cluster.copies().begin(), cluster.copies().end());
  list->second.capacity = cluster.Measure();
  SimEvent answer = event;
  answer.kind = Happening::kListAnswer;
  SendOverNet(sim_, false, answer);
}

void SimGateway::OnListAnswer(const SimEvent& event) {
  const auto link = links_.find(event.cluster);
  const auto at = lists_.find(event.value);
  if (link == links_.end() || at == lists_.end()) return;
  const List list = std::move(at->second);
  lists_.erase(at);
  link->second = {};
  Step(sched::CapacityObserved{event.cluster, &list.capacity});
  Step(sched::LinkObserved{event.cluster, true});
  std::vector<sched::CopyRef> listed;
  for (const auto& [key, copy] : list.copies) {
    listed.push_back({key.first, key.second});
    Step(sched::RunObserved{key.first, event.cluster, key.second, copy.phase, copy.finished});
  }
  for (const sched::CopyRef& missing : sched::FindMissing(list.expected, listed)) {
    Step(sched::CopyGone{missing.job, event.cluster, missing.epoch, false});
  }
  CloseBatch();
}

void SimGateway::OnListTimeout(const SimEvent& event) {
  const auto link = links_.find(event.cluster);
  if (link == links_.end() || lists_.erase(event.value) == 0) return;
  link->second.list = 0;
  if (++link->second.failures != kListFailuresMax) return;
  Step(sched::LinkObserved{event.cluster, false});
  CloseBatch();
}

}  // namespace fairway::sim
