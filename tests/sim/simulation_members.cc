// The members' side of a simulation: requests arrive, copies run, watch events leave.
#include "tests/sim/checkers/one_live_epoch.h"
#include "tests/sim/simulation.h"

namespace fairway::sim {

namespace {

bool HasOtherPart(const SimCluster& cluster, CopyKey key) {
  for (const auto& [other, copy] : cluster.copies()) {
    if (other.first != key.first && WholeOf(other.first) == WholeOf(key.first)) return true;
  }
  return false;
}

}  // namespace

void Simulation::Watch(const SimCluster& cluster, CopyKey key, uint8_t what, Instant finished) {
  SimEvent event{Happening::kWatch};
  event.what = what;
  event.incarnation = gateway_.incarnation();
  event.cluster = cluster.id();
  event.job = key.first;
  event.epoch = key.second;
  event.value = finished.ms;
  if (what != kWatchGone) FillLease(cluster.copies().at(key), event);
  SendOverNet(sim_, false, event);
}

// When the member's Job controller looks at this copy's deadline next.
void Simulation::PlanJobController(SimCluster& cluster, CopyKey key) {
  const Instant due = cluster.DeadlineAt(key);
  if (!due) return;
  SimEvent deadline{Happening::kJobDeadline};
  deadline.cluster = cluster.id();
  deadline.job = key.first;
  deadline.epoch = key.second;
  sim_.heap.Push(std::max(due, sim_.now), deadline);
}

void Simulation::OnJobSync(const SimEvent& event) {
  SimCluster& cluster = sim_.Cluster(event.cluster);
  const CopyKey key{event.job, event.epoch};
  if (!cluster.StartJob(sim_.now, key, static_cast<uint64_t>(event.value))) return;
  PlanJobController(cluster, key);
  const SimCopy& copy = cluster.copies().at(key);
  if (cluster.up()) Watch(cluster, key, static_cast<uint8_t>(copy.phase), copy.finished);
  PublishStarted(cluster);
}

void Simulation::OnJobDeadline(const SimEvent& event) {
  SimCluster& cluster = sim_.Cluster(event.cluster);
  const CopyKey key{event.job, event.epoch};
  if (!cluster.EnforceDeadline(sim_.now, key)) return;
  const SimCopy& copy = cluster.copies().at(key);
  if (cluster.up()) Watch(cluster, key, static_cast<uint8_t>(copy.phase), copy.finished);
  PublishStarted(cluster);
}

void Simulation::PublishStarted(SimCluster& cluster) {
  for (const auto& [key, sync] : cluster.TakeUnsynced()) {
    SimEvent visit{Happening::kJobSync};
    visit.cluster = cluster.id();
    visit.job = key.first;
    visit.epoch = key.second;
    visit.value = static_cast<int64_t>(sync);
    sim_.After(Milliseconds(sim_.rng.Between(0, sim_.healed ? 10 : sim_.plan.job_sync_max.ms)),
               visit);
  }
  for (const auto& [key, copy] : cluster.TakeStarted()) {
    if (copy.indexed && (copy.todo & ~copy.done) != 0) {
      StartIndexes(cluster, key, copy);
      continue;
    }
    SimEvent ends{Happening::kCopyEnds};
    ends.cluster = cluster.id();
    ends.job = key.first;
    ends.epoch = key.second;
    ends.value = static_cast<int64_t>(copy.run);
    sim_.After(copy.left, ends);
    CheckAtMostOneCopy(sim_, key.first);
    if (cluster.up()) Watch(cluster, key, static_cast<uint8_t>(copy.phase), {});
  }
}

// The copies of a job on one member have one name: an older one is deleted before a newer is made.
void Simulation::RemoveOlder(SimCluster& cluster, CopyKey key) {
  std::vector<CopyKey> older;
  for (const auto& [other, copy] : cluster.copies()) {
    if (other.first == key.first && other.second < key.second) older.push_back(other);
  }
  for (const CopyKey& other : older) {
    cluster.Remove(sim_.now, other);
    Watch(cluster, other, kWatchGone, {});
  }
}

void Simulation::OnRequest(const SimEvent& event) {
  SimCluster& cluster = sim_.Cluster(event.cluster);
  if (!cluster.up()) return;
  const CopyKey key{event.job, event.epoch};
  SimEvent answer = event;
  answer.kind = Happening::kAnswer;
  if (static_cast<RequestKind>(event.what) == RequestKind::kWithdraw) {
    answer.what = static_cast<uint8_t>(AnswerKind::kGone);
    if (cluster.Remove(sim_.now, key)) Watch(cluster, key, kWatchGone, {});
  } else if (static_cast<RequestKind>(event.what) == RequestKind::kRenew) {
    answer.what = static_cast<uint8_t>(AnswerKind::kRenewed);
    cluster.SetDeadline(key, Duration{event.lease}, 0, true);
    PlanJobController(cluster, key);
    if (cluster.copies().contains(key)) {
      const SimCopy& copy = cluster.copies().at(key);
      Watch(cluster, key, static_cast<uint8_t>(copy.phase), copy.finished);
    }
  } else if (!cluster.copies().contains(key) && (event.flag & kUpdateOnlyFlag) != 0) {
    // An update makes nothing anew.
    answer.what = static_cast<uint8_t>(AnswerKind::kGone);
  } else {
    const auto job = sim_.jobs.find(WholeOf(event.job));
    if (job == sim_.jobs.end()) {
      sim_.Fail(kExitCorrectness, "commit_first",
                "job " + std::to_string(event.job.value) + " was dispatched and does not exist");
      return;
    }
    answer.what = static_cast<uint8_t>(AnswerKind::kAcked);
    if (!cluster.copies().contains(key) && Refuses(event.cluster, event.job, sim_.plan.rejects)) {
      answer.what = static_cast<uint8_t>(AnswerKind::kRejected);
    } else {
      // Another part has its name there still: DispatchTask would not be able to make it.
      if (HasOtherPart(cluster, key)) return;
      SimJob wishes = job->second;
      if (IsShard(event.job)) {
        wishes.cpu_milli = wishes.cpu_milli / wishes.pods * event.pods;
        wishes.pods = event.pods;
      }
      wishes.suspended = (event.flag & kSuspendedFlag) != 0;
      RemoveOlder(cluster, key);
      const auto before = cluster.copies().find(key);
      const bool is_new = before == cluster.copies().end();
      const Instant started =
          before == cluster.copies().end() ? Instant{} : before->second.job_started;
      // A copy that is not running yet has its whole lease from its start.
      Duration deadline{-1};
      if (event.lease != 0) {
        deadline = started ? Duration{event.lease - started.ms} : sim_.plan.lease;
      }
      cluster.Apply(sim_.now, key, wishes);
      if (is_new && wishes.completions > 0) {
        cluster.GiveIndexes(key, AllIndexes(wishes) & ~event.indexes);
      }
      cluster.SetDeadline(key, deadline, event.lease_generation, false);
      PlanJobController(cluster, key);
      const SimCopy& copy = cluster.copies().at(key);
      Watch(cluster, key, static_cast<uint8_t>(copy.phase), copy.finished);
    }
    CheckOneLiveEpoch(sim_, event.job);
  }
  PublishStarted(cluster);
  SendOverNet(sim_, false, answer);
}

void Simulation::OnCopyEnds(const SimEvent& event) {
  SimCluster& cluster = sim_.Cluster(event.cluster);
  const CopyKey key{event.job, event.epoch};
  // A member whose control plane is down still runs its pods; it tells so when it is back.
  if (!cluster.End(sim_.now, key, static_cast<uint64_t>(event.value))) return;
  const SimCopy& copy = cluster.copies().at(key);
  if (cluster.up()) Watch(cluster, key, static_cast<uint8_t>(copy.phase), copy.finished);
  PublishStarted(cluster);
}

}  // namespace fairway::sim
