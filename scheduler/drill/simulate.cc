#include "scheduler/drill/simulate.h"

#include <algorithm>
#include <utility>

#include "scheduler/drill/conduct.h"

namespace fairway::scheduler {
namespace {

class Measure : public ForecastWatch {
 public:
  Measure(const FailoverConfig& config, SimulatedDrill& out) : config_(config), out_(out) {}

  void Saw(const Edit& edit, const World& world, Instant now) override {
    if (out_.rehearsal != nullptr) return out_.rehearsal->Saw(edit, now);
    const auto* put = std::get_if<PutDrill>(&edit);
    if (put == nullptr) return;
    if (put->record.phase == DrillPhase::kCut) {
      out_.rehearsal = std::make_unique<Rehearsal>(world, put->record.wish, now);
    }
    out_.end = put->record.end;
  }
  void AtEnd(const World& world,
             const std::function<std::string(const JobRecord&)>& explain) override {
    if (out_.rehearsal == nullptr) return;
    out_.report = MakeReport(*out_.rehearsal, world, config_, {.explain = explain});
  }

 private:
  const FailoverConfig config_;
  SimulatedDrill& out_;
};

}  // namespace

SimulatedDrill SimulateDrill(World world, ForecastPlan plan, DrillWish wish) {
  SimulatedDrill out;
  Measure measure(plan.failover, out);
  if (world.drill().phase != DrillPhase::kNone) world.Apply(EraseDrill{});
  wish.abort_unhealthy = false;
  wish.pending_max = -1;
  Duration listening{};
  for (const auto& [id, cluster] : world.clusters()) {
    const FailoverThresholds bounds = Effective(cluster.record.spec.failover, plan.failover);
    listening = std::max({listening, bounds.lease, bounds.unreachable_after});
  }
  plan.drill = &wish;
  plan.drill_after = listening;
  plan.horizon = listening + kDrillPrepareMax + kDrillPrepareMax + wish.cut_for;
  plan.watch = &measure;
  out.forecast = Foresee(std::move(world), plan);
  return out;
}

}  // namespace fairway::scheduler
