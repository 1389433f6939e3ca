// Promise: in every world of two clusters and three jobs, whatever happens in whatever order up to
// a depth, no job has two live copies, nothing finished is dispatched, and the invariants hold. All
// orders are enumerated; states that were met before are not walked again.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "scheduler/core.h"
#include "scheduler/hash.h"
#include "scheduler/world_loader.h"
#include "tests/scheduler/sample_world.h"

namespace fairway::sim {
namespace {

namespace sched = scheduler;

constexpr uint64_t kSmallClusters = 2;
constexpr uint64_t kJobs = 3;
// A sanitizer takes thirty times as long: it looks for bad memory, not for bad orders.
#ifdef SIM_SHALLOW
constexpr int kDepth = 7;
constexpr uint64_t kStatesMin = 4'000;
#else
constexpr int kDepth = 9;
constexpr uint64_t kStatesMin = 50'000;
#endif

using CopyKey = std::pair<JobId, Epoch>;

// A copy on a member: live until it ends.
enum class Copy : uint8_t { kRunning, kEnded };

struct Small {
  sched::Core core;
  std::map<std::string, std::string> stored;
  std::vector<sched::Command> requests;  // under way to members, in order per copy
  std::vector<sched::CopyGone> watch;    // under way from members, in any order
  std::map<CopyKey, Copy> copies[kSmallClusters + 1];
  uint64_t submitted = 0;
  bool crashed_once = false;
};

class SmallWorlds : public ::testing::Test {
 protected:
  void Explore(const Small& world, int depth) {
    if (depth == 0 || HasFatalFailure()) return;
    int& walked = met_[Fingerprint(world)];
    if (walked >= depth) return;
    walked = depth;
    ++visited_;
    if (world.submitted < kJobs) Submit(world, depth);
    for (uint64_t job = 1; job <= world.submitted; ++job) Delete(world, JobId{job}, depth);
    for (size_t i = 0; i < world.requests.size(); ++i) Request(world, i, depth);
    for (size_t i = 0; i < world.watch.size(); ++i) {
      Small next = world;
      const sched::CopyGone gone = next.watch[i];
      next.watch.erase(next.watch.begin() + static_cast<ptrdiff_t>(i));
      Go(next, gone, depth);
    }
    for (uint64_t c = 1; c <= kSmallClusters; ++c) {
      for (const auto& [key, copy] : world.copies[c]) Member(world, ClusterId{c}, key, copy, depth);
    }
    if (!world.crashed_once) Crash(world, depth);
    Go(world, sched::TimerFired{}, depth);
  }

  static Small Start() {
    Small world;
    sched::CommandSink sink;
    for (uint64_t c = 1; c <= kSmallClusters; ++c) {
      sched::ClusterSpec spec;
      spec.name = "c" + std::to_string(c);
      world.core.Step(Instant{1}, sched::ClusterChanged{ClusterId{c}, &spec}, sink);
    }
    Store(world, sink);
    Measure(world);
    return world;
  }

  uint64_t visited() const { return visited_; }

 private:
  static constexpr Instant kNow{1'000'000};

  // Room for two jobs each.
  static void Measure(Small& world) {
    sched::CommandSink sink;
    const sched::Resources room = sched::MakeResources(2000, 1024, 10);
    const sched::Capacity capacity = sched::MakeCapacity(room, room);
    for (uint64_t c = 1; c <= kSmallClusters; ++c) {
      world.core.Step(kNow, sched::CapacityObserved{ClusterId{c}, &capacity}, sink);
      world.core.Step(kNow, sched::LinkObserved{ClusterId{c}, true}, sink);
    }
    Store(world, sink);
  }

  static void Store(Small& world, const sched::CommandSink& sink) {
    for (const sched::Edit& edit : sink.edits) {
      if (auto value = sched::EditValue(edit)) {
        world.stored[sched::EditKey(edit)] = *value;
      } else {
        world.stored.erase(sched::EditKey(edit));
      }
    }
    for (const sched::Command& command : sink.commands) {
      if (sched::IsRemote(command)) world.requests.push_back(command);
    }
  }

  void Go(Small next, const sched::Event& event, int depth) {
    sched::CommandSink sink;
    // When the timer fires, every retry is due.
    const bool later = std::holds_alternative<sched::TimerFired>(event);
    next.core.Step(later ? kNow + Seconds(3600) : kNow, event, sink);
    for (const sched::Command& command : sink.commands) {
      const auto* dispatch = std::get_if<sched::Dispatch>(&command);
      if (dispatch == nullptr) continue;
      ASSERT_FALSE(sched::IsFinished(*next.core.world().FindJob(dispatch->job)));
    }
    Store(next, sink);
    next.core.world().CheckInvariants();
    Explore(next, depth - 1);
  }

  void Submit(const Small& world, int depth) {
    Small next = world;
    const JobId job{++next.submitted};
    sched::JobSpec spec;
    spec.request = sched::MakeResources(1000, 1);
    const std::string name = "default/small";
    Go(next, sched::JobSubmitted{job, &spec, &name, false, -1}, depth);
  }

  void Delete(const Small& world, JobId job, int depth) {
    const sched::JobRecord* record = world.core.world().FindJob(job);
    if (record == nullptr || record->delete_requested) return;
    Go(world, sched::JobDeleted{job, false}, depth);
  }

