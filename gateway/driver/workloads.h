// Workloads: the Workload objects on one side, the core's queue entries on the other. Each queued
// Job has a Workload, which is made and kept here; a Workload that a client made is an entry of its
// own, queued and admitted but never dispatched. No decisions.
//
// Thread: the loop. Lifetime: everything handed in outlives it.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "clusters/kube/json.h"
#include "clusters/kube/kinds/queue_spec.h"
#include "clusters/loop/loop.h"
#include "gateway/api/object_writer.h"
#include "gateway/driver/core_pump.h"
#include "gateway/driver/loop_load.h"

namespace fairway::gateway {

class Workloads {
 public:
  struct Hooks {
    // The Job of a Workload is to be looked at again: its owner or its priority class changed
    // there.
    std::function<void(const store::ObjectKey& job)> reconsider;
    // An Event about a Job or a Workload.
    std::function<void(const store::ObjectKey& about, std::string_view type,
                       std::string_view reason, std::string message)>
        event;
  };

  Workloads(Loop& loop, api::ObjectWriter& writer, CorePump& pump, Hooks hooks);

  // Reads what is stored, then takes part in every write. After CorePump::Recover().
  Status Start();

  // What the Workload of a Job says beside the Job.
  struct Entry {
    std::string workload;  // its name
    std::string priority_class;
    int32_t priority = 0;
    bool active = true;
    SpecId spec = {};  // that the Workload was made from
  };
  // `job` is "namespace/name". Null when the Job has no Workload (yet).
  const Entry* Find(const std::string& job) const;
  // Whether quota is reserved for this Job.
  bool IsReserved(const std::string& job) const { return reserved_.contains(job); }

  // The core has decided about an entry. `job` is the Job's document where the caller has it.
  void Publish(const scheduler::JobRecord& record, const scheduler::Decision* decision,
               const kube::Object* job);
  // The Job is gone: so is its Workload.
  void RemoveOf(const api::Written& job);

 private:
  void OnWorkload(const api::Written& change);
  void OnClientsWorkload(const api::Written& change);
  void OnJobsWorkload(const std::string& job, const api::Written& change);
  // The Job whose Workload this is; "" for a client's own.
  std::string JobOf(const store::ObjectKey& workload) const;

  void PublishJob(const scheduler::JobRecord& record, const scheduler::Decision* decision,
                  const kube::Object* job);
  Entry* Ensure(const scheduler::JobRecord& record, const kube::Object* job);
  void PublishEntry(const scheduler::JobRecord& record, const scheduler::Decision* decision,
                    const store::ObjectKey& key);
  void Write(const scheduler::JobRecord& record, const scheduler::Decision* decision,
             const store::ObjectKey& key);
  // spec.active goes to false when the core has deactivated the entry.
  void WriteActive(const scheduler::JobRecord& record, const store::ObjectKey& key);
  void Remake(const std::string& job);
  void Tell(const scheduler::JobRecord& record, const store::ObjectKey& key,
            std::string_view reason, const std::string& message);
  std::string FailureOf(const scheduler::JobRecord& record);
  // The uid of the object behind an entry, and of its Workload where it is a Job.
  std::pair<std::string, std::string> UidsOf(JobId entry);
  void Later(JobId entry);
  void WriteLater();

  Loop& loop_;
  api::ObjectWriter& writer_;
  CorePump& pump_;
  Hooks hooks_;
  std::map<std::string, Entry> entries_;       // by Job, "namespace/name"
  std::map<std::string, std::string> job_of_;  // "namespace/workload" -> "namespace/job"
  std::set<std::string> reserved_;  // names of the core whose Workload shows a reservation
  std::set<JobId> waiting_;         // why they wait is not written yet
  Call waiting_timer_;
  LoopLoad load_;
  int64_t told_second_ = 0;
  int told_ = 0;
  bool own_write_ = false;
};

// Judges what a client writes to a Workload; `of_job`: it belongs to a Job. Brings a status that
// gives a reservation back into its final form.
Status AdmitWorkload(const kube::KindInfo& kind, const kube::Object* before, kube::Object& doc,
                     std::string_view subresource, bool of_job);

}  // namespace fairway::gateway
