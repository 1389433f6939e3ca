// Members that cannot run what they have: images that cannot be pulled, nodes that are lost.
#include "tests/sim/simulation.h"

namespace fairway::sim {

void Simulation::TellTroubles(const SimCluster& cluster) {
  if (!cluster.up()) return;
  for (const auto& [key, copy] : cluster.copies()) {
    if (copy.phase != scheduler::RunPhase::kPending || !copy.job_started) continue;
    SimEvent event{Happening::kWatch};
    event.what = static_cast<uint8_t>(copy.phase);
    event.flag = kTroubleFlag;
    event.incarnation = gateway_.incarnation();
    event.cluster = cluster.id();
    event.job = key.first;
    event.epoch = key.second;
    event.trouble = copy.trouble;
    SendOverNet(sim_, false, event);
  }
}

void Simulation::DenyImages() {
  SimCluster* cluster = PickCluster();
  if (cluster == nullptr || cluster->images_denied()) return;
  cluster->DenyImages(sim_.now, true);
  TellTroubles(*cluster);
  SimEvent back{Happening::kImagesBack};
  back.cluster = cluster->id();
  sim_.After(Milliseconds(sim_.rng.Between(500, 2 * sim_.plan.trouble_after.ms + 10'000)), back);
}

void Simulation::ImagesBack(SimCluster& cluster) {
  if (!cluster.exists() || !cluster.images_denied()) return;
  cluster.DenyImages(sim_.now, false);
  TellTroubles(cluster);
  PublishStarted(cluster);
}

void Simulation::LoseNodes() {
  SimCluster* cluster = PickCluster();
  if (cluster == nullptr) return;
  std::vector<CopyKey> lost;
  for (const auto& [key, copy] : cluster->copies()) {
    if (copy.phase == scheduler::RunPhase::kRunning && sim_.rng.Chance({1, 3})) lost.push_back(key);
  }
  for (const CopyKey& key : lost) {
    if (!cluster->LoseNodesOf(sim_.now, key)) continue;
    const SimCopy& copy = cluster->copies().at(key);
    Watch(*cluster, key, static_cast<uint8_t>(copy.phase), copy.finished);
  }
  PublishStarted(*cluster);
}

}  // namespace fairway::sim
