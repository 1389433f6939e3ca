#include "gateway/driver/fleet.h"

#include <algorithm>
#include <utility>

#include "clusters/kube/kinds/index_ranges.h"
#include "clusters/log.h"
#include "gateway/driver/job_name.h"
#include "scheduler/failover/rules.h"
#include "scheduler/names.h"

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
  if (cut_.contains(cluster)) entry.member->CutLink(true);
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

bool Fleet::IsWritable(ClusterId cluster) const {
  const scheduler::ClusterState* state = pump_->world().FindCluster(cluster);
  return state == nullptr || scheduler::IsWritable(state->record.link.state);
}

void Fleet::RenewLease(const scheduler::RenewLease& command) {
  auto found = members_.find(command.cluster);
  const scheduler::JobRecord* record = pump_->world().FindJob(command.job);
  const scheduler::ClusterState* state = pump_->world().FindCluster(command.cluster);
  if (found == members_.end() || record == nullptr || state == nullptr ||
      !IsWritable(command.cluster) || record->epoch != command.epoch) {
    return;
  }
  const Instant until =
      command.until ? command.until + state->record.link.clock_offset : command.until;
  auto request =
      found->second.leases.Renewal(command.job, command.epoch, record->lease_generation, until);
  if (!request) return;
  // Without room the next round does it.
  if (Status asked = found->second.member->Renew(std::move(*request)); !asked) {
    Log(LogLevel::kDebug, "job {}: lease not renewed: {}", record->name, asked.error().message);
  }
}

void Fleet::CloseLink(ClusterId cluster) {
  auto found = members_.find(cluster);
  if (found == members_.end()) return;
  found->second.waiting.clear();
  // A list that begins before the cluster is back may show copies as they were before their fence
  // (tests/model, BUG_OLD_LIST): only one that is asked for after its return counts.
  found->second.inventory_wanted = found->second.inventory_running = false;
  found->second.member->DropRequests();
}

void Fleet::TakeInventory(ClusterId cluster) {
  auto found = members_.find(cluster);
  if (found == members_.end()) return;
  found->second.inventory_wanted = true;
  found->second.member->Relist();
}

void Fleet::CutLink(ClusterId cluster, bool cut) {
  if (cut) {
    cut_.insert(cluster);
  } else {
    cut_.erase(cluster);
  }
  auto found = members_.find(cluster);
  if (found != members_.end()) found->second.member->CutLink(cut);
}

// What the copy's lease is believed to be: for repairs that the core did not ask for.
Instant Fleet::LeaseOfCopy(const scheduler::JobRecord& record) const {
  const scheduler::World& world = pump_->world();
  if (!record.leased && !scheduler::WantsLease(world, record)) return {};
  const scheduler::ClusterState* state = world.FindCluster(record.cluster);
  return state == nullptr ? Instant{} : state->record.link.horizon;
}

clusters::FailoverContext Fleet::ContextOf(const scheduler::JobRecord& record, Instant lease,
                                           const std::string& job_json) const {
  const scheduler::World& world = pump_->world();
  clusters::FailoverContext context;
  context.lease_generation = record.lease_generation;
  const scheduler::ClusterState* state = world.FindCluster(record.cluster);
  if (lease && state != nullptr) {
    const auto bounds = scheduler::Effective(state->record.spec.failover, pump_->failover());
    context.lease_seconds = std::max<int64_t>(bounds.lease.ms / 1000, 1);
    context.lease_until = lease + state->record.link.clock_offset;
  }
  if (record.epoch.value > 1 || record.part) AddIndexes(job_json, context);
  if (record.part) AddOthersIndexes(*record.part, job_json, context);
  for (const scheduler::FormerEpoch& former : record.former) {
    const bool lost = former.reason == scheduler::EndReason::kClusterLost ||
                      former.reason == scheduler::EndReason::kFenced ||
                      former.reason == scheduler::EndReason::kApproved ||
                      former.reason == scheduler::EndReason::kClusterRemoved;
    if (!lost) continue;
    ++context.failovers;
    const scheduler::ClusterState* old = world.FindCluster(former.cluster);
    context.former_cluster = old != nullptr ? old->record.spec.name : "";
  }
  if (context.failovers == 0) return context;
  if (auto job = kube::ParsePruned(job_json, kube::Omission{"spec", "status"})) {
    context.checkpoint =
        kube::GetString(*job, {"metadata", "annotations", names::kAnnotationCheckpoint});
  }
  return context;
}

