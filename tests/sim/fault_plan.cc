#include "tests/sim/fault_plan.h"

#include <sstream>

namespace fairway::sim {
namespace {

// A family is on in half of the runs; its gap is then drawn.
Duration MaybeEvery(Rng& rng, int64_t low_ms, int64_t high_ms) {
  const Duration gap = Milliseconds(rng.Between(low_ms, high_ms));
  return rng.Chance({1, 2}) ? gap : Duration{};
}

Ratio MaybePercent(Rng& rng, int64_t high) {
  const auto percent = static_cast<uint32_t>(rng.Between(1, high));
  return rng.Chance({1, 2}) ? Ratio{percent, 100} : Ratio{0, 100};
}

std::string Text(Ratio ratio) {
  return std::to_string(ratio.numerator) + "/" + std::to_string(ratio.denominator);
}

void Shorten(Rng& rng, FaultPlan& plan) {
  constexpr int64_t kDenser = 4;
  plan.jobs = static_cast<int>(rng.Between(3, 24));
  for (Duration FaultPlan::*gap :
       {&FaultPlan::run_time, &FaultPlan::gateway_crash, &FaultPlan::member_crash,
        &FaultPlan::link_cut, &FaultPlan::foreign_delete, &FaultPlan::capacity_lie,
        &FaultPlan::cluster_edit, &FaultPlan::decommission, &FaultPlan::partition,
        &FaultPlan::journal_stall, &FaultPlan::approvals, &FaultPlan::drains, &FaultPlan::freezes,
        &FaultPlan::drills, &FaultPlan::image_outage, &FaultPlan::node_loss,
        &FaultPlan::quota_edit}) {
    (plan.*gap).ms /= kDenser;
  }
}

void DrawRebalance(Rng& rng, FaultPlan& plan) {
  plan.rebalance = rng.Chance({1, 3});
  plan.rebalances = MaybeEvery(rng, 2'000, 30'000);
  plan.rebalance_gain_min = rng.Between(1, 400);
  plan.rebalance_run_min = Milliseconds(rng.Between(0, 5'000));
  plan.rebalance_cooldown = Milliseconds(rng.Between(1'000, 30'000));
  plan.rebalance_every = Milliseconds(rng.Between(500, 10'000));
  plan.rebalances_per_minute = rng.Between(6, 600);
  plan.rebalances_moving_max = rng.Between(1, 4);
}

}  // namespace

FaultPlan FaultPlan::Draw(Rng& rng, Mode mode) {
  const bool swarm = mode == Mode::kSwarm;
  FaultPlan plan;
  plan.clusters = static_cast<int>(rng.Between(1, swarm ? 16 : 5));
  plan.jobs = static_cast<int>(rng.Between(20, swarm ? 1500 : 150));
  plan.specs = static_cast<int>(rng.Between(1, 12));
  plan.arrival_gap = Milliseconds(rng.Between(1, 400));
  plan.run_time = Milliseconds(rng.Between(200, 20'000));
  plan.delay_max = Milliseconds(rng.Between(1, 80));
  plan.loss = MaybePercent(rng, 15);
  plan.duplicate = MaybePercent(rng, 15);
  plan.gateway_crash = MaybeEvery(rng, 500, 20'000);
  plan.member_crash = MaybeEvery(rng, 2'000, 30'000);
  plan.member_loses_state = rng.Chance({1, 2}) ? Ratio{1, 2} : Ratio{0, 1};
  plan.link_cut = MaybeEvery(rng, 1'000, 20'000);
  plan.foreign_delete = MaybeEvery(rng, 300, 10'000);
  plan.capacity_lie = MaybeEvery(rng, 500, 10'000);
  plan.cluster_edit = MaybeEvery(rng, 1'000, 20'000);
  plan.decommission = MaybeEvery(rng, 20'000, 60'000);
  plan.rejects = MaybePercent(rng, 20);
  plan.deletes = MaybePercent(rng, 30);
  plan.orphans = MaybePercent(rng, 20);
  plan.suspends = MaybePercent(rng, 30);
  plan.infeasible = MaybePercent(rng, 10);
  plan.ttl = MaybePercent(rng, 50);
  plan.commit_delay_max = Milliseconds(rng.Between(0, 30));
  plan.journal_stall = MaybeEvery(rng, 2'000, 20'000);
  plan.partition = MaybeEvery(rng, 5'000, 60'000);
  plan.clock_skew_max = rng.Chance({1, 2}) ? Milliseconds(rng.Between(100, 300'000)) : Duration{};
  plan.job_sync_max = rng.Chance({1, 4}) ? Milliseconds(rng.Between(1, 8'000)) : Milliseconds(50);
  plan.approvals = MaybeEvery(rng, 2'000, 20'000);
  plan.policies = static_cast<int>(rng.Between(1, 15));
  plan.lease = Milliseconds(rng.Between(3'000, 20'000));
  plan.unreachable_after = Milliseconds(rng.Between(2'500, 8'000));
  plan.moves_per_second = rng.Between(5, 200);
  plan.queues = rng.Chance({1, 2}) ? static_cast<int>(rng.Between(1, 4)) : 0;
  plan.quota_edit = MaybeEvery(rng, 500, 20'000);
  plan.drains = MaybeEvery(rng, 3'000, 30'000);
  plan.freezes = rng.Chance({1, 2}) ? MaybeEvery(rng, 5'000, 40'000) : Duration{};
  plan.failback_after = Milliseconds(rng.Between(1'000, 20'000));
  plan.drills = rng.Chance({1, 2}) ? MaybeEvery(rng, 4'000, 40'000) : Duration{};
  plan.image_outage = MaybeEvery(rng, 2'000, 20'000);
  plan.node_loss = MaybeEvery(rng, 1'000, 20'000);
  plan.trouble_after = Milliseconds(rng.Between(500, 6'000));
  plan.trouble_avoid = Milliseconds(rng.Between(1'000, 30'000));
  plan.tells_counted = rng.Chance({3, 4});
  const Duration lag = rng.Chance({1, 2}) ? Milliseconds(rng.Between(1, 10'000)) : Duration{};
  plan.capacity_lag_max = plan.tells_counted ? lag : Duration{};
  plan.uniform_pods = rng.Chance({1, 3});
  DrawRebalance(rng, plan);
  plan.splits = rng.Chance({1, 2});
  plan.settle_max = rng.Chance({3, 4}) ? Milliseconds(rng.Between(10, 5'000)) : Duration{};
  plan.reserve_after = Milliseconds(rng.Between(500, 20'000));
  if (mode == Mode::kBrief) Shorten(rng, plan);
  return plan;
}

std::string FaultPlan::Describe() const {
  std::ostringstream out;
  out << "clusters=" << clusters << " jobs=" << jobs << " specs=" << specs
      << " arrival=" << arrival_gap.ms << " run=" << run_time.ms << " delay=" << delay_max.ms
      << " loss=" << Text(loss) << " duplicate=" << Text(duplicate)
      << " gateway_crash=" << gateway_crash.ms << " member_crash=" << member_crash.ms
      << " loses_state=" << Text(member_loses_state) << " link_cut=" << link_cut.ms
      << " foreign_delete=" << foreign_delete.ms << " capacity_lie=" << capacity_lie.ms
      << " cluster_edit=" << cluster_edit.ms << " decommission=" << decommission.ms
      << " rejects=" << Text(rejects) << " deletes=" << Text(deletes)
      << " orphans=" << Text(orphans) << " suspends=" << Text(suspends)
      << " infeasible=" << Text(infeasible) << " ttl=" << Text(ttl)
      << " commit=" << commit_delay_max.ms << " journal_stall=" << journal_stall.ms
      << " partition=" << partition.ms << " clock_skew=" << clock_skew_max.ms
      << " job_sync=" << job_sync_max.ms << " approvals=" << approvals.ms
      << " policies=" << policies << " lease=" << lease.ms
      << " unreachable_after=" << unreachable_after.ms << " moves=" << moves_per_second
      << " queues=" << queues << " quota_edit=" << quota_edit.ms << " drains=" << drains.ms
      << " freezes=" << freezes.ms << " drills=" << drills.ms
      << " failback_after=" << failback_after.ms << " image_outage=" << image_outage.ms
      << " node_loss=" << node_loss.ms << " trouble_after=" << trouble_after.ms
      << " trouble_avoid=" << trouble_avoid.ms << " tells_counted=" << tells_counted
      << " capacity_lag=" << capacity_lag_max.ms << " uniform_pods=" << uniform_pods
      << " rebalance=" << rebalance << " rebalances=" << rebalances.ms
      << " gain_min=" << rebalance_gain_min << " run_min=" << rebalance_run_min.ms
      << " cooldown=" << rebalance_cooldown.ms << " every=" << rebalance_every.ms
      << " per_minute=" << rebalances_per_minute << " moving_max=" << rebalances_moving_max
      << " splits=" << splits << " settle=" << settle_max.ms
      << " reserve_after=" << reserve_after.ms;
  return out.str();
}

}  // namespace fairway::sim