  // A request arrives, and is answered or its answer is lost; or it is lost itself. One at a time
  // per copy.
  void Request(const Small& world, size_t at, int depth) {
    const auto key_of = [](const sched::Command& command) {
      if (const auto* d = std::get_if<sched::Dispatch>(&command)) {
        return std::tuple(d->cluster, d->job, d->epoch);
      }
      const auto& w = std::get<sched::Withdraw>(command);
      return std::tuple(w.cluster, w.job, w.epoch);
    };
    const auto [cluster, job, epoch] = key_of(world.requests[at]);
    for (size_t i = 0; i < at; ++i) {
      if (key_of(world.requests[i]) == key_of(world.requests[at])) return;
    }
    const bool dispatch = std::holds_alternative<sched::Dispatch>(world.requests[at]);
    Small gone = world;
    gone.requests.erase(gone.requests.begin() + static_cast<ptrdiff_t>(at));
    const sched::Event failed = dispatch
                                    ? sched::Event(sched::DispatchFailed{job, cluster, epoch, true})
                                    : sched::Event(sched::WithdrawFailed{job, cluster, epoch});
    Go(gone, failed, depth);
    Small done = gone;
    if (dispatch) {
      done.copies[cluster.value].try_emplace({job, epoch}, Copy::kRunning);
      CheckOneLive(done, job);
      Go(done, sched::DispatchAcked{job, cluster, epoch}, depth);
      Go(gone, sched::DispatchFailed{job, cluster, epoch, false}, depth);
    } else {
      done.copies[cluster.value].erase({job, epoch});
      Go(done, sched::CopyGone{job, cluster, epoch, true}, depth);
    }
    Go(done, failed, depth);
  }

  // A copy runs, ends, or is deleted on its member by somebody.
  void Member(const Small& world, ClusterId cluster, CopyKey key, Copy copy, int depth) {
    const auto report = [&](sched::RunPhase phase) {
      // Started, and without a deadline.
      return sched::RunObserved{key.first, cluster, key.second, phase, kNow, sched::kNoDeadline};
    };
    if (copy == Copy::kEnded) {
      Go(world, report(sched::RunPhase::kSucceeded), depth);
    } else {
      Go(world, report(sched::RunPhase::kRunning), depth);
      Small ended = world;
      ended.copies[cluster.value][key] = Copy::kEnded;
      Go(ended, report(sched::RunPhase::kSucceeded), depth);
      Explore(ended, depth - 1);  // its report is lost
    }
    Small deleted = world;
    deleted.copies[cluster.value].erase(key);
    deleted.watch.push_back({key.first, cluster, key.second, false});
    Explore(deleted, depth - 1);
  }

  // The process ends; what was under way is lost; the journal is read.
  void Crash(const Small& world, int depth) {
    Small next = world;
    next.crashed_once = true;
    next.requests.clear();
    next.watch.clear();
    sched::WorldLoader loader;
    for (const auto& [key, value] : next.stored) ASSERT_TRUE(loader.Add(key, value));
    auto recovered = loader.Finish();
    ASSERT_TRUE(recovered);
    next.core = sched::Core(*std::move(recovered));
    sched::CommandSink sink;
    next.core.Step(kNow, sched::Recovered{}, sink);
    Store(next, sink);
    Measure(next);
    next.core.world().CheckInvariants();
    Explore(next, depth - 1);
  }

  static void CheckOneLive(const Small& world, JobId job) {
    int live = 0;
    for (uint64_t c = 1; c <= kSmallClusters; ++c) {
      for (const auto& [key, copy] : world.copies[c]) {
        live += key.first == job && copy == Copy::kRunning ? 1 : 0;
      }
    }
    ASSERT_LE(live, 1) << "job " << job.value << " runs twice";
  }

  static uint64_t Fingerprint(const Small& world) {
    uint64_t hash = world.submitted * 2 + (world.crashed_once ? 1 : 0);
    for (const auto& [key, value] : world.stored) {
      hash = sched::HashBytes(value, sched::HashBytes(key, hash));
    }
    for (const sched::Command& command : world.requests) {
      hash = sched::HashMix(hash, command.index());
      if (const auto* d = std::get_if<sched::Dispatch>(&command)) {
        hash = sched::HashMix(hash, d->job.value * 64 + d->cluster.value * 16 + d->epoch.value);
      } else if (const auto* w = std::get_if<sched::Withdraw>(&command)) {
        hash = sched::HashMix(hash, w->job.value * 64 + w->cluster.value * 16 + w->epoch.value);
      }
    }
    for (const sched::CopyGone& gone : world.watch) {
      hash = sched::HashMix(hash, gone.job.value * 64 + gone.cluster.value * 16 + gone.epoch.value);
    }
    for (uint64_t c = 1; c <= kSmallClusters; ++c) {
      hash = sched::HashMix(hash, c);
      for (const auto& [key, copy] : world.copies[c]) {
        hash = sched::HashMix(
            hash, key.first.value * 64 + key.second.value * 2 + static_cast<uint64_t>(copy));
      }
    }
    return hash;
  }

  std::map<uint64_t, int> met_;  // the depth that was left when the state was walked
  uint64_t visited_ = 0;
};

TEST_F(SmallWorlds, EveryOrderOfEventsKeepsThePromises) {
  Explore(Start(), kDepth);
  EXPECT_GT(visited(), kStatesMin) << "the enumeration has shrunk";
}

}  // namespace
}  // namespace fairway::sim
