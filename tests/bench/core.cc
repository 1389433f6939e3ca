// core: how long Core::Step takes to place a job, in turn with the bare score loop, in one process.
// Only the step that places is timed (CPU of the thread): jobs are ended and erased between turns.
#include "scheduler/core.h"

#include <cstdio>
#include <string>
#include <vector>

#include "tests/bench/clock.h"
#include "tests/bench/programs.h"
#include "tests/bench/score_loop.h"

namespace fairway::bench {

namespace {

constexpr Instant kStepTime{1'800'000'000'000};
constexpr int kSpecs = 8;  // templates that jobs are made from

scheduler::Resources Amount(int64_t cpu_milli, int64_t mebibytes, int64_t pods) {
  scheduler::Resources amount;
  amount.cpu_milli = cpu_milli;
  amount.memory_bytes = mebibytes << 20;
  amount.pods = pods;
  return amount;
}

class CoreTurn {
 public:
  // `rules`: jobs keep away from some others and spread, and clusters tell their nodes.
  CoreTurn(int64_t clusters, bool rules) : rules_(rules) {
    Step(scheduler::Recovered{});
    for (int64_t i = 0; i < clusters; ++i) AddCluster(i);
    for (int k = 0; k < kSpecs; ++k) {
      scheduler::JobSpec spec;
      spec.request = Amount(100 + k, 64, 1);
      spec.required = {{{{"region", scheduler::LabelRequirement::Op::kIn, {"west", "north"}}}}};
      spec.preferred = {{10 + k, {{{"tier", scheduler::LabelRequirement::Op::kIn, {"spot"}}}}}};
      if (rules_) AddRules(k, spec);
      specs_.push_back(spec);
    }
  }

  // CPU nanoseconds per placement over `jobs` placements; -1 when one was not placed.
  double Place(int64_t jobs) {
    std::vector<std::string> names;
    for (int64_t i = 0; i < jobs; ++i) names.push_back("bench/job-" + std::to_string(i));
    std::vector<scheduler::Dispatch> placed;
    placed.reserve(static_cast<size_t>(jobs));
    int64_t began = ThreadCpuNs();
    for (int64_t i = 0; i < jobs; ++i) {
      sink_.Clear();
      core_.Step(kStepTime,
                 scheduler::JobSubmitted{JobId{++last_}, &specs_[static_cast<size_t>(i) % kSpecs],
                                         &names[static_cast<size_t>(i)], false, -1},
                 sink_);
      for (const scheduler::Command& command : sink_.commands) {
        if (auto* dispatch = std::get_if<scheduler::Dispatch>(&command))
          placed.push_back(*dispatch);
      }
    }
    int64_t took = ThreadCpuNs() - began;
    for (const scheduler::Dispatch& copy : placed) {
      Step(scheduler::DispatchAcked{copy.job, copy.cluster, copy.epoch});
      Step(scheduler::RunObserved{copy.job, copy.cluster, copy.epoch,
                                  scheduler::RunPhase::kSucceeded, kStepTime});
      Step(scheduler::JobDeleted{copy.job, true});
    }
    if (static_cast<int64_t>(placed.size()) != jobs) return -1;
    return static_cast<double>(took) / static_cast<double>(jobs);
  }

