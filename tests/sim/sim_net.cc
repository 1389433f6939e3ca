#include "tests/sim/sim_context.h"

namespace fairway::sim {

void SendOverNet(SimContext& sim, bool to_member, const SimEvent& event) {
  const uint8_t cut = sim.cut[event.cluster.value - 1];
  if ((cut & (to_member ? kToMemberCut : kToGatewayCut)) != 0) return;
  if (sim.drill_cut[event.cluster.value - 1] != 0) return;
  const auto delay = [&] { return Milliseconds(sim.net_rng.Between(0, sim.plan.delay_max.ms)); };
  if (!sim.healed && sim.net_rng.Chance(sim.plan.loss)) return;
  const Duration first = delay();
  sim.After(first, event);
  if (sim.healed || !sim.net_rng.Chance(sim.plan.duplicate)) return;
  // A request that is sent twice is sent in a row: one connection, one job, one at a time. Answers
  // and watch events may come again whenever they like.
  sim.After(to_member ? first : delay(), event);
}

}  // namespace fairway::sim
