// Promise: a gateway that was restored to an older store runs nothing again that had finished,
// never makes a second live copy, and comes to rest with every job ended, held, or gone. Seeded
// worlds of three members: a first life of random length, a snapshot of the store taken somewhere
// in it, then a second life from the snapshot. The truth is kept by the members and by this test,
// not the core. Two planted bugs, a start without an inventory and an inventory that does not hold
// what is missing, must be caught.
#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "scheduler/core.h"
#include "scheduler/reconcile.h"
#include "scheduler/restored.h"
#include "scheduler/rng.h"
#include "scheduler/world_loader.h"
#include "tests/scheduler/sample_world.h"

namespace fairway::sim {
namespace {

namespace sched = scheduler;

constexpr uint64_t kRestoreClusters = 3;
// A thousand in long runs.
constexpr uint64_t kWorlds = 100, kWorldsLong = 1'000;
constexpr JobId kLastRestored{1'000'000};

enum class Bug { kNone, kNoInventory, kNothingHeld };
using CopyKey = std::pair<JobId, Epoch>;
using Phase = sched::RunPhase;

class RestoreWorld {
 public:
  RestoreWorld(uint64_t seed, Bug bug) : rng_(seed), bug_(bug) {}

  // Empty when all promises were kept.
  std::string Run() {
    for (uint64_t c = 1; c <= kRestoreClusters; ++c) {
      sched::ClusterSpec spec;
      spec.name = "c" + std::to_string(c);
      Step(sched::ClusterChanged{ClusterId{c}, &spec});
    }
    Connect();
    const uint64_t length = 20 + rng_.Below(150);
    const uint64_t snapshot_at = rng_.Below(length);
    for (uint64_t i = 0; i < length && wrong_.empty(); ++i) {
      if (i == snapshot_at) snapshot_ = stored_;
      Happen();
    }
    Restore();
    Settle();
    Release();
    Settle();
    CheckAtRest();
    return wrong_;
  }

 private:
  void Step(const sched::Event& event) {
    sink_.Clear();
    core_.Step(now_, event, sink_);
    core_.world().CheckInvariants();
    for (const sched::Edit& edit : sink_.edits) {
      if (auto value = sched::EditValue(edit)) {
        stored_[sched::EditKey(edit)] = *value;
      } else {
        stored_.erase(sched::EditKey(edit));
      }
      const auto* put = std::get_if<sched::PutJob>(&edit);
      if (put != nullptr && sched::IsFinished(put->record)) finished_.insert(put->record.job);
    }
    std::vector<ClusterId> asked;
    for (const sched::Command& command : sink_.commands) {
      if (const auto* take = std::get_if<sched::TakeInventory>(&command)) {
        asked.push_back(take->cluster);
        continue;
      }
      if (sched::IsRemote(command)) requests_.push_back(command);
      if (const auto* release = std::get_if<sched::ReleaseJob>(&command))
        gone_.insert(release->job);
    }
    // Members answer at once, and their copies are listed by the caller.
    for (const ClusterId cluster : asked) Step(sched::InventoryTaken{cluster});
  }

  // ---- the first life ----

  void Happen() {
    now_ = now_ + Milliseconds(100);
    switch (rng_.Below(7)) {
      case 0:
        if (submitted_ < 12) Submit(JobId{++submitted_});
        return;
      case 1:
      case 2:
        return Request();
      case 3:
      case 4:
        return Progress();
      case 5:
        return Delete();
      default:
        return Lose();
    }
  }

  void Submit(JobId job) {
    const std::string name = "default/j" + std::to_string(job.value);
    sched::JobSpec spec = Spec();
    Step(sched::JobSubmitted{job, &spec, &name, false, -1});
  }

  static sched::JobSpec Spec() {
    sched::JobSpec spec;
    spec.request = sched::MakeResources(1000, 1);
    return spec;
  }

  // The oldest request reaches its member, which answers at once.
  void Request() {
    if (requests_.empty()) return;
    const sched::Command command = requests_.front();
    requests_.pop_front();
    if (const auto* dispatch = std::get_if<sched::Dispatch>(&command)) {
      Apply(*dispatch);
    } else if (const auto* withdraw = std::get_if<sched::Withdraw>(&command)) {
      copies_[withdraw->cluster.value].erase({withdraw->job, withdraw->epoch});
      Step(sched::CopyGone{withdraw->job, withdraw->cluster, withdraw->epoch, true});
    }
  }

  void Apply(const sched::Dispatch& dispatch) {
    // As the driver does: what has moved on meanwhile is not sent.
    const sched::JobRecord* record = core_.world().FindJob(dispatch.job);
    if (record == nullptr || record->epoch != dispatch.epoch || record->delete_requested ||
        record->cluster != dispatch.cluster || sched::IsFinished(*record)) {
      return;
    }
    auto [copy, made] = copies_[dispatch.cluster.value].try_emplace({dispatch.job, dispatch.epoch},
                                                                    Phase::kPending);
    if (made) CheckStart(dispatch);
    Step(sched::DispatchAcked{dispatch.job, dispatch.cluster, dispatch.epoch});
  }

