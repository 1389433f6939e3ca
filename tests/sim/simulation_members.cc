// The members' side of a simulation: requests arrive, copies run, watch events leave.
#include "tests/sim/checkers/one_live_epoch.h"
#include "tests/sim/simulation.h"

namespace fairway::sim {

void Simulation::Watch(const SimCluster& cluster, CopyKey key, uint8_t what, Instant finished) {
  SimEvent event{Happening::kWatch};
  event.what = what;
  event.incarnation = gateway_.incarnation();
  event.cluster = cluster.id();
  event.job = key.first;
  event.epoch = key.second;
  event.value = finished.ms;
  SendOverNet(sim_, false, event);
}

void Simulation::PublishStarted(SimCluster& cluster) {
  for (const auto& [key, copy] : cluster.TakeStarted()) {
    SimEvent ends{Happening::kCopyEnds};
    ends.cluster = cluster.id();
    ends.job = key.first;
    ends.epoch = key.second;
    ends.value = static_cast<int64_t>(copy.run);
    sim_.After(copy.left, ends);
    Watch(cluster, key, static_cast<uint8_t>(copy.phase), {});
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
  } else {
    const auto job = sim_.jobs.find(event.job);
    if (job == sim_.jobs.end()) {
      sim_.Fail(kExitCorrectness, "commit_first",
                "job " + std::to_string(event.job.value) + " was dispatched and does not exist");
      return;
    }
    answer.what = static_cast<uint8_t>(AnswerKind::kAcked);
    if (!cluster.copies().contains(key) && Refuses(event.cluster, event.job, sim_.plan.rejects)) {
      answer.what = static_cast<uint8_t>(AnswerKind::kRejected);
    } else {
      SimJob wishes = job->second;
      wishes.suspended = event.flag != 0;
      cluster.Apply(sim_.now, key, wishes);
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
