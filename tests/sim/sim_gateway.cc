#include "tests/sim/sim_gateway.h"

#include <algorithm>

#include "scheduler/world_loader.h"
#include "tests/sim/checkers/commit_first.h"
#include "tests/sim/checkers/finished_stays_finished.h"
#include "tests/sim/checkers/moves_are_sober.h"
#include "tests/sim/checkers/nothing_lost.h"
#include "tests/sim/checkers/quota_holds.h"
#include "tests/sim/checkers/result_stands.h"
#include "tests/sim/checkers/split_is_exact.h"

namespace fairway::sim {

namespace sched = scheduler;

namespace {

sched::FailoverConfig MakeFailover(const SimContext& sim) {
  sched::FailoverConfig config = PlannedFailover(sim.plan);
  if (sim.canary == Canary::kEagerFence) config.guard = Duration{-2 * sim.plan.lease.ms};
  if (sim.canary == Canary::kStampede) config.moves_per_second = config.moves_burst = 1'000'000;
  if (sim.canary == Canary::kEagerFailback) config.failback_after = Duration{};
  if (sim.canary == Canary::kEagerRebalance) config.rebalance.gain_min = -1'000'000;
  if (sim.canary == Canary::kGreedyRebalance) {
    config.rebalance.moves_per_minute = config.rebalance.moving_max = 60'000;
  }
  if (sim.canary == Canary::kHastyStart) config.settle_max = Duration{};
  if (sim.canary == Canary::kRestless) {
    config.suspect_after = config.unreachable_after = Milliseconds(100);
  }
  return config;
}

}  // namespace

void SimGateway::Start() {
  ++incarnation_;
  sched::WorldLoader loader;
  for (const auto& [key, value] : sim_.journal.records()) {
    if (!loader.Add(key, value)) sim_.Fail(kExitCorrectness, "recovery", "a record is unreadable");
  }
  auto world = loader.Finish();
  if (!world) {
    sim_.Fail(kExitCorrectness, "recovery", world.error().message);
    return;
  }
  world->CheckInvariants();
  book_.Start(*world);
  operator_.Start(*world);
  drills_.Start(*world);
  rebalances_.Start(*world);
  backfill_.Start(*world);
  awaits_.Start(*world, sim_.now);
  RecoverFreeze(*world);
  core_ = std::make_unique<sched::Core>(*std::move(world), MakeFailover(sim_));
  revision_ = sim_.journal.committed();
  commit_at_ = sim_.now;
  batch_ = {};
  // What clients were not told and what was not saved never happened.
  for (auto at = sim_.jobs.begin(); at != sim_.jobs.end();) {
    const auto object = sim_.journal.objects().find(at->first);
    if (object != sim_.journal.objects().end()) {
      at->second.suspended = object->second.suspended;
      at->second.delete_asked = object->second.delete_asked;
      at->second.orphaned = object->second.orphaned;
      at->second.done = object->second.done;
      at->second.acknowledged = true;  // it exists: from now on it may not be lost
    }
    if (!at->second.acknowledged) {
      at = sim_.jobs.erase(at);
    } else {
      ++at;
    }
  }
  CheckNothingLost(sim_, core_->world());
  for (const SimCluster& cluster : sim_.clusters) {
    if (core_->world().FindCluster(cluster.id()) != nullptr) {
      links_[cluster.id()] = {};
      sim_.After(Milliseconds(1), Mine(Happening::kListAsk, cluster.id()));
      if (!removals_told_.contains(cluster.id())) continue;
      SimEvent remove{Happening::kRemoveCluster};
      remove.cluster = cluster.id();
      sim_.After(Seconds(1), remove);
    }
  }
  settle_.Start(core_->world(), sim_.now + sim_.plan.settle_max);
  Step(sched::Recovered{});
  sched::QuotaSettings settings = sim_.quota_settings;
  if (sim_.canary == Canary::kHastyPreemptor) settings.ends_awaited = Duration{};
  Step(sched::QuotaConfigured{settings});
  CloseBatch();
}

void SimGateway::Crash() {
  core_.reset();
  outbox_ = {};
  replies_ = {};
  requests_.clear();
  links_.clear();
  lists_.clear();
  started_.clear();
  // The links were cut by this process, and are whole without it.
  sim_.drill_cut.assign(sim_.drill_cut.size(), 0);
  counted_.clear();
  batch_ = {};
  sim_.journal.Crash(sim_.rng, [&](const JournalBatch& batch) { OnCommitted(batch); });
}

// ---- clients ----

void SimGateway::AddCluster(ClusterId id, const sched::ClusterSpec& spec) {
  operator_.Told(id, spec.drain);
  sched::ClusterSpec told = spec;
  if (spec.drain.mode == sched::DrainMode::kGraceful && sim_.canary == Canary::kHastyDrain) {
    told.drain.mode = sched::DrainMode::kNow;
  }
  if (sim_.canary == Canary::kGreedyDrain && spec.drain.mode != sched::DrainMode::kNone) {
    told.drain.moving_max = 10'000;
  }
  Step(sched::ClusterChanged{id, &told});
  CloseBatch();
  if (links_.try_emplace(id).second) {
    sim_.After(Milliseconds(1), Mine(Happening::kListAsk, id));
  }
}

void SimGateway::RemoveCluster(ClusterId id) {
  removals_told_.insert(id);
  links_.erase(id);
  operator_.Forget(id);
  CloseLink(id);
  Step(sched::ClusterRemoved{id});
  CloseBatch();
}

void SimGateway::Freeze(bool frozen, bool all) {
  sim_.freeze.frozen = frozen;
  sim_.freeze.all = frozen && all;
  operator_.Frozen(frozen, frozen && all);
  static const std::string kReason = "a simulated operator's";
  if (sim_.canary != Canary::kDeafFreeze) Step(sched::FreezeChanged{frozen, all, &kReason});
  CloseBatch();
  freeze_told_ = revision_;
}

void SimGateway::Rebalance(bool begins, int64_t moves_max) {
  rebalances_.Told(begins, moves_max);
  Step(sched::RebalanceAsked{begins, moves_max});
  CloseBatch();
}

void SimGateway::Drill(const sched::DrillWish& wish) {
  drills_.Told(wish);
  sched::DrillWish told = wish;
  if (sim_.canary == Canary::kGreedyDrill) told.listed = false;
  Step(sched::DrillAsked{told.id, &told});
  CloseBatch();
}

void SimGateway::AbortDrill() {
  Step(sched::DrillAsked{core_->world().drill().wish.id, nullptr});
  CloseBatch();
}

// What was saved stands; what was not is as if it had never been said.
void SimGateway::RecoverFreeze(const sched::World& world) {
  const bool saved = freeze_told_ <= sim_.journal.committed();
  const bool same =
      world.freeze().frozen == sim_.freeze.frozen && world.freeze().all == sim_.freeze.all;
  if (saved && !same && sim_.canary != Canary::kDeafFreeze) {
    sim_.Fail(kExitCorrectness, "freeze_holds", "the freeze did not survive a restart");
  }
  if (!saved) {
    sim_.freeze = world.freeze();
    freeze_told_ = {};
  }
  operator_.Frozen(sim_.freeze.frozen, sim_.freeze.all);
}

void SimGateway::PutQueue(size_t index) {
  sched::FlavorSpec flavor;
  flavor.name = "default";
  Step(sched::FlavorChanged{sched::FlavorId{1}, &flavor});
  const sched::ClusterQueueSpec& queue = sim_.queues[index];
  const uint64_t id = index + 1;
  Step(sched::ClusterQueueChanged{sched::ClusterQueueId{id}, &queue});
  const sched::LocalQueueSpec local{"ns/" + queue.name, queue.name, sched::StopPolicy::kNone, true};
  Step(sched::LocalQueueChanged{sched::LocalQueueId{id}, &local});
  CloseBatch();
}

JobId SimGateway::Submit(const SimJob& job) {
  const JobId id{revision_.value + 1};
  SimJob& known = sim_.jobs[id];
  known = job;
  batch_.objects.emplace_back(id, known);
  static const std::string kName = "default/a-simulated-job";
  const sched::JobSpec wish = WishOf(job);
  Step(sched::JobSubmitted{id, &wish, &kName, job.suspended, job.ttl_seconds});
  if (sim_.canary == Canary::kEarlyReply) known.acknowledged = true;
  CloseBatch();
  replies_.Hold(revision_, {id});
  Release();
  return id;
}

void SimGateway::Ask(JobId id, ClientOp op) {
  const auto at = sim_.jobs.find(id);
  if (at == sim_.jobs.end() || at->second.delete_asked) return;
  SimJob& job = at->second;
  if (op == ClientOp::kDelete || op == ClientOp::kDeleteOrphan) {
    job.delete_asked = true;
    job.orphaned = op == ClientOp::kDeleteOrphan;
    batch_.objects.emplace_back(id, job);
    Step(sched::JobDeleted{id, job.orphaned});
  } else if (op == ClientOp::kApprove) {
    const sched::JobRecord* record = core_->world().FindJob(id);
    if (record == nullptr || !record->cluster) return;
    job.approved_move = true;
    const sched::JobSpec wish = WishOf(job);
    Step(sched::JobChanged{id, &wish, job.suspended, job.ttl_seconds, record->epoch});
  } else {
    job.suspended = op == ClientOp::kSuspend;
    batch_.objects.emplace_back(id, job);
    const sched::JobSpec wish = WishOf(job);
    Step(sched::JobChanged{id, &wish, job.suspended, job.ttl_seconds});
  }
  CloseBatch();
}

void SimGateway::ReportCapacity(ClusterId id, const sched::Capacity& capacity,
                                const SimCounts& counted) {
  Observe(id, capacity, counted);
  CloseBatch();
}

std::vector<sched::CountedPods> SimGateway::NewsOf(ClusterId id, const SimCounts& counted) {
  std::vector<sched::CountedPods> news;
  SimCounts& told = counted_[id];
  for (const auto& [key, pods] : counted) {
    const auto before = told.find(key);
    if (before == told.end() || before->second != pods) {
      news.push_back({key.first, key.second, pods});
    }
  }
  for (const auto& [key, pods] : told) {
    if (!counted.contains(key)) news.push_back({key.first, key.second, 0});
  }
  told = counted;
  return news;
}

void SimGateway::Observe(ClusterId id, const sched::Capacity& capacity, const SimCounts& counted) {
  book_.Observe(id, capacity, counted);
  sched::Capacity told = capacity;
  if (sim_.canary == Canary::kBlindNodes) {
    for (sched::NodeClass& nodes : told.node_classes) nodes.free = nodes.whole;
    told.largest_node_free = told.largest_node_allocatable;
  }
  if (!sim_.plan.tells_counted) {
    Step(sched::CapacityObserved{id, &told});
    return;
  }
  const bool eager = sim_.canary == Canary::kEagerCount;
  const auto news = NewsOf(id, eager ? sim_.Cluster(id).Counted() : counted);
  Step(sched::CapacityObserved{id, &told, &news});
}

sched::JobSpec SimGateway::WishOf(const SimJob& job) const {
  sched::JobSpec wish = sim_.templates[static_cast<size_t>(job.spec)];
  if (sim_.canary == Canary::kDeafRules && !wish.rules.empty()) {
    wish.rules[0].spread.clear();
    wish.rules[0].job_affinity.clear();
  }
  if (sim_.canary == Canary::kGreedyBackfill) wish.queueing.max_execution_seconds /= 10;
  return wish;
}

// ---- the pump ----

void SimGateway::Step(const sched::Event& event) {
  sink_.Clear();
  backfill_.Note(core_->world());
  const uint64_t moves_before = core_->world().stats().moves;
  core_->Step(sim_.now, event, sink_);
  CheckMoves(sim_, sink_.edits, core_->world(), core_->world().stats().moves - moves_before,
             moves_);
  ++sim_.steps;
  if (sim_.canary != Canary::kNone) PlantBug(event);
  rebalances_.Take(sink_.edits, *core_);
  for (const sched::Edit& edit : sink_.edits) {
    book_.Take(edit);
    operator_.Take(edit);
    drills_.Take(edit);
    failures_.Take(edit);
  }
  CheckParts(sim_, core_->world(), sink_.edits);
  settle_.Look(core_->world());
  awaits_.Take(sim_, core_->world(), sink_.edits);
  for (const sched::Edit& edit : sink_.edits) {
    backfill_.Take(core_->world(), edit);
    const auto* put = std::get_if<sched::PutJob>(&edit);
    // Only what was placed by this step: a copy that its cluster came back with goes on under the
    // quota of long ago, whatever was edited since.
    if (put == nullptr || put->record.state != sched::JobState::kPlacing ||
        put->record.since != sim_.now) {
      continue;
    }
    const bool launched = put->record.dispatch_pending;
    if (launched) settle_.Check(sim_, put->record);
    if (!put->record.quota) continue;
    CheckQuotaHolds(sim_, core_->world(), put->record.quota->cluster_queue);
    if (launched) backfill_.Check(sim_, core_->world(), put->record);
  }
  for (sched::Edit& edit : sink_.edits) {
    if (sim_.canary == Canary::kDroppedEdit && sim_.rng.Chance({1, 50})) continue;
    batch_.edits.push_back(std::move(edit));
  }
  // Everything in the batch gets the revision after the last one.
  const Revision after{revision_.value + 1};
  for (const sched::Command& command : sink_.commands) {
    sim_.Fold(command.index());
    if (!sched::IsRemote(command)) {
      StoreEffect(command);
      continue;
    }
    if (const auto* dispatch = std::get_if<sched::Dispatch>(&command)) {
      CheckNotFinished(sim_, *dispatch);
    }
    if (sim_.canary == Canary::kEarlyDispatch) {
      SendRemote(command);
    } else {
      outbox_.Hold(after, command);
    }
  }
  for (const JobId job : std::exchange(to_delete_, {})) {
    batch_.expired.push_back(job);
    if (SimJob& known = sim_.jobs[job]; !known.delete_asked) {
      known.delete_asked = true;
      batch_.objects.emplace_back(job, known);
      Step(sched::JobDeleted{job, false});
    }
  }
}

// What a broken core would do.
void SimGateway::PlantBug(const sched::Event& event) {
  const auto* run = std::get_if<sched::RunObserved>(&event);
  if (sim_.canary == Canary::kRerunFinished && run != nullptr) {
    const sched::JobRecord* record = core_->world().FindJob(run->job);
    if (record != nullptr && sched::IsFinished(*record) && sink_.edits.empty()) {
      sink_.commands.push_back(sched::Dispatch{run->job, run->cluster, run->epoch});
    }
  }
  if (sim_.canary == Canary::kChangedResult && run != nullptr) {
    const sched::JobRecord* record = core_->world().FindJob(run->job);
    if (record != nullptr && record->state == sched::JobState::kDone && sink_.edits.empty()) {
      sched::JobRecord other = *record;
      other.state = sched::JobState::kFailed;
      sink_.edits.push_back(sched::PutJob{other});
    }
  }
  if (sim_.canary == Canary::kLeakyLedger) {
    auto& tree = const_cast<sched::World&>(core_->world()).mutable_ledger().tree;
    const int32_t node = tree.FindNode(sched::ClusterQueueId{1});
    const int32_t slot = node < 0 ? node : tree.FindSlot(node, sched::FlavorId{1}, "cpu");
    if (slot >= 0) {
      tree.Move(node, slot, -1000, sched::Usage::kHeld);
      tree.Move(node, slot, -1000, sched::Usage::kPlanned);
    }
  }
  if (sim_.canary == Canary::kBrokenIndex) {
    auto& queue = const_cast<sched::World&>(core_->world()).mutable_queue();
    if (const sched::QueueHead* head = queue.Next(sched::PendingQueue::kBeforeAll)) {
      const sched::QueueHead victim = *head;
      queue.Remove(victim.group, victim.job);
    }
  }
}

void SimGateway::StoreEffect(const sched::Command& command) {
  if (const auto* release = std::get_if<sched::ReleaseJob>(&command)) {
    if (IsShard(release->job)) return;
    batch_.objects.emplace_back(release->job, std::nullopt);
  } else if (const auto* status = std::get_if<sched::PublishStatus>(&command)) {
    StoreIndexes(*status);
  } else if (const auto* expire = std::get_if<sched::ExpireJob>(&command)) {
    to_delete_.push_back(expire->job);
  } else if (const auto* timer = std::get_if<sched::SetTimer>(&command)) {
    if (sim_.canary != Canary::kDeafTimer) {
      SimEvent fired = Mine(Happening::kCoreTimer, {});
      fired.value = ++timer_;
      sim_.heap.Push(std::max(timer->at, sim_.now), fired);
    }
  }
}

// One turn of the loop ends: what it changed becomes one batch.
void SimGateway::CloseBatch() {
  ++revision_.value;
  batch_.revision = revision_;
  sim_.journal.Append(std::exchange(batch_, {}));
  // Commits stay in order, whatever each takes.
  Duration delay = Milliseconds(sim_.rng.Between(0, sim_.plan.commit_delay_max.ms));
  if (sim_.canary == Canary::kNoise) {
    static int64_t batches_ever = 0;  // unlike everything else, not the same in the next run
    delay.ms += ++batches_ever % 3;
  }
  commit_at_ = std::max(commit_at_, sim_.now + delay);
  if (!sim_.healed && sim_.plan.journal_stall.ms > 0 &&
      sim_.rng.Chance({1, static_cast<uint32_t>(sim_.plan.journal_stall.ms)})) {
    commit_at_ = commit_at_ + Seconds(2);
  }
  SimEvent commit = Mine(Happening::kCommit, {});
  commit.value = static_cast<int64_t>(revision_.value);
  sim_.heap.Push(commit_at_, commit);
}

void SimGateway::OnCommit(const SimEvent& event) {
  sim_.journal.CommitThrough(Revision{static_cast<uint64_t>(event.value)},
                             [&](const JournalBatch& batch) { OnCommitted(batch); });
  Release();
}

void SimGateway::OnCommitted(const JournalBatch& batch) {
  for (const sched::Edit& edit : batch.edits) {
    const auto* put = std::get_if<sched::PutJob>(&edit);
    if (put == nullptr || !sched::IsFinished(put->record)) continue;
    const auto at = sim_.jobs.find(put->record.job);
    if (at == sim_.jobs.end()) continue;
    at->second.finished = true;
    CheckResult(sim_, put->record, at->second);
    CheckSplitResult(sim_, put->record, at->second);
  }
  for (const auto& [job, object] : batch.objects) {
    if (!object) CheckRelease(sim_, job);
  }
}

void SimGateway::Release() {
  const Revision committed = sim_.journal.committed();
  replies_.Release(committed, [&](Reply reply) {
    const auto at = sim_.jobs.find(reply.job);
    if (at != sim_.jobs.end()) at->second.acknowledged = true;
  });
  outbox_.Release(committed, [&](const sched::Command& command) { SendRemote(command); });
}

void SimGateway::OnCoreTimer(const SimEvent& event) {
  if (event.value != timer_) return;
  Step(sched::TimerFired{});
  CloseBatch();
}

}  // namespace fairway::sim