  void CheckStart(const sched::Dispatch& dispatch) {
    const std::string what = "job " + std::to_string(dispatch.job.value) + " epoch " +
                             std::to_string(dispatch.epoch.value);
    if (finished_.contains(dispatch.job)) wrong_ = what + " runs again after it had finished";
    int live = 0;
    for (uint64_t c = 1; c <= kRestoreClusters; ++c) {
      for (const auto& [key, phase] : copies_[c]) {
        const bool ended = phase == Phase::kSucceeded || phase == Phase::kFailed;
        if (key.first == dispatch.job && !ended) ++live;
      }
    }
    if (live > 1) wrong_ = what + " has a second live copy";
  }

  // Some copy goes on by one phase.
  void Progress() {
    const uint64_t c = 1 + rng_.Below(kRestoreClusters);
    if (copies_[c].empty()) return;
    auto at = copies_[c].begin();
    std::advance(at, static_cast<ptrdiff_t>(rng_.Below(copies_[c].size())));
    Advance(ClusterId{c}, at->first, at->second);
  }
  void Advance(ClusterId cluster, CopyKey key, Phase& phase) {
    if (phase == Phase::kPending) {
      phase = Phase::kRunning;
    } else if (phase == Phase::kRunning) {
      phase = rng_.Chance({1, 5}) ? Phase::kFailed : Phase::kSucceeded;
    }
    const Phase now = phase;  // the step may withdraw the copy
    Step(sched::RunObserved{key.first, cluster, key.second, now, now_});
  }

  // A client removes a job, finished or not.
  void Delete() {
    if (submitted_ == 0 || !rng_.Chance({1, 2})) return;
    const JobId job{1 + rng_.Below(submitted_)};
    if (core_.world().FindJob(job) == nullptr) return;
    deleted_.insert(job);
    Step(sched::JobDeleted{job, false});
  }

  // Somebody deletes an unfinished copy on its member: the job moves on to its next epoch.
  void Lose() {
    const uint64_t c = 1 + rng_.Below(kRestoreClusters);
    if (copies_[c].empty() || !rng_.Chance({1, 2})) return;
    const CopyKey key = copies_[c].begin()->first;
    copies_[c].erase(copies_[c].begin());
    Step(sched::CopyGone{key.first, ClusterId{c}, key.second, false});
  }

  void Connect() {
    const sched::Resources whole = sched::MakeResources(4000, 1024, 100);
    const sched::Capacity capacity = sched::MakeCapacity(whole, whole);
    for (uint64_t c = 1; c <= kRestoreClusters; ++c) {
      Step(sched::CapacityObserved{ClusterId{c}, &capacity});
      Step(sched::LinkObserved{ClusterId{c}, true});
    }
  }

  // ---- the second life ----

  void Restore() {
    if (!wrong_.empty()) return;
    requests_.clear();
    held_.clear();
    stored_ = snapshot_;
    sched::WorldLoader loader;
    for (const auto& [key, value] : stored_) {
      if (!loader.Add(key, value)) wrong_ = "a record is unreadable";
    }
    auto world = loader.Finish();
    if (!world) {
      wrong_ = world.error().message;
      return;
    }
    core_ = sched::Core(*std::move(world));
    // A snapshot from before the clusters joined: they join again.
    for (uint64_t c = 1; c <= kRestoreClusters; ++c) {
      sched::ClusterSpec spec;
      spec.name = "c" + std::to_string(c);
      Step(sched::ClusterChanged{ClusterId{c}, &spec});
    }
    Step(sched::Recovered{});
    requests_.clear();  // no member is connected to
    if (bug_ != Bug::kNoInventory) TakeInventory();
    Connect();
    Step(sched::Recovered{});
    ListAll();
  }

  void TakeInventory() {
    std::vector<sched::FoundCopy> found;
    for (uint64_t c = 1; c <= kRestoreClusters; ++c) {
      for (const auto& [key, phase] : copies_[c]) {
        const bool ended = phase == Phase::kSucceeded || phase == Phase::kFailed;
        found.push_back({key.first, key.second, ClusterId{c}, ended});
        // The driver puts the object back; its observer submits it.
        if (core_.world().FindJob(key.first) == nullptr) Submit(key.first);
      }
    }
    const sched::RestorePlan plan =
        sched::PlanRestored(now_, core_.world(), found, {kLastRestored, bug_ == Bug::kNothingHeld});
    sched::World world = core_.world();
    for (const sched::Edit& edit : plan.edits) {
      world.Apply(edit);
      stored_[sched::EditKey(edit)] = *sched::EditValue(edit);
    }
    world.CheckInvariants();
    core_ = sched::Core(std::move(world));
    held_.insert(plan.held.begin(), plan.held.end());
    for (const sched::Command& command : requests_) {
      if (std::holds_alternative<sched::Dispatch>(command)) wrong_ = "dispatched unseen";
    }
    requests_.clear();
  }

