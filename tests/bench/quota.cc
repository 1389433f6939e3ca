// quota: decisions per second of the core with queues, and what a step costs while very many jobs
// wait. One thread's CPU; no disk, no network.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "scheduler/core.h"
#include "tests/bench/clock.h"
#include "tests/bench/programs.h"

namespace fairway::bench {

namespace {

namespace sched = scheduler;

constexpr int kQueuesPerCohort = 20;
constexpr int kTemplatesPerQueue = 2;
constexpr int kZones = 10;

class QuotaTurn {
 public:
  QuotaTurn(int64_t clusters, int64_t queues, int64_t cpu_per_queue, bool spread)
      : spread_(spread) {
    Step(sched::Recovered{});
    sched::FlavorSpec flavor;
    flavor.name = "default";
    Step(sched::FlavorChanged{sched::FlavorId{++last_}, &flavor});
    for (int64_t i = 0; i < clusters; ++i) AddCluster(i);
    for (int64_t i = 0; i < queues; ++i) AddQueue(i, cpu_per_queue);
  }

  JobId Submit(int64_t i) {
    static const std::string kName = "bench/job";
    const JobId job{++last_};
    const size_t spec = static_cast<size_t>(i) % specs_.size();
    Step(sched::JobSubmitted{job, &specs_[spec], &kName, false, -1});
    return job;
  }
  // Ends a job that runs; the steps after it fill its place.
  void End(JobId job) {
    const sched::JobRecord* record = core_.world().FindJob(job);
    const sched::Dispatch copy{job, record->cluster, record->epoch};
    Step(sched::RunObserved{job, copy.cluster, copy.epoch, sched::RunPhase::kSucceeded, now_});
    Step(sched::JobDeleted{job, true});
  }
  void Tick() {
    now_ = now_ + Milliseconds(20);
    Step(sched::TimerFired{});
  }
  const std::vector<JobId>& admitted() const { return admitted_; }
  void ForgetAdmitted() { admitted_.clear(); }
  int64_t pending() const {
    int64_t sum = 0;
    for (const auto& [id, queue] : core_.world().ledger().queues()) {
      sum += static_cast<int64_t>(queue.pending.jobs());
    }
    return sum;
  }
  uint64_t placements() const { return core_.world().stats().placements; }

 private:
  void AddCluster(int64_t i) {
    sched::ClusterSpec spec;
    spec.name = "member-" + std::to_string(i);
    spec.labels = {{"region", i % 2 == 0 ? "west" : "east"},
                   {"zone", "zone-" + std::to_string(i % kZones)}};
    sched::Capacity capacity;
    capacity.allocatable.cpu_milli = 100'000'000;
    capacity.allocatable.memory_bytes = int64_t{1} << 50;
    capacity.allocatable.pods = 10'000'000;
    capacity.largest_node_free = capacity.allocatable;
    capacity.largest_node_allocatable = capacity.allocatable;
    capacity.nodes = 100;
    const ClusterId id{++last_};
    Step(sched::ClusterChanged{id, &spec});
    Step(sched::LinkObserved{id, true});
    Step(sched::CapacityObserved{id, &capacity});
  }
  void AddQueue(int64_t i, int64_t cpu) {
    sched::ClusterQueueSpec spec;
    spec.name = "q" + std::to_string(i);
    spec.cohort = "c" + std::to_string(i / kQueuesPerCohort);
    sched::ResourceGroup& group = spec.groups.emplace_back();
    group.covered = {"cpu", "memory"};
    group.flavors = {{"default", {{"cpu", cpu * 1000}, {"memory", int64_t{1} << 50}}}};
    Step(sched::ClusterQueueChanged{sched::ClusterQueueId{++last_}, &spec});
    const sched::LocalQueueSpec local{"ns/" + spec.name, spec.name, sched::StopPolicy::kNone, true};
    Step(sched::LocalQueueChanged{sched::LocalQueueId{++last_}, &local});
    for (int k = 0; k < kTemplatesPerQueue; ++k) {
      sched::JobSpec& job = specs_.emplace_back();
      job.request.cpu_milli = 1000;
      job.request.memory_bytes = 1 << 20;
      job.priority = k;
      job.required = {{{{"region", sched::LabelRequirement::Op::kIn, {"west", "north"}}}}};
      if (spread_) Spread(job, local.name);
      job.queueing.local_queue = local.name;
      sched::PodSet& main = job.queueing.pod_sets.emplace_back();
      main.name = "main";
      main.request = job.request;
    }
  }
  // The jobs of one queue are spread over zones.
  static void Spread(sched::JobSpec& job, const std::string& queue) {
    sched::PlacementRules& rules = job.rules.emplace_back();
    rules.scope = "ns";
    rules.labels = {{"app", queue}};
    sched::SpreadConstraint& spread = rules.spread.emplace_back();
    spread.jobs = {"ns", {{"app", sched::LabelRequirement::Op::kIn, {queue}}}};
    spread.topology = "zone";
  }
  void Step(const sched::Event& event) {
    sink_.Clear();
    core_.Step(now_, event, sink_);
    for (const sched::Command& command : sink_.commands) {
      if (const auto* dispatch = std::get_if<sched::Dispatch>(&command)) {
        admitted_.push_back(dispatch->job);
      }
    }
  }

