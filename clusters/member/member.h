// Member: one member cluster, from our side of the link. Owns its connections, credentials, prober,
// reflectors and dispatcher, and tells a listener what it sees.
//
// Thread: the loop. Lifetime: the listener outlives the Member; destroying a Member cancels all its
// work, and no callback runs afterwards. A Member may not be destroyed inside one of its callbacks
// (Loop::DeferDelete does it right). Callbacks never run inside Dispatch(), Withdraw() or Create().
//
// Bounds: a member that hangs, floods, lies or errs costs its own budget only (MemberLimits): its
// own connections, its own queue, its own timers. Nothing is shared between Members.
//
// Life: probing -> reachable (probe answers) -> synced (the job reflector has one complete list and
// a live watch) -> ready = reachable and synced. After every complete list of copies the Member
// calls OnCopy for each copy that is new or changed, OnCopyGone for each that went missing since
// the last list, then OnInventory with all of them; in between, the watch reports changes singly.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "clusters/kubeconfig/kubeconfig.h"
#include "clusters/loop/loop.h"
#include "clusters/member/copy_manifest.h"
#include "scheduler/cluster_view.h"
#include "scheduler/event.h"
#include "scheduler/ids.h"
#include "scheduler/instant.h"
#include "scheduler/result.h"

namespace fairway::clusters {

struct MemberLimits {
  int dispatch_in_flight_max = 64;     // dispatches and withdrawals under way, at most
  size_t dispatch_queue_max = 16'384;  // waiting behind them; beyond: 429 from Dispatch()
  int attempts_max = 5;                // per dispatch or withdrawal, then it is reported
  int64_t backoff_first_ms = 500;      // doubles per attempt, with jitter
  int64_t backoff_max_ms = 30'000;
  int64_t request_timeout_ms = 30'000;
  int64_t probe_interval_ms = 2'000;
  int64_t probe_timeout_ms = 5'000;
  int probe_failures_max = 2;          // this many in a row make the member unreachable
  int64_t watch_idle_ms = 130'000;     // two bookmark intervals and a little
  int64_t watch_late_ms = 5'000;       // for what answers have shown already
  int64_t capacity_interval_ms = 250;  // at most one OnCapacity per interval
  size_t list_page = 500;
  size_t list_bytes_max = 64u << 20;  // one page
  size_t watch_line_max = 16u << 20;  // one watch event
  size_t pods_max = 1'000'000;        // beyond: capacity is reported as unknown (not at all)
};

struct MemberConfig {
  ClusterId cluster;
  std::string name;     // for messages and logs
  std::string gateway;  // our id: the value of the label fairway.flext.sh/gateway
  Access access;
  // May a credential plugin of `access` be run? Null allows every one; `access` can only name one
  // when it came from a trusted kubeconfig.
  std::function<bool(const std::string& command)> exec_allowed;
  uint64_t seed = 0;  // of the jitter
  MemberLimits limits;
};

// How the link is. `ready` is what the core's LinkObserved wants.
struct LinkInfo {
  bool ready = false;
  bool reachable = false;  // the last probes were answered
  bool synced = false;     // our copies are known
  std::string reason;   // CamelCase: Ready, Connecting, NotSynced, or the reason of the last error
  std::string message;  // for people; the last error while not ready
  std::string version;  // v1.33.1; empty until known
  int64_t rtt_ms = -1;  // of the last answered probe; -1 until there is one
  // The member's clock less ours, and how wrong that may be; -1 until known.
  int64_t clock_offset_ms = 0, clock_error_ms = -1;
  Instant last_seen;  // when the last probe was answered
  // How many dispatches and withdrawals may be under way now, and how often the member's 429, 503
  // or silence has made it fewer.
  int dispatch_in_flight = 0;
  uint64_t dispatch_backoffs = 0;
};

// One copy of one epoch. Compared by (job, epoch).
struct CopyRef {
  JobId job;
  Epoch epoch;
  std::string name_space;
  std::string name;
};

// What the member's Job says now.
struct CopyReport {
  CopyRef ref;
  std::string uid;         // of the gateway's Job: label fairway.flext.sh/uid
  std::string member_uid;  // of the member's Job
  std::string resource_version;
  scheduler::RunPhase phase = scheduler::RunPhase::kPending;
  // kSucceeded and kFailed only; Job condition Complete or Failed, its lastTransitionTime.
  Instant started, finished;
  bool deleting = false;   // has a deletionTimestamp
  std::string end_reason;  // of condition Complete or Failed
  int64_t failed_pods = 0;
  bool podless = false;  // it was started, and there are no pods of it
  // What the cluster is to blame for: that it failed, or does not run; and what it says of that.
  scheduler::Trouble trouble = scheduler::Trouble::kNone;
  std::string trouble_message;
  // When the member ends the copy by itself, by the member's clock; kNoDeadline, or 0 = not
  // started.
  Instant ends;
  bool leased = false;                // by a lease of ours
  int64_t own_deadline_seconds = -1;  // the author's activeDeadlineSeconds
  uint16_t lease_generation = 0;
  std::string status_json;  // batch/v1 JobStatus as the member sent it; "{}" when it has none
};

class MemberListener {
 public:
  virtual ~MemberListener() = default;
  // When ready, reachable, synced, version or the reason changes. link() has the current figures.
  virtual void OnLink(ClusterId cluster, const LinkInfo& link) = 0;
  // `counted`: copies of which another number of pods is counted in it than in the one before.
  virtual void OnCapacity(ClusterId cluster, const scheduler::Capacity& capacity,
                          const std::vector<scheduler::CountedPods>& counted) = 0;
  // What keeps a live copy's pods from running has changed; kNone: nothing does any more.
  virtual void OnCopyTroubled(ClusterId cluster, const CopyRef& copy, scheduler::Trouble trouble,
                              const std::string& message) {
    static_cast<void>(cluster);
    static_cast<void>(copy);
    static_cast<void>(trouble);
    static_cast<void>(message);
  }
  virtual void OnCopy(ClusterId cluster, const CopyReport& copy) = 0;
  // Deleted at the member, by whomever; also after a Withdraw of ours.
  virtual void OnCopyGone(ClusterId cluster, const CopyRef& copy) = 0;
  // The member is about to be asked for its list. Only what was acknowledged before can be missing
  // in the OnInventory that follows: a copy made while the list is under way may not be in it.
  virtual void OnInventoryAsked(ClusterId cluster) { static_cast<void>(cluster); }
  // Every copy of ours on the member, in (job, epoch) order, after each complete list.
  virtual void OnInventory(ClusterId cluster, const std::vector<CopyRef>& copies) = 0;
  // Ok: the member has the copy. Error, retryable: it did not answer or was too busy, also after
  // `attempts_max`; the copy may or may not be there. Error, not retryable: the member refused the
  // object, its message kept; nothing of ours is there.
  virtual void OnDispatched(ClusterId cluster, JobId job, Epoch epoch, const Status& result,
                            bool retryable) = 0;
  // Ok: the copy is not there (any more). Error: still there, or unknown.
  virtual void OnWithdrawn(ClusterId cluster, JobId job, Epoch epoch, const Status& result,
                           bool retryable) = 0;
  virtual void OnNamespaceCollected(ClusterId cluster, const std::string& name_space,
                                    const Status& result) = 0;
  // There is room again after Dispatch() or Withdraw() answered 429.
  virtual void OnRoom(ClusterId cluster) = 0;
};

// A Job of the gateway's and what its pods name. Texts are JSON; copy_manifest.h makes the member's
// objects from them, ReferencedObjects() says which dependencies a Job has.
// What failover puts on a copy (copy_failover.h).
struct FailoverContext {
  int64_t lease_seconds = 0;  // 0 = no lease
  Instant lease_until;        // of a copy that was started, by the member's clock
  uint16_t lease_generation = 0;
  int64_t failovers = 0;  // epochs before this one that were lost
  std::string former_cluster, checkpoint;
  // Of an Indexed Job: what earlier epochs have done ("0-2,5"), and is not to be run again.
  std::string completed_indexes, failed_indexes;
  // Some of them run elsewhere: a member that cannot be told may not have the copy.
  bool indexes_required = false;
};

struct DispatchRequest {
  JobId job;
  Epoch epoch;
  std::shared_ptr<const std::string> job_json;  // the gateway's batch/v1 Job, status and all
  // ConfigMaps, Secrets and ServiceAccounts, each with apiVersion and kind, in the Job's namespace.
  std::vector<std::shared_ptr<const std::string>> dependencies;
  FailoverContext failover = {};
  // The copy was started before: it is repaired if it is there, but never made anew. Answered with
  // 404 when it is not there.
  bool update_only = false;
};

// Lets a started copy run on, or takes its lease away.
struct RenewRequest {
  JobId job;
  std::string name_space, name, member_uid;
  int64_t lease_seconds = 0;  // from its start; 0 = no lease
  int64_t own_deadline_seconds = -1;
};

struct WithdrawRequest {
  JobId job;
  Epoch epoch;
  std::string name_space;
  std::string name;
  // False: the Job is deleted in the background, its pods end within their grace period. True: not
  // reported as withdrawn before the pods are gone (foreground), for moves that may not overlap.
  bool until_pods_gone = false;
  // ReferencedObjects() of the Job. Those that a broken-off dispatch left behind without an owner
  // are deleted too; the others go with the last copy that owns them.
  std::vector<ObjectRef> dependencies = {};
};

class Member {
 public:
  // Starts to probe and to watch at once. Fails when the access is unusable (bad CA, bad URL).
  static Result<std::unique_ptr<Member>> Create(Loop& loop, MemberConfig config,
                                                MemberListener& listener);
  virtual ~Member() = default;

