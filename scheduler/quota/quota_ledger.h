// QuotaLedger: everything that World keeps about quota. The book is durable; the rest is derived
// from it and from the job records (World::Count), or is bookkeeping that a crash may lose: claims,
// and which queues are to be looked at.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>
#include <absl/container/inlined_vector.h>

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/pending_queue.h"
#include "scheduler/quota/quota_book.h"
#include "scheduler/quota/quota_tree.h"
#include "scheduler/records.h"
#include "scheduler/resources.h"

namespace fairway::scheduler {

class World;

// What one admitted record is charged.
std::vector<QuotaCharge> ChargesOf(const JobQuota& quota, const JobSpec& spec);

// Room and quota promised to a waiting job: victims are being withdrawn for it, or it has waited so
// long that nothing else may take its turn. Nobody else is given what is claimed.
struct QuotaClaim {
  ClusterQueueId queue;
  std::vector<QuotaCharge> charges;
  ClusterId cluster;  // 0 = quota alone
  Resources room;
  std::vector<JobId> victims;
  bool reserved = false;  // a reservation (reservation.h): nobody goes, it waits for ends
  Instant since;
  // Of a reservation: when it should come true, as was reckoned when it was made. 0 = not known.
  Instant start;
  bool operator==(const QuotaClaim&) const = default;
};

// How long the jobs of a LocalQueue ran: a running mean and mean deviation, for estimates only. Not
// saved.
struct RunTimes {
  int64_t count = 0;
  int64_t mean_ms = 0;
  int64_t deviation_ms = 0;
  void Observe(int64_t ran_ms);
};

// One LocalQueue by name, known as soon as a job or an object names it.
struct LocalQueueState {
  ClusterQueueId home;  // where its jobs wait; 0 = nowhere: no such queue, or held
  absl::btree_set<GroupId> groups;
  int64_t pending = 0;
  int64_t admitted = 0;
};

// The order in which queues that may admit something are looked at: how high the head borrows (as
// Kueue does, what fits within nominal quota goes first: whoever borrowed before it would be
// preempted for it at once), then its priority, then age. With fair sharing: priority, then the
// share of every node from the root's child down to the queue, then age.
struct AgendaKey {
  int64_t borrow = 0;
  int64_t minus_priority = 0;
  absl::InlinedVector<int64_t, 3> shares;
  JobId job;
  auto operator<=>(const AgendaKey& other) const {
    if (borrow != other.borrow) return borrow <=> other.borrow;
    if (minus_priority != other.minus_priority) return minus_priority <=> other.minus_priority;
    if (shares != other.shares) {
      return shares < other.shares ? std::strong_ordering::less : std::strong_ordering::greater;
    }
    return job <=> other.job;
  }
  bool operator==(const AgendaKey&) const = default;
};

// A ClusterQueue's waiting jobs and how far the look at them has come.
struct QueueState {
  PendingQueue pending;
  absl::btree_set<JobId> admitted;
  absl::btree_map<int32_t, int64_t> standing;  // of these, by priority: those that are not leaving
  absl::btree_set<JobId> claimants;            // waiting jobs of this queue with a claim
  bool awake = false;
  uint64_t wakes = 1;  // PendingQueue::MarkBlocked's generation
  QueueHead after = PendingQueue::kBeforeAll;
  AgendaKey key;
};

class QuotaLedger {
 public:
  static constexpr size_t kRunTimesMax = 100'000;

  QuotaBook book;
  QuotaTree tree;

  // ---- from World::Apply ----
  void BookChanged() { stale_ = tree_stale_ = true; }
  // Only where jobs wait: the tree stays.
  void HomesChanged() { stale_ = true; }
  // Adds (sign +1) or takes away (-1) what one record with a JobQuota contributes.
  void Count(const JobRecord& record, const JobSpec* spec, int sign);

  // Takes a changed book over. Cheap when nothing changed; call before reading.
  void Settle();
  bool stale() const { return stale_; }
  // Another number whenever the book was taken over: slots and rules may be others.
  uint64_t era() const { return era_; }

