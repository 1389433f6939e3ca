#include "tests/model/fence_walk.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "scheduler/reconcile.h"
#include "scheduler/world_loader.h"
#include "tests/scheduler/sample_world.h"

namespace fairway::model {

namespace sched = scheduler;

namespace {

constexpr int64_t kTickMs = 5000;
constexpr int64_t kWithinMs = 900;  // of a tick in which things happen
constexpr int64_t kActMs = 45;
constexpr int64_t kTicksMax = 200;  // a byte holds them
constexpr Instant kBegin{1'000'000};
constexpr Duration kLease = Milliseconds(2 * kTickMs);

// As far as walks know them.
struct EventName {
  std::string operator()(const sched::TimerFired&) const { return "TimerFired"; }
  std::string operator()(const sched::Recovered&) const { return "Recovered"; }
  std::string operator()(const sched::JobDeleted& e) const { return Of("JobDeleted", e.job); }
  std::string operator()(const sched::DispatchAcked& e) const { return Of("DispatchAcked", e); }
  std::string operator()(const sched::DispatchFailed& e) const { return Of("DispatchFailed", e); }
  std::string operator()(const sched::CopyGone& e) const {
    return Of(e.confirmed ? "CopyGone" : "missing", e);
  }
  std::string operator()(const sched::WithdrawFailed& e) const { return Of("WithdrawFailed", e); }
  std::string operator()(const sched::RunObserved& e) const {
    return Of("RunObserved", e) + " phase " + std::to_string(static_cast<int>(e.phase));
  }
  std::string operator()(const sched::LinkObserved& e) const {
    return e.ready ? "link up" : "link down";
  }
  std::string operator()(const sched::InventoryTaken&) const { return "InventoryTaken"; }
  template <typename T>
  std::string operator()(const T&) const {
    return "another event";
  }

