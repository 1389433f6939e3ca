#include "scheduler/forecast/forecast_run.h"

#include <algorithm>
#include <utility>

#include "scheduler/measured_capacity.h"

namespace fairway::scheduler {
namespace {

// The core puts off work by some milliseconds; a longer pause means that it is at rest.
constexpr Duration kRest = Milliseconds(500);
constexpr Duration kAfterFence = Seconds(600);
constexpr int64_t kStepsBetweenLooks = 1024;
// Longer than any horizon: what has no reason to be renewed is not.
constexpr Duration kEndlessLease = Seconds(10LL * 366 * 86'400);

// Renewing leases matters only where a cluster may be lost. Where all links are up none will be, so
// the forecast is spared millions of renewals.
World WithoutRenewals(World world, FailoverConfig& failover) {
  for (const auto& [id, cluster] : world.clusters()) {
    if (!cluster.ready || !TakesNewJobs(cluster.record.link)) return world;
  }
  failover.lease = kEndlessLease;
  std::vector<ClusterRecord> own;
  for (const auto& [id, cluster] : world.clusters()) {
    if (cluster.record.spec.failover.lease.ms > 0) own.push_back(cluster.record);
  }
  for (ClusterRecord& record : own) {
    record.spec.failover.lease = {};
    world.Apply(PutCluster{std::move(record)});
  }
  return world;
}

Core MakeCore(World world, FailoverConfig failover, bool losses) {
  if (losses) return Core(std::move(world), failover);
  World settled = WithoutRenewals(std::move(world), failover);
  return Core(std::move(settled), failover);
}

bool IsEnding(const JobRecord& record) {
  return IsFinished(record) || record.state == JobState::kRequeued ||
         record.state == JobState::kDeleting;
}

}  // namespace

ForecastRun::ForecastRun(World world, const ForecastPlan& plan)
    : plan_(plan),
      core_(MakeCore(std::move(world), plan.failover, plan.drill != nullptr)),
      now_(plan.now),
      notes_(plan.now) {}

Forecast ForecastRun::Go() {
  Forecast out;
  out.begin = plan_.now;
  const Instant end = plan_.now + plan_.horizon;
  Begin();
  for (int64_t look = 0;; ++look) {
    if (steps_ >= plan_.steps_max) {
      out.why = ForecastEnd::kGaveUp;
      break;
    }
    if (look % kStepsBetweenLooks == 0 && plan_.cancelled && plan_.cancelled()) {
      out.why = ForecastEnd::kCancelled;
      break;
    }
    const Instant next = NextAt();
    const bool rests = !next || next - now_ >= kRest;
    if (rests) notes_.Rest(core_, now_);
    if ((IsDone() && rests) || cut_over_) break;
    if (!next) {
      out.why = ForecastEnd::kStuck;
      break;
    }
    if (next > end) {
      out.why = ForecastEnd::kHorizon;
      now_ = end;
      break;
    }
    Advance(std::max(next, now_));
  }
  out.end = now_;
  out.steps = steps_;
  if (plan_.watch != nullptr) {
    plan_.watch->AtEnd(core_.world(), [this](const JobRecord& record) {
      return core_.Explain(record, now_).message;
    });
  }
  notes_.Finish(core_, now_, out);
  return out;
}

void ForecastRun::Begin() {
  notes_.Start(core_.world());
  ResumeJobs();
  Step(Recovered{});
  PutUncounted();
  for (const auto& [id, cluster] : core_.world().clusters()) {
    if (cluster.ready && cluster.record.link.state == LinkState::kRejoining) {
      ++in_transit_;
      Schedule(now_, {Kind::kStarts, JobId{}, id, {}, {}});
    }
  }
  ApplyChanges();
  if (plan_.drill != nullptr) {
    ++in_transit_;
    Schedule(plan_.now + plan_.drill_after, {Kind::kAsks, JobId{}, {}, {}, {}});
  }
  for (const ForecastJob& job : plan_.jobs) {
    ++arrivals_;
    Schedule(plan_.now + job.after, {Kind::kArrives, job.job, {}, {}, {}, &job});
  }
}

// What runs already goes on where it is.
void ForecastRun::ResumeJobs() {
  for (const auto& [id, box] : core_.world().jobs()) {
    const JobRecord& record = *box;
    if (IsEnding(record) || record.suspended) continue;
    const JobSpec* spec = core_.world().FindSpec(record.spec);
    if (record.state == JobState::kAdmitted) {
      copies_[id] = {ClusterId{}, record.epoch};
      RunUntilEnd(record, plan_.run_times.Remaining(id, *spec, record.quota->admitted_at, now_));
      continue;
    }
    const ClusterState* cluster = core_.world().FindCluster(record.cluster);
    if (cluster == nullptr || !cluster->ready) continue;
    if (record.state == JobState::kRunning || record.state == JobState::kUncertain) {
      copies_[id] = {record.cluster, record.epoch};
      RunUntilEnd(record, plan_.run_times.Remaining(id, *spec, record.since, now_));
    } else if (record.state == JobState::kDispatched && !record.dispatch_pending) {
      ++in_transit_;
      Schedule(now_, {Kind::kStarts, id, record.cluster, record.epoch, {}});
    }
  }
}

void ForecastRun::ApplyChanges() {
  const ForecastChanges& changes = plan_.changes;
  for (const ClusterQueueRecord& queue : changes.cluster_queues) {
    Step(ClusterQueueChanged{queue.id, &queue.spec});
  }
  for (const ForecastCluster& cluster : changes.new_clusters) {
    Step(ClusterChanged{cluster.cluster, &cluster.spec});
    Step(CapacityObserved{cluster.cluster, &cluster.capacity});
    Step(LinkObserved{cluster.cluster, true});
    notes_.ClusterChanged(cluster.cluster);
  }
  for (const ClusterRecord& cluster : changes.clusters) {
    Step(ClusterChanged{cluster.cluster, &cluster.spec});
  }
  for (const ClusterId cluster : changes.removed) {
    Step(ClusterRemoved{cluster});
    nodes_.erase(cluster);
  }
}

void ForecastRun::Schedule(Instant at, Due due) { due_[{at, ++sequence_}] = due; }

void ForecastRun::RunUntilEnd(const JobRecord& record, Duration run) {
  Schedule(now_ + run, {Kind::kEnds, record.job, record.cluster, record.epoch, {}});
}

Instant ForecastRun::NextAt() const {
  if (due_.empty()) return timer_;
  const Instant first = due_.begin()->first.first;
  return timer_ ? std::min(first, timer_) : first;
}

bool ForecastRun::IsDone() const {
  if (core_.world().drill().phase == DrillPhase::kPreparing) return false;
  if (notes_.SomebodyWaits() || arrivals_ > 0 || in_transit_ > 0) return false;
  for (const auto& [id, cluster] : core_.world().clusters()) {
    if (cluster.ready || cluster.jobs == 0) continue;
    // Its jobs may leave it yet, the last of them some time after its last lease.
    const LinkRecord& link = cluster.record.link;
    if (link.state == LinkState::kJoining) continue;
    if (link.state != LinkState::kFenced || now_ - link.since < kAfterFence) return false;
  }
  return !plan_.to_the_end || due_.empty();
}

void ForecastRun::Advance(Instant at) {
  now_ = at;
  std::vector<Due> batch;
  while (!due_.empty() && due_.begin()->first.first <= now_) {
    batch.push_back(due_.begin()->second);
    due_.erase(due_.begin());
  }
  if (batch.empty()) {
    timer_ = Instant{};
    return Step(TimerFired{});
  }
  Perform(batch);
}

// The copy is there, and its member can still be heard.
bool ForecastRun::IsLive(const Due& due) const {
  const JobRecord* record = core_.world().FindJob(due.job);
  if (record == nullptr || record->cluster != due.cluster || record->epoch != due.epoch) {
    return false;
  }
  if (!due.cluster) return record->state == JobState::kAdmitted;
  const ClusterState* cluster = core_.world().FindCluster(due.cluster);
  return cluster != nullptr && cluster->ready && !IsEnding(*record) && !record->suspended;
}

bool ForecastRun::Runs(const Due& due) const {
  const auto copy = copies_.find(due.job);
  return copy != copies_.end() && copy->second.cluster == due.cluster &&
         copy->second.epoch == due.epoch;
}

void ForecastRun::Perform(const std::vector<Due>& batch) {
  Changed changed;
  for (const Due& due : batch) {
    if (due.kind != Kind::kArrives && due.job && due.cluster) MoveOnNodes(due, changed);
  }
  ReportNodes(changed);
  for (const Due& due : batch) Report(due);
}

void ForecastRun::ReportNodes(const Changed& changed) {
  for (const auto& [cluster, counted] : changed) {
    const Capacity capacity = NodesOf(cluster).Observed();
    const bool tells = core_.world().FindCluster(cluster)->tells_counted;
    Step(CapacityObserved{cluster, &capacity, tells ? &counted : nullptr});
  }
}

// Jobs that run where their pods were not observed yet are put there.
void ForecastRun::PutUncounted() {
  Changed changed;
  const World& world = core_.world();
  for (const auto& [job, copy] : copies_) {
    const JobRecord& record = *world.FindJob(job);
    const ClusterState* cluster = world.FindCluster(copy.cluster);
    if (cluster == nullptr || !cluster->measured) continue;
    const SpecEntry& spec = world.specs().Get(record.spec);
    const int64_t pods = PodsInFlightOf(record, spec, *cluster);
    if (pods == 0) continue;
    NodesOf(copy.cluster).Put(job, spec, pods);
    const int64_t all = RoomOf(record, spec).pods;
    changed[copy.cluster].push_back({job, record.epoch, static_cast<int32_t>(all)});
  }
  ReportNodes(changed);
}

NodeModel& ForecastRun::NodesOf(ClusterId cluster) {
  const auto at = nodes_.find(cluster);
  if (at != nodes_.end()) return at->second;
  const ClusterState& state = *core_.world().FindCluster(cluster);
  return nodes_.emplace(cluster, NodeModel(MeasuredCapacity(state))).first->second;
}

void ForecastRun::MoveOnNodes(const Due& due, Changed& changed) {
  const JobRecord* record = core_.world().FindJob(due.job);
  const ClusterState* cluster = core_.world().FindCluster(due.cluster);
  if (record == nullptr || cluster == nullptr || !cluster->measured) return;
  const SpecEntry* spec = core_.world().specs().Find(record->spec);
  if (spec == nullptr) return;
  const int64_t pods = RoomOf(*record, *spec).pods;
  const bool runs = Runs(due);
  if (due.kind == Kind::kStarts) {
    if (runs || !IsLive(due)) return;
    NodesOf(due.cluster).Put(due.job, *spec, pods);
  } else {
    if (!runs || (due.kind == Kind::kEnds && !IsLive(due))) return;
    NodesOf(due.cluster).Take(due.job, *spec, pods);
  }
  const int64_t counted = due.kind == Kind::kStarts ? pods : 0;
  changed[due.cluster].push_back({due.job, due.epoch, static_cast<int32_t>(counted)});
}

void ForecastRun::Report(const Due& due) {
  switch (due.kind) {
    case Kind::kArrives: {
      --arrivals_;
      const ForecastJob& job = *due.arrival;
      return Step(JobSubmitted{job.job, &job.spec, &job.name, job.suspended, -1});
    }
    case Kind::kAsks:
      --in_transit_;
      return Step(DrillAsked{plan_.drill->id, plan_.drill});
    case Kind::kLost:
      --in_transit_;
      return Step(LinkObserved{due.cluster, false, false, now_});
    case Kind::kGone:
      --in_transit_;
      copies_.erase(due.job);
      return Step(CopyGone{due.job, due.cluster, due.epoch});
    case Kind::kStarts: {
      --in_transit_;
      if (!due.job) return TakeInventory(due.cluster);
      const JobRecord* record = core_.world().FindJob(due.job);
      const bool there = record != nullptr && record->cluster == due.cluster &&
                         record->epoch == due.epoch && !IsEnding(*record);
      const ClusterState* cluster = core_.world().FindCluster(due.cluster);
      if (there && cluster != nullptr && cluster->ready) ReportStart(due, *record);
      return;
    }
    case Kind::kEnds: {
      if (!IsLive(due)) return;
      copies_.erase(due.job);
      if (!due.cluster) return Step(WorkloadFinished{due.job, true, now_});
      return Step(RunObserved{due.job, due.cluster, due.epoch, RunPhase::kSucceeded, now_});
    }
  }
}

void ForecastRun::ReportStart(const Due& due, const JobRecord& record) {
  const bool runs = Runs(due);
  const Duration run = plan_.run_times.WholeRun(due.job, *core_.world().FindSpec(record.spec));
  if (record.dispatch_pending) Step(DispatchAcked{due.job, due.cluster, due.epoch});
  const JobRecord* known = core_.world().FindJob(due.job);
  if (known == nullptr || known->cluster != due.cluster || known->epoch != due.epoch) return;
  RunObserved report{due.job, due.cluster, due.epoch,
                     known->suspended ? RunPhase::kSuspended : RunPhase::kRunning, Instant{}};
  report.ends = due.lease ? due.lease : kNoDeadline;
  report.leased = static_cast<bool>(due.lease);
  report.lease_generation = known->lease_generation;
  if (!known->suspended && !runs) {
    copies_[due.job] = {due.cluster, due.epoch};
    RunUntilEnd(*known, run);
  }
  Step(report);
}

void ForecastRun::TakeInventory(ClusterId cluster) {
  if (core_.world().FindCluster(cluster) == nullptr) return;
  std::vector<RunObserved> reports;
  for (const auto& [job, copy] : copies_) {
    if (copy.cluster != cluster) continue;
    reports.push_back({job, cluster, copy.epoch, RunPhase::kRunning, Instant{}});
  }
  for (const RunObserved& report : reports) Step(report);
  Step(InventoryTaken{cluster});
}

void ForecastRun::Step(const Event& event) {
  ++steps_;
  sink_.Clear();
  core_.Step(now_, event, sink_);
  for (const Edit& edit : sink_.edits) {
    if (plan_.watch != nullptr) plan_.watch->Saw(edit, core_.world(), now_);
    if (const auto* erased = std::get_if<EraseJob>(&edit)) notes_.Gone(erased->job, now_);
    const auto* put = std::get_if<PutJob>(&edit);
    if (put == nullptr) continue;
    const JobRecord& record = put->record;
    notes_.Saw(record, now_);
    if (record.cluster || !record.quota || !record.spec) continue;
    // A bare Workload is on no cluster: it runs from its admission on, and stops when evicted.
    const auto copy = copies_.find(record.job);
    const bool known = copy != copies_.end() && copy->second.epoch == record.epoch;
    if (record.state == JobState::kAdmitted && !known) {
      copies_[record.job] = {ClusterId{}, record.epoch};
      RunUntilEnd(record,
                  plan_.run_times.WholeRun(record.job, *core_.world().FindSpec(record.spec)));
    } else if (record.state == JobState::kRequeued) {
      ++in_transit_;
      Schedule(now_, {Kind::kGone, record.job, {}, record.epoch, {}});
    }
  }
  for (const Command& command : sink_.commands) Follow(command);
}

void ForecastRun::Follow(const Command& command) {
  if (const auto* timer = std::get_if<SetTimer>(&command)) {
    timer_ = timer->at;
  } else if (const auto* dispatch = std::get_if<Dispatch>(&command)) {
    ++in_transit_;
    Schedule(now_,
             {Kind::kStarts, dispatch->job, dispatch->cluster, dispatch->epoch, dispatch->lease});
  } else if (const auto* withdraw = std::get_if<Withdraw>(&command)) {
    const ClusterState* cluster = core_.world().FindCluster(withdraw->cluster);
    if (cluster == nullptr || !cluster->ready) return;
    ++in_transit_;
    Schedule(now_, {Kind::kGone, withdraw->job, withdraw->cluster, withdraw->epoch, {}});
  } else if (const auto* inventory = std::get_if<scheduler::TakeInventory>(&command)) {
    ++in_transit_;
    Schedule(now_, {Kind::kStarts, JobId{}, inventory->cluster, {}, {}});
  } else if (const auto* renew = std::get_if<RenewLease>(&command)) {
    // A lease that is taken away shows in the copy's next report; others move on unseen.
    if (renew->until) return;
    ++in_transit_;
    Schedule(now_, {Kind::kStarts, renew->job, renew->cluster, renew->epoch, {}});
  } else if (const auto* cut = std::get_if<CutLink>(&command)) {
    ++in_transit_;
    Schedule(now_, {Kind::kLost, JobId{}, cut->cluster, {}, {}});
  } else if (std::holds_alternative<RestoreLink>(command)) {
    cut_over_ = true;
  }
}

}  // namespace fairway::scheduler