  // ---- waiting ----
  const absl::btree_map<std::string, LocalQueueState>& local_queues() const { return locals_; }
  const absl::btree_map<ClusterQueueId, QueueState>& queues() const { return queues_; }
  QueueState* FindQueue(ClusterQueueId queue);
  const QueueState* FindQueue(ClusterQueueId queue) const;
  // Where jobs of this LocalQueue wait; 0 = nowhere.
  ClusterQueueId HomeOf(const std::string& local_queue) const;

  // ---- the agenda (quota_pass.cc) ----
  // Looks at this queue again, from its head.
  void Wake(ClusterQueueId queue);
  void WakeAll();
  // A head of this queue found quota, but no cluster.
  void WaitForRoom(ClusterQueueId queue) { room_waiters_.insert(queue); }
  // Wakes all that do.
  void WakeForRoom();
  // Wakes the queues below nodes where quota was freed since the last call, from the first head on
  // that is not hopeless. True when any was freed.
  using Hopeless = std::function<bool(ClusterQueueId, const QueueState&, const QueueHead& head)>;
  bool WakeGained(const Hopeless& hopeless);
  // The first head after queue.after that is neither blocked nor hopeless; those before it are
  // marked as blocked. Null: there is none, as far as few steps tell.
  const QueueHead* NextHopeful(ClusterQueueId id, QueueState& queue, const Hopeless& hopeless);
  void Sleep(ClusterQueueId queue);
  void Enlist(ClusterQueueId queue, AgendaKey key);
  const absl::btree_set<std::pair<AgendaKey, ClusterQueueId>>& agenda() const { return agenda_; }

  // ---- claims; World::SetClaim keeps the clusters in step ----
  const absl::btree_map<JobId, QuotaClaim>& claims() const { return claims_; }
  // Of these the reservations, by tree.
  const absl::btree_map<int32_t, absl::btree_set<JobId>>& reservations() const {
    return reservations_;
  }
  void AddClaim(JobId job, QuotaClaim claim);
  void RemoveClaim(JobId job, bool quiet = false);

  // When an admitted job reaches its maximum execution time.
  const absl::btree_set<std::pair<Instant, JobId>>& deadlines() const { return deadlines_; }

  const absl::btree_map<std::string, RunTimes>& run_times() const { return run_times_; }
  void ObserveRun(const std::string& local_queue, int64_t ran_ms);

  // Aborts when a derived part disagrees with what the records say.
  void CheckInvariants(const World& world) const;

 private:
  void CountPending(const JobRecord& record, const JobSpec& spec, int sign);
  void CountAdmission(const JobRecord& record, const JobSpec& spec, int sign);
  void Move(ClusterQueueId queue, const std::vector<QuotaCharge>& charges, int sign, Usage ledger,
            bool quiet = false);
  void ForgetIfIdle(const std::string& local_queue);
  ClusterQueueId FindHome(const std::string& local_queue) const;
  void WakeBelow(int32_t node, const Hopeless& hopeless);
  void IndexClaim(JobId job, const QuotaClaim& claim);

  bool stale_ = false;
  bool tree_stale_ = false;
  uint64_t era_ = 1;
  absl::btree_map<std::string, LocalQueueState> locals_;
  absl::btree_map<ClusterQueueId, QueueState> queues_;  // 0 = the jobs without a home
  absl::btree_set<std::pair<AgendaKey, ClusterQueueId>> agenda_;
  absl::btree_set<ClusterQueueId> room_waiters_;
  absl::btree_set<int32_t> gained_;  // nodes where quota was freed
  absl::btree_map<JobId, QuotaClaim> claims_;
  absl::btree_map<int32_t, absl::btree_set<JobId>> reservations_;
  absl::btree_set<std::pair<Instant, JobId>> deadlines_;
  absl::btree_map<std::string, RunTimes> run_times_;  // at most kRunTimesMax
};

// Waits, or would if its queue let it: in a ledger's queue.
bool WaitsForQuota(const JobRecord& record);
// Is charged, but is being withdrawn.
bool IsLeaving(const JobRecord& record);
// When maximumExecutionTimeSeconds runs out; 0 = never.
Instant ExecutionDeadline(const JobRecord& record, const JobSpec& spec);

}  // namespace fairway::scheduler
