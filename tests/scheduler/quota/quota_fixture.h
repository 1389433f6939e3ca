// CoreFixture with short words for quota: flavors, queues, jobs that ask for cpu.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/scheduler/core_fixture.h"

namespace fairway::scheduler {

class QuotaFixture : public CoreFixture {
 protected:
  // A group of one resource, cpu in whole units, with one flavor.
  static ResourceGroup CpuGroup(int64_t nominal, int64_t borrowing = kNoLimit,
                                int64_t lending = kNoLimit, const std::string& flavor = "default") {
    const auto milli = [](int64_t cpu) { return cpu == kNoLimit ? kNoLimit : cpu * 1000; };
    ResourceGroup group;
    group.covered = {"cpu"};
    group.flavors = {{flavor, {{"cpu", milli(nominal), milli(borrowing), milli(lending)}}}};
    return group;
  }
  static ClusterQueueSpec Queue(const std::string& name, int64_t cpu,
                                const std::string& cohort = "") {
    ClusterQueueSpec spec;
    spec.name = name;
    spec.cohort = cohort;
    spec.groups = {CpuGroup(cpu)};
    return spec;
  }
  static JobSpec Job(const std::string& queue, int64_t cpu, int32_t priority = 0,
                     int32_t pods = 1) {
    JobSpec spec;
    spec.request.cpu_milli = cpu * 1000;
    spec.parallelism = pods;
    spec.priority = priority;
    spec.queueing.local_queue = "ns/" + queue;
    PodSet& main = spec.queueing.pod_sets.emplace_back();
    main.name = "main";
    main.count = pods;
    main.request = spec.request;
    return spec;
  }
  static JobSpec Bare(const std::string& queue, int64_t cpu, int32_t priority = 0) {
    JobSpec spec = Job(queue, cpu, priority);
    spec.queueing.workload_only = true;
    return spec;
  }

  void Flavor(uint64_t id, const std::string& name,
              std::map<std::string, std::string> labels = {}) {
    FlavorSpec spec;
    spec.name = name;
    spec.node_labels = std::move(labels);
    Step(FlavorChanged{FlavorId{id}, &spec});
  }
  // The queue and a LocalQueue of its name in namespace ns.
  void AddQueue(uint64_t id, const ClusterQueueSpec& spec) {
    Step(ClusterQueueChanged{ClusterQueueId{id}, &spec});
    AddLocal(id, spec.name, spec.name);
  }
  void AddLocal(uint64_t id, const std::string& name, const std::string& queue,
                StopPolicy stop = StopPolicy::kNone) {
    LocalQueueSpec local;
    local.name = "ns/" + name;
    local.cluster_queue = queue;
    local.stop_policy = stop;
    Step(LocalQueueChanged{LocalQueueId{id}, &local});
  }
  void AddCohort(uint64_t id, const CohortSpec& spec) { Step(CohortChanged{CohortId{id}, &spec}); }

  const JobRecord& Record(uint64_t job) const { return CoreFixture::Job(job); }
  JobState State(uint64_t job) const { return Record(job).state; }
  bool Admitted(uint64_t job) const {
    const JobRecord& record = Record(job);
    return record.quota && record.quota->IsAdmitted() && record.state != JobState::kRequeued;
  }
  void Done(uint64_t job) {
    const JobRecord record = Record(job);
    if (!record.cluster) {
      Step(WorkloadFinished{JobId{job}, true, now()});
    } else {
      Step(RunObserved{JobId{job}, record.cluster, record.epoch, RunPhase::kSucceeded, now()});
    }
    Settle();
  }
  void Gone(uint64_t job) {
    Step(CopyGone{JobId{job}, Record(job).cluster, Record(job).epoch, true});
    Settle();
  }
  // Lets the pass come to its end.
  void Settle() {
    for (int i = 0; i < 100; ++i) {
      At(now() + Milliseconds(20));
      Step(TimerFired{});
      if (Count<SetTimer>() == 0) return;
    }
  }
  int64_t Held(uint64_t queue) const {
    int64_t sum = 0;
    for (const QuotaCharge& charge :
         core().world().ledger().tree.Holdings(ClusterQueueId{queue}, Usage::kHeld)) {
      if (charge.resource == "cpu") sum += charge.amount;
    }
    return sum / 1000;
  }
};

}  // namespace fairway::scheduler
