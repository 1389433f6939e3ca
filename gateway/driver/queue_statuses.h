// QueueStatuses: writes the status of ClusterQueues, LocalQueues and Cohorts. What changed is
// remembered and written a few times a second at most, however many jobs it was that changed it.
// What begins or ends shows at once (the first job that waits, the last that holds quota, a queue
// that stops); other numbers are written in turn, and while the loop has much to do a few at a
// time.
//
// Thread: the loop. Lifetime: everything handed in outlives it.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "clusters/loop/loop.h"
#include "gateway/api/object_writer.h"
#include "gateway/driver/core_pump.h"
#include "gateway/driver/loop_load.h"
#include "gateway/driver/queue_facts.h"

namespace fairway::gateway {

class QueueStatuses {
 public:
  struct Hooks {
    std::function<bool(const std::string& cluster_queue)> terminating;
    // A round of writes is over.
    std::function<void()> written;
  };

  QueueStatuses(Loop& loop, api::ObjectWriter& writer, CorePump& pump, Hooks hooks);

  // This object's status may be out of date.
  void Touch(std::string_view resource, const std::string& ns, const std::string& name);
  // So may those of the queues of this job and of the cohorts above.
  void TouchOf(const scheduler::JobRecord& record);
  // The job or Workload is gone.
  void Forget(JobId job);
  void TouchAll() {
    all_ = true;
    Arm();
  }

  // Whether workloads hold quota of this ClusterQueue.
  bool InUse(const std::string& cluster_queue) const;

 private:
  using Key = std::tuple<std::string, std::string, std::string>;  // resource, namespace, name

  void TakeAll();
  QueueFacts FactsOf(const Key& key, const QueueReader& reader) const;
  void Spread(const std::string& local_queue);
  void Arm();
  void WriteSome();
  void LookAtTouched();
  bool IsTurn(const Key& key, const QueueFacts& facts) const;
  size_t WriteTurns(const QueueReader& reader);
  void WriteNumbers(const QueueReader& reader, size_t most);
  void Write(const Key& key, QueueFacts facts);

  Loop& loop_;
  api::ObjectWriter& writer_;
  CorePump& pump_;
  Hooks hooks_;
  LoopLoad load_;
  std::set<Key> touched_;  // not looked at yet
  std::set<Key> dirty_;    // what they show is old, but nothing has begun or ended
  Key last_;               // of dirty_: in turn
  int64_t next_look_ms_ = 0;
  bool all_ = false;
  std::map<Key, QueueFacts> shown_;        // what was written last
  std::set<std::string> touched_queues_;   // LocalQueues, "namespace/name"
  std::map<JobId, std::string> queue_of_;  // LocalQueue of each unfinished entry
  Call timer_;
};

}  // namespace fairway::gateway
