#include "scheduler/quota/quota_ledger.h"

#include <algorithm>

#include "scheduler/assert.h"
#include "scheduler/quota/quota_names.h"
#include "scheduler/world.h"

namespace fairway::scheduler {

std::vector<QuotaCharge> ChargesOf(const JobQuota& quota, const JobSpec& spec) {
  std::vector<QuotaCharge> charges;
  const std::vector<PodSet>& pod_sets = spec.queueing.pod_sets;
  for (size_t i = 0; i < quota.pod_sets.size() && i < pod_sets.size(); ++i) {
    const PodSetAdmission& admission = quota.pod_sets[i];
    const auto charged = ChargedResources(pod_sets[i]);
    for (size_t k = 0; k < charged.size() && k < admission.flavors.size(); ++k) {
      if (!admission.flavors[k]) continue;
      int64_t amount = 0;
      if (__builtin_mul_overflow(charged[k].second, int64_t{std::max(admission.count, 0)},
                                 &amount)) {
        amount = QuotaTree::kAmountMax;
      }
      amount = std::min(amount, QuotaTree::kAmountMax);
      if (amount == 0) continue;
      const auto same = std::find_if(charges.begin(), charges.end(), [&](const QuotaCharge& c) {
        return c.flavor == admission.flavors[k] && c.resource == charged[k].first;
      });
      if (same != charges.end()) {
        same->amount = std::min(same->amount + amount, QuotaTree::kAmountMax);
      } else {
        charges.push_back({admission.flavors[k], std::string(charged[k].first), amount});
      }
    }
  }
  return charges;
}

bool WaitsForQuota(const JobRecord& record) {
  return static_cast<bool>(record.quota) && IsPending(record);
}

bool IsLeaving(const JobRecord& record) {
  return record.state == JobState::kRequeued || record.state == JobState::kDeleting;
}

Instant ExecutionDeadline(const JobRecord& record, const JobSpec& spec) {
  if (!record.quota || !record.quota->IsAdmitted() || IsLeaving(record)) return {};
  const int64_t most = int64_t{spec.queueing.max_execution_seconds} * 1000;
  if (most <= 0) return {};
  return Instant{record.quota->admitted_at.ms +
                 std::max<int64_t>(0, most - record.quota->past_execution_ms)};
}

void QuotaLedger::Count(const JobRecord& record, const JobSpec* spec, int sign) {
  if (!record.quota || spec == nullptr) return;
  if (WaitsForQuota(record)) CountPending(record, *spec, sign);
  if (record.quota->IsAdmitted()) CountAdmission(record, *spec, sign);
}

void QuotaLedger::CountPending(const JobRecord& record, const JobSpec& spec, int sign) {
  LocalQueueState& local = locals_[spec.queueing.local_queue];
  const GroupId group = GroupOf(record);
  if (local.groups.empty() && sign > 0) local.home = FindHome(spec.queueing.local_queue);
  PendingQueue& queue = queues_[local.home].pending;
  local.pending += sign;
  if (sign > 0) {
    queue.Add(group, spec.priority, record.job);
    local.groups.insert(group);
  } else {
    // Behind the head of a strict queue the next one waited for nothing else.
    const ClusterQueueSpec* home = book.cluster_queues.Find(local.home);
    if (home != nullptr && home->strategy == QueueingStrategy::kStrictFifo) {
      const QueueHead* head = queue.Next(PendingQueue::kBeforeAll);
      const int32_t node = tree.FindNode(local.home);
      if (head != nullptr && head->job == record.job && node != QuotaTree::kNone) {
        gained_.insert(node);
      }
    }
    queue.Remove(group, record.job);
    if (!queue.HasGroup(group)) local.groups.erase(group);
    ForgetIfIdle(spec.queueing.local_queue);
  }
}

void QuotaLedger::ForgetIfIdle(const std::string& local_queue) {
  const auto at = locals_.find(local_queue);
  if (at->second.pending == 0 && at->second.admitted == 0) locals_.erase(at);
}

void QuotaLedger::CountAdmission(const JobRecord& record, const JobSpec& spec, int sign) {
  const ClusterQueueId queue = record.quota->cluster_queue;
  const std::vector<QuotaCharge> charges = ChargesOf(*record.quota, spec);
  Move(queue, charges, sign, Usage::kHeld);
  if (!IsLeaving(record)) Move(queue, charges, sign, Usage::kPlanned);
  locals_[spec.queueing.local_queue].admitted += sign;
  QueueState& state = queues_[queue];
  if (!IsLeaving(record)) {
    const auto standing = state.standing.try_emplace(spec.priority).first;
    standing->second += sign;
    if (standing->second == 0) state.standing.erase(standing);
  }
  if (sign > 0) {
    state.admitted.insert(record.job);
  } else {
    state.admitted.erase(record.job);
    ForgetIfIdle(spec.queueing.local_queue);
  }
  if (const Instant deadline = ExecutionDeadline(record, spec)) {
    if (sign > 0) {
      deadlines_.emplace(deadline, record.job);
    } else {
      deadlines_.erase({deadline, record.job});
    }
  }
}

void QuotaLedger::Move(ClusterQueueId queue, const std::vector<QuotaCharge>& charges, int sign,
                       Usage ledger, bool quiet) {
  for (QuotaCharge charge : charges) {
    charge.amount *= sign;
    int32_t gained = QuotaTree::kNone;
    tree.Charge(queue, charge, ledger, &gained);
    if (gained != QuotaTree::kNone && !quiet) gained_.insert(gained);
  }
}

// ---- homes ----

ClusterQueueId QuotaLedger::FindHome(const std::string& local_queue) const {
  const LocalQueueId id = book.local_queues.FindByName(local_queue);
  if (!id) return {};
  const LocalQueueSpec& spec = *book.local_queues.Find(id);
  if (spec.stop_policy != StopPolicy::kNone || !spec.namespace_admitted) return {};
  return book.cluster_queues.FindByName(spec.cluster_queue);
}

ClusterQueueId QuotaLedger::HomeOf(const std::string& local_queue) const {
  const auto at = locals_.find(local_queue);
  return at == locals_.end() || at->second.groups.empty() ? FindHome(local_queue) : at->second.home;
}

void QuotaLedger::Settle() {
  if (!stale_) return;
  stale_ = false;
  ++era_;
  if (tree_stale_) {
    tree_stale_ = false;
    tree.Rebuild(book);
    gained_.clear();
    reservations_.clear();
    for (const auto& [job, claim] : claims_) IndexClaim(job, claim);
  }
  for (auto& [name, local] : locals_) {
    const ClusterQueueId home = FindHome(name);
    if (home == local.home) continue;
    queues_.try_emplace(home);  // before references are taken: it may move the others
    PendingQueue& from = queues_[local.home].pending;
    PendingQueue& to = queues_[home].pending;
    for (const GroupId group : local.groups) from.MoveGroup(group, to);
    local.home = home;
  }
  for (const auto& [id, spec] : book.cluster_queues.objects()) queues_.try_emplace(id);
  for (auto at = queues_.begin(); at != queues_.end();) {
    const bool useless = at->first && book.cluster_queues.Find(at->first) == nullptr &&
                         at->second.pending.jobs() == 0 && at->second.admitted.empty() &&
                         at->second.claimants.empty();
    if (useless) {
      Sleep(at->first);
      at = queues_.erase(at);
    } else {
      ++at;
    }
  }
  WakeAll();
}

QueueState* QuotaLedger::FindQueue(ClusterQueueId queue) {
  const auto at = queues_.find(queue);
  return at == queues_.end() ? nullptr : &at->second;
}
const QueueState* QuotaLedger::FindQueue(ClusterQueueId queue) const {
  const auto at = queues_.find(queue);
  return at == queues_.end() ? nullptr : &at->second;
}

// ---- the agenda ----

void QuotaLedger::Enlist(ClusterQueueId id, AgendaKey key) {
  QueueState& queue = queues_[id];
  if (queue.awake) agenda_.erase({queue.key, id});
  queue.awake = true;
  queue.key = std::move(key);
  agenda_.emplace(queue.key, id);
}

void QuotaLedger::Sleep(ClusterQueueId id) {
  QueueState& queue = queues_[id];
  if (!queue.awake) return;
  agenda_.erase({queue.key, id});
  queue.awake = false;
}

void QuotaLedger::Wake(ClusterQueueId id) {
  QueueState& queue = queues_[id];
  ++queue.wakes;
  queue.after = PendingQueue::kBeforeAll;
  const QueueHead* head = queue.pending.Next(queue.after);
  if (!id || head == nullptr) {
    Sleep(id);
    return;
  }
  // The share is worked out when its turn comes; until then it may only be too early.
  Enlist(id, {0, head->minus_priority, {}, head->job});
}

void QuotaLedger::WakeAll() {
  for (auto& [id, queue] : queues_) {
    if (id) Wake(id);
  }
}

void QuotaLedger::WakeForRoom() {
  const absl::btree_set<ClusterQueueId> waiters = std::move(room_waiters_);
  room_waiters_.clear();
  for (const ClusterQueueId id : waiters) {
    if (queues_.contains(id)) Wake(id);
  }
}

const QueueHead* QuotaLedger::NextHopeful(ClusterQueueId id, QueueState& queue,
                                          const Hopeless& hopeless) {
  constexpr int kSkippedMax = 64;  // a look at the next one is another turn
  const ClusterQueueSpec* spec = book.cluster_queues.Find(id);
  const bool strict = spec != nullptr && spec->strategy == QueueingStrategy::kStrictFifo;
  const QueueHead* head = queue.pending.Next(queue.after);
  for (int i = 0; i < kSkippedMax && head != nullptr && !strict; ++i) {
    if (!queue.pending.IsBlocked(head->group, queue.wakes)) {
      if (!hopeless(id, queue, *head)) break;
      queue.pending.MarkBlocked(head->group, queue.wakes);
    }
    queue.after = *head;
    head = queue.pending.Next(queue.after);
  }
  return head;
}

void QuotaLedger::WakeBelow(int32_t index, const Hopeless& hopeless) {
  const QuotaTree::Node& node = tree.node(index);
  for (const int32_t child : node.children) WakeBelow(child, hopeless);
  if (!node.queue) return;
  QueueState* queue = FindQueue(node.queue);
  if (queue == nullptr || queue->pending.jobs() == 0) return;
  ++queue->wakes;
  queue->after = PendingQueue::kBeforeAll;
  const QueueHead* head = NextHopeful(node.queue, *queue, hopeless);
  if (head == nullptr) {
    Sleep(node.queue);
  } else {
    Enlist(node.queue, {0, head->minus_priority, {}, head->job});
  }
}

bool QuotaLedger::WakeGained(const Hopeless& hopeless) {
  if (gained_.empty()) return false;
  const absl::btree_set<int32_t> gained = std::move(gained_);
  gained_.clear();
  for (const int32_t node : gained) {
    const int32_t parent = tree.node(node).parent;
    if (parent != QuotaTree::kNone && gained.contains(parent)) continue;
    WakeBelow(node, hopeless);
  }
  return true;
}

void RunTimes::Observe(int64_t ran_ms) {
  // The first sixteen count alike, later ones a sixteenth each.
  constexpr int64_t kMemory = 16;
  count = std::min(count + 1, kMemory);
  const int64_t difference = ran_ms - mean_ms;
  mean_ms += difference / count;
  deviation_ms += ((difference < 0 ? -difference : difference) - deviation_ms) / count;
  if (count == 1) deviation_ms = mean_ms;  // one run says little
}

void QuotaLedger::ObserveRun(const std::string& local_queue, int64_t ran_ms) {
  if (run_times_.size() >= kRunTimesMax && !run_times_.contains(local_queue)) return;
  run_times_[local_queue].Observe(std::max<int64_t>(ran_ms, 0));
}

// ---- claims ----

void QuotaLedger::AddClaim(JobId job, QuotaClaim claim) {
  RemoveClaim(job);
  Move(claim.queue, claim.charges, +1, Usage::kPlanned);
  IndexClaim(job, claim);
  claims_.emplace(job, std::move(claim));
}

void QuotaLedger::IndexClaim(JobId job, const QuotaClaim& claim) {
  queues_[claim.queue].claimants.insert(job);
  const int32_t node = tree.FindNode(claim.queue);
  if (claim.reserved)
    reservations_[node == QuotaTree::kNone ? node : tree.node(node).tree].insert(job);
}

void QuotaLedger::RemoveClaim(JobId job, bool quiet) {
  const auto at = claims_.find(job);
  if (at == claims_.end()) return;
  Move(at->second.queue, at->second.charges, -1, Usage::kPlanned, quiet);
  if (QueueState* queue = FindQueue(at->second.queue)) queue->claimants.erase(job);
  if (at->second.reserved) {
    const int32_t node = tree.FindNode(at->second.queue);
    const auto of_tree = reservations_.find(node == QuotaTree::kNone ? node : tree.node(node).tree);
    if (of_tree != reservations_.end()) {
      of_tree->second.erase(job);
      if (of_tree->second.empty()) reservations_.erase(of_tree);
    }
  }
  claims_.erase(at);
}

void QuotaLedger::CheckInvariants(const World& world) const {
  tree.CheckInvariants();
  QuotaTree fresh;
  fresh.Rebuild(book);
  size_t pending = 0;
  size_t admitted = 0;
  const auto charge = [&](ClusterQueueId queue, const std::vector<QuotaCharge>& charges,
                          Usage usage) {
    for (const QuotaCharge& c : charges) fresh.Charge(queue, c, usage, nullptr);
  };
  for (const auto& [id, box] : world.jobs()) {
    const JobRecord& record = *box;
    if (!record.quota) continue;
    const JobSpec& spec = *world.FindSpec(record.spec);
    FAIRWAY_ASSERT(!spec.queueing.local_queue.empty());
    if (WaitsForQuota(record)) {
      ++pending;
      const auto local = locals_.find(spec.queueing.local_queue);
      FAIRWAY_ASSERT(local != locals_.end());
      FAIRWAY_ASSERT(queues_.at(local->second.home).pending.Contains(GroupOf(record), id));
      if (!stale_) FAIRWAY_ASSERT(local->second.home == FindHome(spec.queueing.local_queue));
    }
    if (!record.quota->IsAdmitted()) continue;
    ++admitted;
    const ClusterQueueId queue = record.quota->cluster_queue;
    FAIRWAY_ASSERT(queues_.at(queue).admitted.contains(id));
    const std::vector<QuotaCharge> charges = ChargesOf(*record.quota, spec);
    charge(queue, charges, Usage::kHeld);
    if (!IsLeaving(record)) charge(queue, charges, Usage::kPlanned);
    if (const Instant deadline = ExecutionDeadline(record, spec)) {
      FAIRWAY_ASSERT(deadlines_.contains({deadline, id}));
    }
  }
  size_t reserved = 0;
  for (const auto& [id, claim] : claims_) {
    FAIRWAY_ASSERT(world.FindJob(id) != nullptr);
    FAIRWAY_ASSERT(queues_.at(claim.queue).claimants.contains(id));
    charge(claim.queue, claim.charges, Usage::kPlanned);
    reserved += claim.reserved ? 1 : 0;
  }
  for (const auto& [tree_id, jobs] : reservations_) reserved -= jobs.size();
  FAIRWAY_ASSERT(reserved == 0);
  for (const auto& [id, queue] : queues_) {
    pending -= queue.pending.jobs();
    admitted -= queue.admitted.size();
    FAIRWAY_ASSERT(queue.awake == agenda_.contains({queue.key, id}));
    int64_t standing = 0;
    for (const auto& [priority, count] : queue.standing) standing += count;
    for (const JobId job : queue.admitted) standing -= IsLeaving(*world.FindJob(job)) ? 0 : 1;
    FAIRWAY_ASSERT(standing == 0);
    for (const JobId job : queue.claimants) FAIRWAY_ASSERT(claims_.at(job).queue == id);
  }
  FAIRWAY_ASSERT(pending == 0);
  FAIRWAY_ASSERT(admitted == 0);
  if (stale_) return;
  FAIRWAY_ASSERT(fresh.Holders() == tree.Holders());
  for (const ClusterQueueId queue : fresh.Holders()) {
    for (const Usage usage : {Usage::kHeld, Usage::kPlanned}) {
      FAIRWAY_ASSERT(fresh.Holdings(queue, usage) == tree.Holdings(queue, usage));
    }
  }
}

}  // namespace fairway::scheduler