  // Makes the copy of one epoch: its namespace, its dependencies, then the Job. Idempotent: repeat
  // it after a crash at any point. A copy of the same epoch is brought up to date (parallelism,
  // suspend, labels); of an older one is deleted first; a newer one, or an object that lacks our
  // gateway's label, is never touched and is a permanent error. Answered by OnDispatched.
  // 429 when the queue is full: nothing was started, OnRoom follows.
  virtual Status Dispatch(DispatchRequest request) = 0;
  // Deletes the copy, after its labels were verified. Answered by OnWithdrawn. A Dispatch
  // of this job's epoch, or of an older one, that was not answered yet is given up unanswered.
  virtual Status Withdraw(WithdrawRequest request) = 0;
  // Moves a copy's deadline. Of several for one job the last one counts. Not answered to the
  // listener, but counted; 429 when the queue is full.
  virtual Status Renew(RenewRequest request) = 0;
  // Renewals done and failed since the Member was made.
  struct Renewals {
    uint64_t done = 0, failed = 0;
  };
  virtual Renewals renewals() const = 0;
  // Gives up everything that waits to be sent, unanswered. What is under way ends unheard.
  virtual void DropRequests() = 0;
  // Lists all copies anew; OnCopy for every one of them, then OnInventory. Not inside a callback.
  virtual void Relist() = 0;
  // Deletes a namespace that we made, when none of our copies and nothing of anybody else's is in
  // it. Answered by OnNamespaceCollected: ok = gone or never ours; 409 = still in use.
  virtual Status CollectNamespace(const std::string& name_space) = 0;

  // A drill: from now on, or no longer, the member behaves as if the network to it were cut. Not
  // inside a callback.
  virtual void CutLink(bool cut) = 0;

  virtual const LinkInfo& link() const = 0;
  // How many more Dispatch() calls would be taken.
  virtual size_t room() const = 0;
  virtual const std::string& server() const = 0;

  // New credentials or endpoint for the same cluster (its Secret changed): connections are made
  // anew, what is queued stays. Not inside a callback of this Member.
  virtual Status ReplaceAccess(Access access) = 0;
};

}  // namespace fairway::clusters
