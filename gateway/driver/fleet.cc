#include "gateway/driver/fleet.h"

#include <algorithm>
#include <utility>

#include "clusters/log.h"
#include "gateway/driver/job_name.h"

namespace fairway::gateway {

Fleet::Fleet(Loop& loop, store::ObjectStore& store, std::string gateway_id,
             clusters::MemberLimits limits, Hooks hooks)
    : loop_(loop),
      store_(store),
      postponed_(loop, store),
      gateway_id_(std::move(gateway_id)),
      limits_(limits),
      hooks_(std::move(hooks)) {}

Status Fleet::Connect(ClusterId cluster, const std::string& name, clusters::Access access) {
  if (gate_ != nullptr && gate_->closed()) return gate_->Ask(cluster, name, std::move(access));
  Entry& entry = members_[cluster];
  if (entry.member != nullptr) return entry.member->ReplaceAccess(std::move(access));
  clusters::MemberConfig config;
  config.cluster = cluster;
  config.name = name;
  config.gateway = gateway_id_;
  config.access = std::move(access);
  config.seed = cluster.value;
  config.limits = limits_;
  auto member = clusters::Member::Create(loop_, std::move(config), *this);
  if (!member) {
    members_.erase(cluster);
    return Fail(member.error());
  }
  entry.member = std::move(*member);
  return {};
}

bool Fleet::Has(ClusterId cluster) const {
  return members_.contains(cluster) || (gate_ != nullptr && gate_->Has(cluster));
}

void Fleet::Disconnect(ClusterId cluster) {
  if (gate_ != nullptr) gate_->Drop(cluster);
  auto found = members_.find(cluster);
  if (found == members_.end()) return;
  // May be reached from one of the member's own callbacks.
  loop_.DeferDelete(std::move(found->second.member));
  members_.erase(found);
}

const clusters::Member* Fleet::Find(ClusterId cluster) const {
  auto found = members_.find(cluster);
  return found == members_.end() ? nullptr : found->second.member.get();
}

const scheduler::Capacity* Fleet::FindCapacity(ClusterId cluster) const {
  auto found = members_.find(cluster);
  return found == members_.end() || !found->second.measured ? nullptr : &found->second.capacity;
}

void Fleet::Dispatch(const scheduler::Dispatch& command) { Submit(command.cluster, command); }

void Fleet::Withdraw(const scheduler::Withdraw& command) { Submit(command.cluster, command); }

void Fleet::Submit(ClusterId cluster, const Command& command) {
  auto found = members_.find(cluster);
  if (found == members_.end()) {
    // Unreachable for now (its access is broken): the core asks again when it is told.
    if (const auto* dispatch = std::get_if<scheduler::Dispatch>(&command)) {
      pump_->Post(scheduler::DispatchFailed{dispatch->job, cluster, dispatch->epoch, true});
    } else {
      const auto& withdraw = std::get<scheduler::Withdraw>(command);
      pump_->Post(scheduler::WithdrawFailed{withdraw.job, cluster, withdraw.epoch});
    }
    return;
  }
  Entry& entry = found->second;
  if (!entry.waiting.empty() || !Send(entry, command)) entry.waiting.push_back(command);
}

bool Fleet::Send(Entry& entry, const Command& command) {
  if (const auto* dispatch = std::get_if<scheduler::Dispatch>(&command)) {
    return SendDispatch(entry, *dispatch);
  }
  return SendWithdraw(entry, std::get<scheduler::Withdraw>(command));
}

bool Fleet::SendDispatch(Entry& entry, const scheduler::Dispatch& command) {
  const scheduler::JobRecord* record = pump_->world().FindJob(command.job);
  // It moved on while the command waited.
  if (record == nullptr || record->epoch != command.epoch || record->cluster != command.cluster ||
      record->delete_requested || record->finished) {
    return true;
  }
  auto object = store_.Latest(JobKey(record->name));
  if (!object || !object->has_value() || (*object)->created.value != command.job.value) return true;
  clusters::DispatchRequest request{command.job, command.epoch, (*object)->body, {}};
  std::vector<store::ObjectKey> keys;
  for (const clusters::ObjectRef& ref : clusters::ReferencedInText(*(*object)->body)) {
    store::ObjectKey key = DependencyKey((*object)->key.ns, ref);
    // What does not exist yet follows when it is made; until then the member's kubelet waits for
    // it.
    if (auto dependency = store_.Latest(key); dependency && dependency->has_value()) {
      request.dependencies.push_back((*dependency)->body);
    }
    keys.push_back(std::move(key));
  }
  dependencies_.Set(command.job, keys);
  return entry.member->Dispatch(std::move(request)).has_value();
}

bool Fleet::SendWithdraw(Entry& entry, const scheduler::Withdraw& command) {
  const scheduler::JobRecord* record = pump_->world().FindJob(command.job);
  if (record == nullptr) return true;
  auto [ns, name] = SplitJobName(record->name);
  clusters::WithdrawRequest request{command.job, command.epoch, std::string(ns), std::string(name)};
  if (auto object = store_.Latest(JobKey(record->name)); object && object->has_value()) {
    request.dependencies = clusters::ReferencedInText(*(*object)->body);
  }
  // Before it runs elsewhere its pods must have ended here; a deleted Job's may take their time.
  request.until_pods_gone = !record->delete_requested;
  return entry.member->Withdraw(std::move(request)).has_value();
}

void Fleet::DependencyChanged(std::string_view kind, const std::string& ns,
                              const std::string& name) {
  store::ObjectKey key = DependencyKey(ns, {std::string(kind), name});
  for (JobId job : dependencies_.UsersOf(key)) {
    const scheduler::JobRecord* record = pump_->world().FindJob(job);
    if (record == nullptr || !record->cluster || record->delete_requested) continue;
    scheduler::Dispatch again{job, record->cluster, record->epoch};
    store_.AfterCommit(store_.staged(), [this, again] { Dispatch(again); });
  }
}

bool Fleet::Postpone(Postponed::Kind kind, ClusterId cluster, JobId job,
                     std::function<void()> later) {
  if (!postponed_.Blocked()) return false;
  postponed_.Keep(kind, cluster, job, std::move(later));
  return true;
}

void Fleet::OnLink(ClusterId cluster, const clusters::LinkInfo& link) {
  if (Postpone(Postponed::Kind::kLink, cluster, {},
               [this, cluster, link] { OnLink(cluster, link); })) {
    return;
  }
  pump_->Post(scheduler::LinkObserved{cluster, link.ready});
  hooks_.link_changed(cluster);
}

void Fleet::OnCapacity(ClusterId cluster, const scheduler::Capacity& capacity) {
  if (Postpone(Postponed::Kind::kCapacity, cluster, {},
               [this, cluster, capacity] { OnCapacity(cluster, capacity); })) {
    return;
  }
  auto found = members_.find(cluster);
  if (found == members_.end()) return;
  found->second.capacity = capacity;
  found->second.measured = true;
  pump_->Post(scheduler::CapacityObserved{cluster, &capacity});
  hooks_.capacity_changed(cluster);
}

void Fleet::OnCopy(ClusterId cluster, const clusters::CopyReport& copy) {
  if (Postpone(Postponed::Kind::kCopy, cluster, copy.ref.job,
               [this, cluster, copy] { OnCopy(cluster, copy); })) {
    return;
  }
  report_ = &copy;
  pump_->Post(
      scheduler::RunObserved{copy.ref.job, cluster, copy.ref.epoch, copy.phase, copy.finished});
  report_ = nullptr;
}

void Fleet::OnCopyGone(ClusterId cluster, const clusters::CopyRef& copy) {
  if (Postpone(Postponed::Kind::kCopy, cluster, copy.job,
               [this, cluster, copy] { OnCopyGone(cluster, copy); })) {
    return;
  }
  // Only seen to be missing: a dispatch under way may still make it again.
  pump_->Post(scheduler::CopyGone{copy.job, cluster, copy.epoch, /*confirmed=*/false});
}

void Fleet::OnInventoryAsked(ClusterId cluster) {
  auto found = members_.find(cluster);
  if (found == members_.end()) return;
  found->second.expected = scheduler::AcknowledgedCopies(pump_->world(), cluster);
}

void Fleet::OnInventory(ClusterId cluster, const std::vector<clusters::CopyRef>& copies) {
  if (Postpone(Postponed::Kind::kInventory, cluster, {},
               [this, cluster, copies] { OnInventory(cluster, copies); })) {
    return;
  }
  auto found = members_.find(cluster);
  if (found == members_.end()) return;
  std::vector<scheduler::CopyRef> listed;
  listed.reserve(copies.size());
  for (const clusters::CopyRef& copy : copies) listed.push_back({copy.job, copy.epoch});
  const auto expected = std::exchange(found->second.expected, {});
  for (const scheduler::CopyRef& missing : scheduler::FindMissing(expected, listed)) {
    pump_->Post(scheduler::CopyGone{missing.job, cluster, missing.epoch, /*confirmed=*/false});
  }
}

void Fleet::OnDispatched(ClusterId cluster, JobId job, Epoch epoch, const Status& result,
                         bool retryable) {
  if (Postpone(Postponed::Kind::kDispatched, cluster, job,
               [this, cluster, job, epoch, result, retryable] {
                 OnDispatched(cluster, job, epoch, result, retryable);
               })) {
    return;
  }
  if (result) {
    pump_->Post(scheduler::DispatchAcked{job, cluster, epoch});
    return;
  }
  hooks_.dispatch_failed(job, cluster, result.error(), retryable);
  pump_->Post(scheduler::DispatchFailed{job, cluster, epoch, retryable});
}

void Fleet::OnWithdrawn(ClusterId cluster, JobId job, Epoch epoch, const Status& result,
                        bool retryable) {
  if (Postpone(Postponed::Kind::kWithdrawn, cluster, job,
               [this, cluster, job, epoch, result, retryable] {
                 OnWithdrawn(cluster, job, epoch, result, retryable);
               })) {
    return;
  }
  if (!result) {
    hooks_.withdraw_failed(job, cluster, result.error());
    pump_->Post(scheduler::WithdrawFailed{job, cluster, epoch});
    return;
  }
  auto found = members_.find(cluster);
  const scheduler::JobRecord* record = pump_->world().FindJob(job);
  std::string ns =
      record == nullptr ? std::string() : std::string(SplitJobName(record->name).first);
  pump_->Post(scheduler::CopyGone{job, cluster, epoch, /*confirmed=*/true});
  if (found != members_.end() && !ns.empty()) {
    if (Status asked = found->second.member->CollectNamespace(ns); !asked) {
      Log(LogLevel::kInfo, "namespace {} is not collected: {}", ns, asked.error().message);
    }
  }
}

void Fleet::OnNamespaceCollected(ClusterId cluster, const std::string& ns, const Status& result) {
  if (!result && result.error().code != 409) {
    Log(LogLevel::kInfo, "cluster {}: namespace {} is left behind: {}", cluster.value, ns,
        result.error().message);
  }
}

void Fleet::OnRoom(ClusterId cluster) {
  auto found = members_.find(cluster);
  if (found == members_.end()) return;
  Entry& entry = found->second;
  while (!entry.waiting.empty()) {
    if (!Send(entry, entry.waiting.front())) return;
    entry.waiting.pop_front();
  }
}

}  // namespace fairway::gateway
