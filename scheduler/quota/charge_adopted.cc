#include "scheduler/quota/charge_adopted.h"

#include <optional>
#include <utility>
#include <vector>

#include "scheduler/constraint.h"
#include "scheduler/quota/admit.h"
#include "scheduler/quota/flavor_assigner.h"

namespace fairway::scheduler {
namespace {

// Only flavors that are bound to the cluster where the job is.
class Standing : public FlavorAdvice {
 public:
  Standing(const World& world, const JobRecord& record) : world_(world), record_(record) {}

  bool HasCluster(const std::vector<FlavorId>& flavors, bool) override {
    const ClusterState* cluster = world_.FindCluster(record_.cluster);
    return cluster != nullptr && MatchesRequiredAffinity(ScopeOf(world_.quota(), flavors).only,
                                                         cluster->record.spec.labels);
  }
  FlavorMode Preemption(int32_t, int64_t, int32_t*) override { return FlavorMode::kNoCandidates; }

 private:
  const World& world_;
  const JobRecord& record_;
};

bool RunsUncharged(const JobRecord& record) {
  return record.quota && !record.quota->IsAdmitted() && !IsLeaving(record) && !record.suspended;
}

// Nothing when its queue does not exist, or has no flavor for what it asks there.
std::optional<JobQuota> QuotaWhereItIs(World& world, const JobRecord& record, Instant now) {
  const Queueing& queueing = world.specs().Get(record.spec).spec.queueing;
  if (queueing.pod_sets.empty()) return {};
  Standing advice(world, record);
  FlavorAssignment found = AssignWhenIdle(world, record, advice);
  if (found.mode != FlavorMode::kFit) return {};
  JobQuota quota = *record.quota;
  quota.cluster_queue = world.ledger().HomeOf(queueing.local_queue);
  quota.pod_sets = std::move(found.pod_sets);
  quota.admitted_at = now;
  return quota;
}

}  // namespace

bool ChargeAdopted(StepContext& step) {
  std::vector<JobRecord> charged;
  for (const auto& [cluster, job] : step.world().live_by_cluster()) {
    const JobRecord& record = *step.world().FindJob(job);
    if (!RunsUncharged(record)) continue;
    std::optional<JobQuota> quota = QuotaWhereItIs(step.world(), record, step.now());
    if (!quota) continue;
    if (charged.size() == kAdoptedPerStep) break;
    charged.push_back(record);
    *charged.back().quota = *std::move(quota);
  }
  const bool all = charged.size() < kAdoptedPerStep;
  for (JobRecord& record : charged) {
    step.Emit(PublishPlacement{record.job});
    step.PutRecord(std::move(record));
  }
  return all;
}

}  // namespace fairway::scheduler
