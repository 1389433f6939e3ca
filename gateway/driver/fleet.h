// Fleet: the Members by cluster. Turns the core's remote commands into dispatches and withdrawals,
// and what the members report into events. Keeps what a member cannot take yet, per member, so that
// a slow one delays nobody else.
//
// Thread: the loop. Lifetime: everything handed in outlives the Fleet.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "clusters/loop/loop.h"
#include "clusters/member/member.h"
#include "gateway/driver/core_pump.h"
#include "gateway/driver/dependencies.h"
#include "gateway/driver/lease_book.h"
#include "gateway/driver/postponed.h"
#include "gateway/driver/restore_gate.h"
#include "scheduler/reconcile.h"
#include "store/object_store.h"

namespace fairway::gateway {

class Fleet : public clusters::MemberListener {
 public:
  // Told of what concerns Cluster objects rather than jobs.
  struct Hooks {
    std::function<void(ClusterId)> link_changed;
    std::function<void(ClusterId)> capacity_changed;
    // Makes the copy's document from the Job's; false = it is as it is. May be empty.
    std::function<bool(const scheduler::JobRecord&, kube::Object& job)> furnish;
    // A member tells of a copy, before the core is told. May be empty.
    std::function<void(ClusterId, const clusters::CopyReport&)> copy_seen;
    // A dispatch was refused or failed: for an Event on the Job.
    std::function<void(JobId, ClusterId, const Error&, bool retryable)> dispatch_failed;
    // A copy is not withdrawn yet; it is asked for again until it is.
    std::function<void(JobId, ClusterId, const Error&)> withdraw_failed;
    // A cluster keeps a copy from running, or has failed it: for an Event on the Job.
    std::function<void(JobId, ClusterId, scheduler::Trouble, const std::string&)> troubled;
  };

  Fleet(Loop& loop, store::ObjectStore& store, std::string gateway_id,
        clusters::MemberLimits limits, Hooks hooks);

  void Bind(CorePump& pump) { pump_ = &pump; }
  // While the gate is closed it gets what would be connected to. Null: there is none.
  void Guard(RestoreGate* gate) { gate_ = gate; }

  // Connects to a cluster, or again with other credentials.
  Status Connect(ClusterId cluster, const std::string& name, clusters::Access access);
  void Disconnect(ClusterId cluster);
  bool Has(ClusterId cluster) const;
  const clusters::Member* Find(ClusterId cluster) const;
  const scheduler::Capacity* FindCapacity(ClusterId cluster) const;

  // The core's remote commands.
  void Dispatch(const scheduler::Dispatch& command);
  void Withdraw(const scheduler::Withdraw& command);
  void RenewLease(const scheduler::RenewLease& command);
  void CloseLink(ClusterId cluster);
  void TakeInventory(ClusterId cluster);
  // A drill: the line to the member is cut, or whole again.
  void CutLink(ClusterId cluster, bool cut);

  // A ConfigMap, Secret or ServiceAccount changed: live copies that use it get it again.
  void DependencyChanged(std::string_view kind, const std::string& ns, const std::string& name);
  // The job has ended: nothing it named matters any more.
  void Forget(JobId job) { dependencies_.Forget(job); }

  // The report that the core is deciding upon; PublishStatus reads it.
  const clusters::CopyReport* report() const { return report_; }

 private:
  using Command = std::variant<scheduler::Dispatch, scheduler::Withdraw>;
  struct Entry {
    std::unique_ptr<clusters::Member> member;
    scheduler::Capacity capacity;
    bool measured = false;
    std::map<JobId, scheduler::CountedPods> counted;  // that the core was not told yet
    std::deque<Command> waiting;  // the member had no room; bounded by the live jobs placed there
    // Acknowledged before the member was asked for its list: what must be in it.
    std::vector<scheduler::CopyRef> expected;
    LeaseBook leases;
    std::set<JobId> troubled;        // whose trouble was told
    bool inventory_wanted = false;   // TakeInventory was asked for
    bool inventory_running = false;  // and the list under way began after that
  };

  void OnLink(ClusterId cluster, const clusters::LinkInfo& link) override;
  void OnCapacity(ClusterId cluster, const scheduler::Capacity& capacity,
                  const std::vector<scheduler::CountedPods>& counted) override;
  // Once per time that it begins.
  void TellTrouble(Entry& entry, ClusterId cluster, JobId job, scheduler::Trouble trouble,
                   const std::string& message);
  void TellCapacity(ClusterId cluster, const scheduler::Capacity& capacity);
  void OnCopyTroubled(ClusterId cluster, const clusters::CopyRef& copy, scheduler::Trouble trouble,
                      const std::string& message) override;
  void OnCopy(ClusterId cluster, const clusters::CopyReport& copy) override;
  void OnCopyGone(ClusterId cluster, const clusters::CopyRef& copy) override;
  void OnInventoryAsked(ClusterId cluster) override;
  void OnInventory(ClusterId cluster, const std::vector<clusters::CopyRef>& copies) override;
  void OnDispatched(ClusterId cluster, JobId job, Epoch epoch, const Status& result,
                    bool retryable) override;
  void OnWithdrawn(ClusterId cluster, JobId job, Epoch epoch, const Status& result,
                   bool retryable) override;
  void OnNamespaceCollected(ClusterId cluster, const std::string& ns,
                            const Status& result) override;
  void OnRoom(ClusterId cluster) override;

  // False when the member has no room: the command waits.
  bool Send(Entry& entry, const Command& command);
  bool SendDispatch(Entry& entry, const scheduler::Dispatch& command);
  bool SendWithdraw(Entry& entry, const scheduler::Withdraw& command);
  void Submit(ClusterId cluster, const Command& command);
  // Nothing is written to a lost cluster: the core asks again when it is back.
  bool IsWritable(ClusterId cluster) const;
  static void AddIndexes(const std::string& job_json, clusters::FailoverContext& context);
  static void AddOthersIndexes(const scheduler::ShardPart& part, const std::string& job_json,
                               clusters::FailoverContext& context);
  clusters::FailoverContext ContextOf(const scheduler::JobRecord& record, Instant lease,
                                      const std::string& job_json) const;
  Instant LeaseOfCopy(const scheduler::JobRecord& record) const;

  // True when the store takes nothing now: `later` is kept, in place of what was kept under the
  // same key, and runs when it does again.
  bool Postpone(Postponed::Kind kind, ClusterId cluster, JobId job, std::function<void()> later);

  Loop& loop_;
  store::ObjectStore& store_;
  Postponed postponed_;
  std::string gateway_id_;
  clusters::MemberLimits limits_;
  Hooks hooks_;
  CorePump* pump_ = nullptr;
  RestoreGate* gate_ = nullptr;
  std::map<ClusterId, Entry> members_;
  std::set<ClusterId> cut_;
  DependencyIndex dependencies_;
  const clusters::CopyReport* report_ = nullptr;
};

}  // namespace fairway::gateway