// What of an Indexed Job need not run again. Most Jobs have none: that is seen without parsing.
void Fleet::AddIndexes(const std::string& job_json, clusters::FailoverContext& context) {
  if (job_json.find("\"completedIndexes\"") == std::string::npos) return;
  auto job = kube::ParsePruned(job_json, kube::Omission{"metadata", "spec.template"});
  if (!job || kube::GetString(*job, {"spec", "completionMode"}) != "Indexed") return;
  for (auto [field, into] : {std::pair("completedIndexes", &context.completed_indexes),
                             std::pair("failedIndexes", &context.failed_indexes)}) {
    const std::string text(kube::GetString(*job, {"status", field}));
    if (kube::ParseIndexes(text)) *into = text;
  }
}

// The indexes of the other parts are not this one's to run.
void Fleet::AddOthersIndexes(const scheduler::ShardPart& part, const std::string& job_json,
                             clusters::FailoverContext& context) {
  context.indexes_required = true;
  auto job = kube::ParsePruned(job_json, kube::Omission{"metadata", "spec.template", "status"});
  const int64_t all =
      !job ? 0 : kube::Get<int64_t>(job->get_object(), {"spec", "completions"}).value_or(0);
  const auto done = kube::ParseIndexes(context.completed_indexes).value_or(kube::IndexRanges{});
  context.completed_indexes = kube::FormatIndexes(
      kube::UnionOf(done, kube::AllBut(all, part.indexes.first, part.indexes.last)));
}

bool Fleet::Send(Entry& entry, const Command& command) {
  const ClusterId to = std::visit([](const auto& c) { return c.cluster; }, command);
  if (!IsWritable(to)) return true;
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
  const JobId whole = WholeOf(command.job);
  if (!object || !object->has_value() || (*object)->created.value != whole.value) return true;
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
  request.failover = ContextOf(*record, command.lease, *(*object)->body);
  request.update_only = record->started;
  // What a queue gave it goes with the copy, and its share of a split job.
  if ((record->quota || record->part) && hooks_.furnish) {
    auto job = kube::ParseJson(*(*object)->body);
    if (job && hooks_.furnish(*record, job->get_object())) {
      request.job_json = std::make_shared<const std::string>(kube::Serialize(*job));
    }
  }
  return entry.member->Dispatch(std::move(request)).has_value();
}

bool Fleet::SendWithdraw(Entry& entry, const scheduler::Withdraw& command) {
  const scheduler::JobRecord* record = pump_->world().FindJob(command.job);
  // What was left behind of a job that is gone itself has its name still.
  const auto residue = pump_->world().residues().find(command.job);
  const bool known = residue != pump_->world().residues().end();
  if (record == nullptr && !known) return true;
  const std::string full_name = record != nullptr ? record->name : residue->second.name;
  auto [ns, name] = SplitJobName(full_name);
  clusters::WithdrawRequest request{command.job, command.epoch, std::string(ns), std::string(name)};
  if (auto object = store_.Latest(JobKey(full_name)); object && object->has_value()) {
    request.dependencies = clusters::ReferencedInText(*(*object)->body);
  }
  // Before it runs elsewhere its pods must have ended here; a deleted Job's may take their time.
  request.until_pods_gone = record != nullptr && !record->delete_requested;
  return entry.member->Withdraw(std::move(request)).has_value();
}