  // Each member's complete list, as after every start.
  void ListAll() {
    for (uint64_t c = 1; c <= kRestoreClusters; ++c) {
      const auto expected = sched::AcknowledgedCopies(core_.world(), ClusterId{c});
      const auto copies = copies_[c];
      std::vector<sched::CopyRef> listed;
      for (const auto& [key, phase] : copies) {
        listed.push_back({key.first, key.second});
        Step(sched::RunObserved{key.first, ClusterId{c}, key.second, phase, now_});
      }
      for (const sched::CopyRef& missing : sched::FindMissing(expected, listed)) {
        Step(sched::CopyGone{missing.job, ClusterId{c}, missing.epoch, false});
      }
    }
  }

  void Settle() {
    for (int round = 0; round < 400 && wrong_.empty(); ++round) {
      now_ = now_ + Seconds(1);
      const size_t waiting = requests_.size();
      for (size_t i = 0; i < waiting && wrong_.empty(); ++i) Request();
      for (uint64_t c = 1; c <= kRestoreClusters; ++c) {
        const auto copies = copies_[c];
        for (const auto& [key, phase] : copies) {
          auto at = copies_[c].find(key);
          const bool ended = phase == Phase::kSucceeded || phase == Phase::kFailed;
          if (at != copies_[c].end() && !ended) Advance(ClusterId{c}, key, at->second);
        }
      }
      Step(sched::TimerFired{});
    }
  }

  // The operator, who knows what has finished, lets the rest go.
  void Release() {
    sched::JobSpec spec = Spec();
    for (const JobId job : held_) {
      if (finished_.contains(job) || deleted_.contains(job)) continue;
      Step(sched::JobChanged{job, &spec, false, -1});
    }
  }

  void CheckAtRest() {
    if (!wrong_.empty()) return;
    if (!requests_.empty()) wrong_ = "requests are still under way";
    for (const auto& [job, record] : core_.world().jobs()) {
      const bool at_rest = sched::IsFinished(*record) || record->suspended;
      if (!at_rest) {
        wrong_ = "job " + std::to_string(job.value) + " is in state " +
                 std::to_string(static_cast<int>(record->state));
      }
    }
    for (uint64_t c = 1; c <= kRestoreClusters; ++c) {
      for (const auto& [key, phase] : copies_[c]) {
        const sched::JobRecord* record = core_.world().FindJob(key.first);
        const bool ours =
            record != nullptr && record->cluster == ClusterId{c} && record->epoch == key.second;
        // Of a job whose deletion was under way, nothing is known to the restored store.
        if (!ours && !deleted_.contains(key.first)) {
          wrong_ = "a copy of job " + std::to_string(key.first.value) + " is left on c" +
                   std::to_string(c);
        }
      }
    }
  }

  Rng rng_;
  const Bug bug_;
  Instant now_{1'000'000};
  sched::Core core_;
  sched::CommandSink sink_;
  std::map<std::string, std::string> stored_, snapshot_;
  std::deque<sched::Command> requests_;
  std::map<CopyKey, Phase> copies_[kRestoreClusters + 1];
  uint64_t submitted_ = 0;
  std::set<JobId> finished_;  // committed as such, in either life
  std::set<JobId> deleted_, held_, gone_;
  std::string wrong_;
};

// What the first world that goes wrong has to say; "" when none does.
std::string FindWrong(Bug bug, uint64_t worlds) {
  for (uint64_t seed = 1; seed <= worlds; ++seed) {
    const std::string found = RestoreWorld(seed, bug).Run();
    if (!found.empty()) return "seed " + std::to_string(seed) + ": " + found;
  }
  return "";
}

TEST(RestoreWorlds, NothingFinishedRunsAgainAndNothingRunsTwice) {
  EXPECT_EQ(FindWrong(Bug::kNone, std::getenv("TEST_LONG") != nullptr ? kWorldsLong : kWorlds), "");
}

TEST(RestoreWorlds, StartWithoutInventoryIsCaught) {
  EXPECT_NE(FindWrong(Bug::kNoInventory, kWorlds), "");
}

TEST(RestoreWorlds, InventoryThatHoldsNothingIsCaught) {
  EXPECT_NE(FindWrong(Bug::kNothingHeld, kWorlds), "");
}

}  // namespace
}  // namespace fairway::sim