  const bool spread_;
  sched::Core core_;
  sched::CommandSink sink_;
  std::vector<sched::JobSpec> specs_;
  std::vector<JobId> admitted_;
  Instant now_{1'800'000'000'000};
  uint64_t last_ = 0;
};

}  // namespace

int RunQuota(Args& args) {
  const int64_t clusters = args.GetInt("clusters", 100), queues = args.GetInt("queues", 1000);
  const int64_t jobs = args.GetInt("jobs", 100'000), waiting = args.GetInt("pending", 1'000'000);
  const bool spread = args.GetInt("spread", 1) != 0;
  const std::string problem = args.Problem();
  if (!problem.empty()) {
    std::fprintf(stderr, "quota: %s\n", problem.c_str());
    return 2;
  }
  // Everything fits: admission at submission.
  const int64_t each = jobs / queues + 1;
  QuotaTurn turn(clusters, queues, each, spread);
  int64_t began = ThreadCpuNs();
  for (int64_t i = 0; i < jobs; ++i) turn.Submit(i);
  const double admit_ns = static_cast<double>(ThreadCpuNs() - began) / static_cast<double>(jobs);
  if (static_cast<int64_t>(turn.admitted().size()) != jobs) {
    std::fprintf(stderr, "quota: %zu of %lld jobs were admitted\n", turn.admitted().size(),
                 static_cast<long long>(jobs));
    return 1;
  }
  // Everything is full: very many wait, and every end lets another in.
  for (int64_t i = 0; i < waiting; ++i) turn.Submit(i);
  if (turn.pending() < waiting - queues) return 1;
  int64_t idle_most = 0;
  for (int i = 0; i < 100; ++i) {
    began = ThreadCpuNs();
    turn.Tick();
    idle_most = std::max(idle_most, ThreadCpuNs() - began);
  }
  std::vector<JobId> running = turn.admitted();
  running.resize(std::min<size_t>(running.size(), 10'000));
  const uint64_t before = turn.placements();
  began = ThreadCpuNs();
  for (const JobId job : running) turn.End(job);
  for (int i = 0; i < 2000; ++i) turn.Tick();
  const int64_t took = ThreadCpuNs() - began;
  const uint64_t refilled = turn.placements() - before;
  if (refilled < running.size()) {
    std::fprintf(stderr, "quota: %llu of %zu places were filled again\n",
                 static_cast<unsigned long long>(refilled), running.size());
    return 1;
  }
  std::printf("{\"admit_ns\":%.1f,\"refill_ns\":%.1f,\"idle_pass_us\":%.1f}\n", admit_ns,
              static_cast<double>(took) / static_cast<double>(refilled),
              static_cast<double>(idle_most) / 1000);
  return 0;
}

}  // namespace fairway::bench
