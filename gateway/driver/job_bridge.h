// JobBridge: Jobs and policies as stored objects on one side, the core's events on the other. Sees
// each staged change of a Job and posts what it means, inside the same batch. No decisions.
//
// Thread: the loop. Lifetime: writer, pump and fleet outlive it.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "clusters/kube/json.h"
#include "clusters/kube/kinds/job_spec.h"
#include "clusters/loop/loop.h"
#include "gateway/api/object_writer.h"
#include "gateway/driver/core_pump.h"
#include "gateway/driver/fleet.h"
#include "gateway/driver/queue_bridge.h"

namespace fairway::gateway {

class JobBridge {
 public:
  JobBridge(Loop& loop, api::ObjectWriter& writer, CorePump& pump, Fleet& fleet,
            const QueueBridge& queues);

  // Reads the stored policies, then takes part in every write. After CorePump::Recover().
  Status Start();

  // After a restore: stored Jobs that the core has no record of are submitted, unless they have
  // ended. While no cluster is open, so that none is placed.
  Status SubmitUnknown();

  // A Job that was lost is stored again, under its old id.
  void PutBack(const store::ObjectKey& key, Revision revision, JobId job, const kube::Object& doc);

  // The Job that is just being submitted, while the core decides about it; else null.
  const kube::Object* Submitting(JobId job) const {
    return submitting_id_ == job ? submitting_ : nullptr;
  }
  // What the core would be told of this (validated, defaulted) Job of the namespace `ns`, by the
  // policies and queues that are there now. 404 or 422 where these do not let it in.
  Result<kube::JobWish> WishOf(const kube::Object& job, const std::string& ns) const;
  // What the Job's Workload says has changed.
  void Reconsider(const store::ObjectKey& job);
  // The object of a job that is being deleted. The core's record of it may be gone already.
  std::optional<store::ObjectKey> Deleting(JobId job) const;

  // Policies in force, for `explain` and tests.
  size_t policies() const { return policies_.size(); }

 private:
  struct PolicyKey {
    std::string ns;  // "" = ClusterPlacementPolicy
    std::string name;
    auto operator<=>(const PolicyKey&) const = default;
  };

  // WishOf for documents that come from one form: what does not depend on queues is made once.
  Result<kube::JobWish> WishAlike(const kube::Object& job, api::Admission::Memo* memo) const;
  // What the Job and the policies say; then what the queues make of it.
  Result<kube::JobWish> JobAlone(const kube::Object& job, const std::string& ns) const;
  Result<kube::JobWish> Queued(const kube::Object& job, Result<kube::JobWish> wish) const;
  Status CheckIndexes(const kube::Object& before, const kube::Object& doc) const;
  void OnJob(const api::Written& change);
  void OnPolicy(const api::Written& change);
  void Submit(const api::Written& change);
  void Change(const api::Written& change);
  // What the policies of a namespace ask about jobs; kept until a policy changes.
  const kube::AskedLabels& AskedIn(const std::string& ns) const;
  // A policy changed: jobs that wait are looked at again, some per turn; placed ones too where
  // policies ask about other labels than before.
  void ReviewJobs(const std::map<std::string, kube::AskedLabels>& asked_before);
  void ReviewSome();

  Loop& loop_;
  api::ObjectWriter& writer_;
  CorePump& pump_;
  Fleet& fleet_;
  const QueueBridge& queues_;
  std::map<PolicyKey, kube::Value> policies_;
  uint64_t policies_changed_ = 0;
  mutable std::map<std::string, kube::AskedLabels> asked_;  // by namespace, where they were needed
  JobId submitting_id_;
  const kube::Object* submitting_ = nullptr;
  // What the last check of a Job found, until it is submitted.
  std::string checked_uid_;
  kube::JobWish checked_;
  std::deque<JobId> review_;
  std::map<JobId, store::ObjectKey> deleting_;  // until their objects are gone
};

// Whether the core looks after this Job: one with a foreign spec.managedBy belongs to another
// controller.
bool IsOurs(const kube::Object& job);

}  // namespace fairway::gateway