 private:
  static void AddRules(int k, scheduler::JobSpec& spec) {
    const auto jobs = [](const std::string& app) {
      return scheduler::JobSelector{"bench",
                                    {{"app", scheduler::LabelRequirement::Op::kIn, {app}}}};
    };
    scheduler::PlacementRules& rules = spec.rules.emplace_back();
    rules.scope = "bench";
    rules.labels = {{"app", "app-" + std::to_string(k)}};
    // Nobody is of that kind: the question is asked, and nothing is in the way.
    rules.job_affinity = {{true, 0, jobs("lonely"), "zone"},
                          {false, 10, jobs("app-" + std::to_string((k + 1) % kSpecs)), "zone"}};
    rules.spread = {{1 << 20, true, jobs("app-" + std::to_string(k)), "zone"},
                    {1, false, jobs("app-" + std::to_string(k)), ""}};
  }
  // A hundred nodes in four classes, in a dozen states each.
  static void AddNodes(scheduler::Capacity& capacity) {
    for (int c = 0; c < 4; ++c) {
      scheduler::NodeClass& nodes = capacity.node_classes.emplace_back();
      nodes.labels = {{"kind", std::to_string(c)}};
      nodes.whole = {{Amount(64'000'000, 40'000'000, 100'000), 25}};
      for (int room = 0; room < 12; ++room) {
        nodes.free.push_back({Amount(64'000'000 - room * 1000, 40'000'000, 100'000), 2});
      }
    }
  }
  void AddCluster(int64_t i) {
    scheduler::ClusterSpec spec;
    spec.name = "member-" + std::to_string(i);
    spec.labels = {{"region", i % 2 == 0 ? "west" : "east"},
                   {"tier", i % 3 == 0 ? "spot" : "base"},
                   {"zone", "zone-" + std::to_string(i % 5)}};
    if (i % 16 == 15) spec.taints = {{"dedicated", "gpu", scheduler::TaintEffect::kNoSchedule}};
    scheduler::Capacity capacity;
    capacity.allocatable = Amount(10'000'000 + i % 97 * 10'000, 40'000'000, 100'000);
    capacity.largest_node_free = Amount(64'000, 256'000, 110);
    capacity.largest_node_allocatable = capacity.largest_node_free;
    capacity.nodes = 100;
    if (rules_) AddNodes(capacity);
    ClusterId id{++last_};
    Step(scheduler::ClusterChanged{id, &spec});
    Step(scheduler::LinkObserved{id, true});
    Step(scheduler::CapacityObserved{id, &capacity});
  }
  void Step(const scheduler::Event& event) {
    sink_.Clear();
    core_.Step(kStepTime, event, sink_);
  }

  scheduler::Core core_;
  scheduler::CommandSink sink_;
  std::vector<scheduler::JobSpec> specs_;
  uint64_t last_ = 0;
  bool rules_;
};

double LoopTurn(ScoreLoop& loop, int64_t jobs) {
  std::vector<std::pair<int64_t, ScoreLoop::Demand>> placed;
  placed.reserve(static_cast<size_t>(jobs));
  int64_t began = ThreadCpuNs();
  for (int64_t i = 0; i < jobs; ++i) {
    ScoreLoop::Demand demand{100.f + static_cast<float>(i % kSpecs), 64.f, 1.f, 1, 0};
    placed.emplace_back(loop.Place(demand), demand);
  }
  int64_t took = ThreadCpuNs() - began;
  for (const auto& [cluster, demand] : placed) {
    if (cluster < 0) return -1;
    loop.Release(cluster, demand);
  }
  return static_cast<double>(took) / static_cast<double>(jobs);
}

void PrintList(const char* name, const std::vector<double>& values) {
  std::printf("\"%s\":[", name);
  for (size_t i = 0; i < values.size(); ++i) std::printf(i == 0 ? "%.1f" : ",%.1f", values[i]);
  std::printf("]");
}

}  // namespace

int RunCore(Args& args) {
  int64_t clusters = args.GetInt("clusters", 1000), jobs = args.GetInt("jobs", 2000);
  int64_t pairs = args.GetInt("pairs", 7), rules = args.GetInt("rules", 0);
  std::string problem = args.Problem();
  if (!problem.empty()) {
    std::fprintf(stderr, "core: %s\n", problem.c_str());
    return 2;
  }
  CoreTurn core(clusters, rules != 0);
  ScoreLoop loop(static_cast<size_t>(clusters));
  std::vector<double> product, twin;
  core.Place(jobs);  // both warm
  LoopTurn(loop, jobs);
  for (int64_t i = 0; i < pairs; ++i) {
    product.push_back(core.Place(jobs));
    twin.push_back(LoopTurn(loop, jobs));
    if (product.back() < 0 || twin.back() < 0) {
      std::fprintf(stderr, "core: a job found no cluster\n");
      return 1;
    }
  }
  std::printf("{");
  PrintList("product_ns", product);
  std::printf(",");
  PrintList("twin_ns", twin);
  std::printf("}\n");
  return 0;
}

}  // namespace fairway::bench