  static std::string Of(const char* name, JobId job) {
    return std::string(name) + " job " + std::to_string(job.value);
  }
  template <typename T>
  static std::string Of(const char* name, const T& e) {
    return Of(name, e.job) + " epoch " + std::to_string(e.epoch.value);
  }
};

[[noreturn]] void Die(const char* what) {
  std::fprintf(stderr, "fence_trace: %s\n", what);
  std::abort();
}

sched::FailoverConfig Config(Planted planted) {
  sched::FailoverConfig config;
  config.suspect_after = Seconds(2);
  config.unreachable_after = Seconds(4);
  config.lease = kLease;
  config.clock_skew_max = Seconds(2);
  config.guard = Seconds(2);
  config.probation = Seconds(5);
  if (planted == Planted::kEarlyFence) config.clock_skew_max = config.guard = Duration{};
  return config;
}

sched::JobSpec Spec(Planted planted) {
  sched::JobSpec spec;
  spec.request = sched::MakeResources(1000, 1);
  spec.failover = sched::FailoverPolicy::kFenced;
  spec.grace_seconds = planted == Planted::kEarlyFence ? 0 : 3;
  spec.preferred = {{100, {{{"home", sched::LabelRequirement::Op::kExists, {}}}}}};
  return spec;
}

sched::ClusterSpec HomeSpec(bool cordoned) {
  sched::ClusterSpec spec;
  spec.name = "a";
  spec.labels["home"] = "yes";
  spec.cordoned = cordoned;
  return spec;
}

}  // namespace

FenceWalk::FenceWalk(uint64_t seed, Planted planted)
    : rng_(seed), planted_(planted), config_(Config(planted)), core_({}, config_) {
  Setup();
}

Instant FenceWalk::now() const {
  return kBegin + Milliseconds(tick_ * kTickMs + std::min(within_ms_, kWithinMs));
}

const sched::JobRecord* FenceWalk::Record(uint64_t job) const {
  return core_.world().FindJob(JobId{job});
}

// Both jobs are placed on A, which then takes no others: whoever leaves it goes to B.
void FenceWalk::Setup() {
  const sched::ClusterSpec home = HomeSpec(false);
  sched::ClusterSpec other;
  other.name = "b";
  Step(sched::ClusterChanged{kA, &home});
  Step(sched::ClusterChanged{kB, &other});
  const sched::Resources room = sched::MakeResources(8000, 1024, 10);
  const sched::Capacity capacity = sched::MakeCapacity(room, room);
  for (const ClusterId cluster : {kA, kB}) {
    Step(sched::CapacityObserved{cluster, &capacity});
    Step(sched::LinkObserved{cluster, true});
    Step(sched::ClockObserved{cluster, {}, Milliseconds(100)});
  }
  const sched::JobSpec spec = Spec(planted_);
  for (uint64_t job = 1; job <= kJobs; ++job) {
    const std::string name = "default/job-" + std::to_string(job);
    Step(sched::JobSubmitted{JobId{job}, &spec, &name, false, -1});
    if (Record(job)->cluster != kA) Die("a job was not placed on A");
  }
  const sched::ClusterSpec cordoned = HomeSpec(true);
  Step(sched::ClusterChanged{kA, &cordoned});
  trace_.clear();
  notes_.clear();
  Observe("begin");
}

void FenceWalk::Step(const sched::Event& event) {
  sink_.Clear();
  core_.Step(now(), event, sink_);
  Save();
  if (const auto* run = std::get_if<sched::RunObserved>(&event)) {
    const sched::JobRecord* record = Record(run->job.value);
    uint8_t& result = result_[run->job.value];
    if (record != nullptr && IsFinished(*record) && result == 0) {
      result = static_cast<uint8_t>(run->epoch.value);
      if (run->epoch != record->epoch) ++rescues_;
    }
  }
  Observe(std::visit(EventName{}, event));
  // Between a step that is saved and its effects.
  if (trace_.size() > 1 && rng_.Below(150) == 0) {
    crash_due_ = true;
    return;
  }
  const std::vector<sched::Command> commands = sink_.commands;
  for (const sched::Command& command : commands) Take(command);
}

void FenceWalk::Save() {
  if (!sink_.edits.empty()) stored_before_ = stored_;
  for (const sched::Edit& edit : sink_.edits) {
    if (const auto value = sched::EditValue(edit)) {
      stored_[sched::EditKey(edit)] = *value;
    } else {
      stored_.erase(sched::EditKey(edit));
    }
  }
}

void FenceWalk::Take(const sched::Command& command) {
  if (const auto* timer = std::get_if<sched::SetTimer>(&command)) {
    timer_ = timer->at;
  } else if (const auto* close = std::get_if<sched::CloseLink>(&command)) {
    // What its list showed may still come. But it does not count, nor does one that begins before
    // the cluster is back.
    list_due_ = false;
    std::erase_if(listed_, [](const Listed& listed) { return listed.job == 0; });
    std::erase_if(air_, [&](const Request& request) {
      return IsHome(request.command) && close->cluster == kA && rng_.Below(2) == 0;
    });
  } else if (std::get_if<sched::TakeInventory>(&command) != nullptr) {
    list_due_ = true;
  } else if (sched::IsRemote(command)) {
    TakeRequest({command});
  }
}

void FenceWalk::FireTimers() {
  for (int i = 0; i < 8 && timer_ && timer_ <= now() && !crash_due_; ++i) {
    timer_ = Instant{};
    Step(sched::TimerFired{});
  }
}

// The process ends, and another reads what was saved. What it had sent may still arrive.
void FenceWalk::Crash() {
  crash_due_ = false;
  ++crashes_;
  std::erase_if(air_, [&](const Request&) { return rng_.Below(2) == 0; });
  for (Request& request : air_) request.orphan = true;
  listed_.clear();
  list_due_ = false;
  timer_ = Instant{};
  if (planted_ == Planted::kMovedUnsaved && !stored_before_.empty()) stored_ = stored_before_;
  sched::WorldLoader loader;
  for (const auto& [key, value] : stored_) {
    if (!loader.Add(key, value)) Die("a stored record does not load");
  }
  auto world = loader.Finish();
  if (!world) Die("the stored records do not load");
  if (planted_ == Planted::kLostHorizon) {
    sched::ClusterRecord record = world->FindCluster(kA)->record;
    record.link.horizon = Instant{};
    world->Apply(sched::PutCluster{record});
  }
  core_ = sched::Core(*std::move(world), config_);
  told_up_ = false;
  Observe("crash");
  Step(sched::Recovered{});
  if (crash_due_) return;
  const sched::Resources room = sched::MakeResources(8000, 1024, 10);
  const sched::Capacity capacity = sched::MakeCapacity(room, room);
  for (const ClusterId cluster : {kA, kB}) Step(sched::CapacityObserved{cluster, &capacity});
  Step(sched::LinkObserved{kB, true});
  if (crash_due_) return;
  if (planted_ != Planted::kRestart) return;
  for (uint64_t job = 1; job <= kJobs; ++job) {
    if (result_[job] == 0) continue;
    b_[job].copy = Copy::kNone;
    TakeRequest({sched::Dispatch{JobId{job}, kB, Epoch{2}}});
  }
}

// The gateway notices how the link is.
void FenceWalk::Tell() {
  if (told_up_ == !cut_) return;
  told_up_ = !cut_;
  if (told_up_) {
    Step(sched::LinkObserved{kA, true});
  } else {
    Step(sched::LinkObserved{kA, false, false, now()});
  }
}

void FenceWalk::TakeList() {
  if (!list_due_ || cut_ || !listed_.empty()) return;
  list_due_ = false;
  if (planted_ != Planted::kBlindReturn) {
    for (uint64_t job = 1; job <= kJobs; ++job) {
      if (a_[job].copy != Copy::kNone) listed_.push_back({job, a_[job].copy});
    }
    for (const sched::CopyRef& copy : sched::AcknowledgedCopies(core_.world(), kA)) {
      const uint64_t job = copy.job.value;
      if (copy.epoch == Epoch{1} && a_[job].copy == Copy::kNone) {
        listed_.push_back({job, Copy::kNone});
      }
    }
  }
  listed_.push_back({0, Copy::kNone});
}

// One thing after the other; much may happen in between.
void FenceWalk::ReadListed() {
  if (listed_.empty()) return;
  const Listed next = listed_.front();
  listed_.erase(listed_.begin());
  const JobId job{next.job};
  switch (next.copy) {
    case Copy::kNone:
      if (next.job == 0) return Step(sched::InventoryTaken{kA});
      return Step(sched::CopyGone{job, kA, Epoch{1}, false});
    case Copy::kLive:  // shown as it is by now
      if (a_[next.job].copy == Copy::kLive && !cut_) Report(next.job, true);
      return;
    case Copy::kSucceeded:
      return Step(sched::RunObserved{job, kA, Epoch{1}, sched::RunPhase::kSucceeded, now()});
    case Copy::kEnded:
      return Step(sched::RunObserved{job, kA, Epoch{1}, sched::RunPhase::kLeaseEnded, now()});
  }
}

bool FenceWalk::Over() const {
  for (uint64_t job = 1; job <= kJobs; ++job) {
    const sched::JobRecord* record = Record(job);
    if (record != nullptr && record->state != sched::JobState::kDone) return false;
    if (core_.world().HasResidue(JobId{job}, kA, Epoch{1})) return false;
  }
  return true;
}

void FenceWalk::Run(int steps) {
  for (int i = 0; i < steps && tick_ < kTicksMax && !Over(); ++i) {
    if (crash_due_) Crash();
    FireTimers();
    if (crash_due_) continue;
    Act();
  }
}

void FenceWalk::Act() {
  within_ms_ += kActMs;
  const uint64_t job = 1 + rng_.Below(kJobs);
  const uint64_t what = rng_.Below(1000);
  if (what < 150 || within_ms_ > kWithinMs) return Tick();
  if (what < 165) {
    cut_ = !cut_;
    return Observe(cut_ ? "cut" : "healed");
  }
  if (what < 265) return Tell();
  if (what < 600) return Deliver(lost_left_ > 0 && rng_.Below(6) == 0);
  if (what < 760) return Report(job, rng_.Below(3) != 0);
  if (what < 780) {
    ReportMissing(job);
    return;
  }
  if (what < 840) return TakeList();
  if (what < 940) return ReadListed();
  if (what < 970) {
    MemberMoves(job);
    return;
  }
  if (what < 974) {
    if (a_[job].copy == Copy::kNone) return;
    a_[job] = {};
    ++mishaps_;
    return Observe("a copy vanishes");
  }
  if (what < 977 && deleted_[job] == 0) {
    deleted_[job] = 1;
    return Step(sched::JobDeleted{JobId{job}, false});
  }
  if (what < 982) Crash();
}

uint8_t FenceWalk::TicksLeft(Instant at, int64_t more) const {
  const int64_t left = (at.ms - kBegin.ms) / kTickMs + more - tick_;
  return static_cast<uint8_t>(at.ms == 0 ? 0 : std::max<int64_t>(left, 0));
}

void FenceWalk::Observe(std::string_view what) {
  const sched::LinkRecord& link = core_.world().FindCluster(kA)->record.link;
  Observed seen{};
  size_t at = 0;
  const auto put = [&](auto value) { seen[at++] = static_cast<uint8_t>(value); };
  put(tick_);
  put(cut_);
  put(sched::IsLost(link.state) ? 1 : link.state == sched::LinkState::kRejoining ? 2 : 0);
  put(TicksLeft(link.horizon, 2));
  put(mishaps_);
  for (uint64_t job = 1; job <= kJobs; ++job) {
    const sched::JobRecord* record = Record(job);
    const bool live = record != nullptr && deleted_[job] == 0 && !IsFinished(*record);
    const bool queued = live && record->state == sched::JobState::kQueued;
    if (record != nullptr) {
      const auto epoch = static_cast<uint8_t>(record->epoch.value - (queued ? 0 : 1));
      if (epoch_[job] < epoch && link.state != sched::LinkState::kReady) ++fences_;
      epoch_[job] = epoch;
    }
    put(epoch_[job]);
    put(live && (queued || record->dispatch_pending));
    put(live && record->leased);
    put(deleted_[job]);
    put(result_[job]);
    put(core_.world().HasResidue(JobId{job}, kA, Epoch{1}));
    put(a_[job].copy);
    put(b_[job].copy);
    put(a_[job].copy == Copy::kLive ? TicksLeft(a_[job].deadline, 1) : 0);
  }
  if (!trace_.empty() && trace_.back() == seen) return;
  trace_.push_back(seen);
  notes_.emplace_back(what);
}

}  // namespace fairway::model