void Fleet::DependencyChanged(std::string_view kind, const std::string& ns,
                              const std::string& name) {
  store::ObjectKey key = DependencyKey(ns, {std::string(kind), name});
  for (JobId job : dependencies_.UsersOf(key)) {
    const scheduler::JobRecord* record = pump_->world().FindJob(job);
    if (record == nullptr || !record->cluster || record->delete_requested) continue;
    scheduler::Dispatch again{job, record->cluster, record->epoch, LeaseOfCopy(*record)};
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
  if (link.clock_error_ms >= 0) {
    pump_->Post(scheduler::ClockObserved{cluster, Milliseconds(link.clock_offset_ms),
                                         Milliseconds(link.clock_error_ms)});
  }
  pump_->Post(scheduler::LinkObserved{cluster, link.ready, link.reachable, link.last_seen});
  hooks_.link_changed(cluster);
}

void Fleet::OnCapacity(ClusterId cluster, const scheduler::Capacity& capacity,
                       const std::vector<scheduler::CountedPods>& counted) {
  auto found = members_.find(cluster);
  if (found == members_.end()) return;
  // A later report is kept in place of one that waits, but says only what has changed since.
  for (const scheduler::CountedPods& each : counted) found->second.counted[each.job] = each;
  TellCapacity(cluster, capacity);
}

void Fleet::TellCapacity(ClusterId cluster, const scheduler::Capacity& capacity) {
  if (Postpone(Postponed::Kind::kCapacity, cluster, {},
               [this, cluster, capacity] { TellCapacity(cluster, capacity); })) {
    return;
  }
  auto found = members_.find(cluster);
  if (found == members_.end()) return;
  found->second.capacity = capacity;
  found->second.measured = true;
  std::vector<scheduler::CountedPods> counted;
  for (const auto& [job, pods] : std::exchange(found->second.counted, {})) counted.push_back(pods);
  pump_->Post(scheduler::CapacityObserved{cluster, &capacity, &counted});
  hooks_.capacity_changed(cluster);
}

void Fleet::TellTrouble(Entry& entry, ClusterId cluster, JobId job, scheduler::Trouble trouble,
                        const std::string& message) {
  // Every copy is without pods for a moment: what is not moved for that need not be told.
  if (trouble == scheduler::Trouble::kNone || trouble == scheduler::Trouble::kPodsRefused) {
    entry.troubled.erase(job);
  } else if (entry.troubled.insert(job).second) {
    hooks_.troubled(job, cluster, trouble, message);
  }
}

void Fleet::OnCopyTroubled(ClusterId cluster, const clusters::CopyRef& copy,
                           scheduler::Trouble trouble, const std::string& message) {
  if (Postpone(Postponed::Kind::kTrouble, cluster, copy.job,
               [this, cluster, copy, trouble, message] {
                 OnCopyTroubled(cluster, copy, trouble, message);
               })) {
    return;
  }
  if (auto found = members_.find(cluster); found != members_.end()) {
    TellTrouble(found->second, cluster, copy.job, trouble, message);
  }
  pump_->Post(scheduler::CopyTroubled{copy.job, cluster, copy.epoch, trouble});
}

void Fleet::OnCopy(ClusterId cluster, const clusters::CopyReport& copy) {
  if (Postpone(Postponed::Kind::kCopy, cluster, copy.ref.job,
               [this, cluster, copy] { OnCopy(cluster, copy); })) {
    return;
  }
  auto found = members_.find(cluster);
  if (found == members_.end()) return;
  found->second.leases.Note(copy);
  if (hooks_.copy_seen) hooks_.copy_seen(cluster, copy);
  scheduler::RunObserved run{copy.ref.job, cluster, copy.ref.epoch, copy.phase, copy.finished};
  run.lease_generation = copy.lease_generation;
  run.leased = copy.leased;
  run.ends = copy.ends;
  run.trouble = copy.trouble;
  run.failures = static_cast<int32_t>(std::clamp<int64_t>(copy.failed_pods, 0, INT32_MAX));
  TellTrouble(found->second, cluster, copy.ref.job, copy.trouble, copy.trouble_message);
  const scheduler::ClusterState* state = pump_->world().FindCluster(cluster);
  if (run.ends && run.ends != scheduler::kNoDeadline && state != nullptr) {
    run.ends.ms -= state->record.link.clock_offset.ms;
  }
  report_ = &copy;
  pump_->Post(run);
  report_ = nullptr;
}

void Fleet::OnCopyGone(ClusterId cluster, const clusters::CopyRef& copy) {
  if (Postpone(Postponed::Kind::kCopy, cluster, copy.job,
               [this, cluster, copy] { OnCopyGone(cluster, copy); })) {
    return;
  }
  if (auto found = members_.find(cluster); found != members_.end()) {
    found->second.leases.Forget(copy.job);
    found->second.troubled.erase(copy.job);
  }
  // Only seen to be missing: a dispatch under way may still make it again.
  pump_->Post(scheduler::CopyGone{copy.job, cluster, copy.epoch, /*confirmed=*/false});
}

void Fleet::OnInventoryAsked(ClusterId cluster) {
  auto found = members_.find(cluster);
  if (found == members_.end()) return;
  found->second.expected = scheduler::AcknowledgedCopies(pump_->world(), cluster);
  found->second.inventory_running = found->second.inventory_wanted;
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
  found = members_.find(cluster);
  if (found == members_.end() || !found->second.inventory_running) return;
  found->second.inventory_wanted = found->second.inventory_running = false;
  pump_->Post(scheduler::InventoryTaken{cluster});
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
  if (const scheduler::JobRecord* record = pump_->world().FindJob(job);
      !retryable && result.error().code == 404 && record != nullptr && record->started) {
    // An update makes nothing anew: the copy is not there, and nothing under way can bring it back.
    pump_->Post(scheduler::CopyGone{job, cluster, epoch, /*confirmed=*/true});
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
