#include "scheduler/handlers/evict.h"

#include <algorithm>
#include <vector>

#include "scheduler/constraint.h"

namespace fairway::scheduler {
namespace {

constexpr int kTaintEvictionsPerStep = 256;

bool IsEvicting(const Taint& taint) { return taint.effect == TaintEffect::kNoExecute; }

bool HasEvicting(const ClusterSpec& spec) {
  return std::any_of(spec.taints.begin(), spec.taints.end(), IsEvicting);
}

bool MayMove(const JobRecord& record) {
  return record.state == JobState::kPlacing || record.state == JobState::kDispatched ||
         record.state == JobState::kRunning;
}

// How long the taint is borne: -1 = for ever. The shortest of the tolerations that name a time
// counts, as in Kubernetes.
int64_t SecondsBorne(const Taint& taint, const std::vector<Toleration>& tolerations) {
  bool borne = false;
  int64_t least = -1;
  for (const Toleration& toleration : tolerations) {
    if (!Tolerates(toleration, taint)) continue;
    borne = true;
    if (toleration.seconds >= 0 && (least < 0 || toleration.seconds < least)) {
      least = toleration.seconds;
    }
  }
  return borne ? least : 0;
}

void SetDue(StepContext& step, ClusterId cluster, Instant due) {
  auto& dues = step.state().evictions;
  const auto at = dues.find(cluster);
  if (at == dues.end()) {
    dues.emplace(cluster, due);
  } else {
    at->second = std::min(at->second, due);
  }
}

}  // namespace

void DateTaints(Instant now, const ClusterSpec* before, ClusterSpec& spec) {
  for (Taint& taint : spec.taints) {
    taint.since = IsEvicting(taint) ? now : Instant{};
    if (before == nullptr) continue;
    for (const Taint& known : before->taints) {
      if (known.key == taint.key && known.value == taint.value && known.effect == taint.effect) {
        taint.since = known.since;
      }
    }
  }
}

Instant EvictionDue(const JobRecord& record, const JobSpec& spec, const ClusterSpec& cluster) {
  Instant due;
  if (!MayMove(record)) return due;
  for (const Taint& taint : cluster.taints) {
    if (!IsEvicting(taint)) continue;
    const int64_t seconds = SecondsBorne(taint, spec.tolerations);
    if (seconds < 0) continue;
    constexpr int64_t kSecondsMax = int64_t{1} << 40;
    const Instant at =
        std::max(taint.since, record.since) + Seconds(std::min(seconds, kSecondsMax));
    if (!due || at < due) due = at;
  }
  return due;
}

void ReviewTaints(StepContext& step, ClusterId cluster) {
  step.state().evictions.erase(cluster);
  const ClusterState* state = step.world().FindCluster(cluster);
  if (state == nullptr || !HasEvicting(state->record.spec)) return;
  if (step.world().freeze().frozen) return;  // reviewed anew when it ends
  std::vector<JobId> leaving;
  const World::JobsByCluster& by_cluster = step.world().jobs_by_cluster();
  for (auto at = by_cluster.lower_bound({cluster, JobId{}});
       at != by_cluster.end() && at->first == cluster; ++at) {
    const JobRecord& record = *step.world().FindJob(at->second);
    if (!record.spec) continue;
    const Instant due =
        EvictionDue(record, *step.world().FindSpec(record.spec), state->record.spec);
    if (!due) continue;
    if (step.now() < due) {
      SetDue(step, cluster, due);
    } else if (leaving.size() < kTaintEvictionsPerStep) {
      leaving.push_back(at->second);
    } else {
      SetDue(step, cluster, step.now() + Milliseconds(1));
      break;
    }
  }
  for (const JobId job : leaving) {
    step.GiveUpEpoch(*step.world().FindJob(job), EndReason::kTainted);
  }
}

void ReviewDueTaints(StepContext& step) {
  std::vector<ClusterId> due;
  for (const auto& [cluster, at] : step.state().evictions) {
    if (at <= step.now()) due.push_back(cluster);
  }
  for (const ClusterId cluster : due) ReviewTaints(step, cluster);
}

void NoteTainted(StepContext& step, const JobRecord& record) {
  const ClusterSpec& cluster = step.world().FindCluster(record.cluster)->record.spec;
  if (!HasEvicting(cluster) || step.world().freeze().frozen) return;
  const Instant due = EvictionDue(record, *step.world().FindSpec(record.spec), cluster);
  if (due) SetDue(step, record.cluster, due);
}

}  // namespace fairway::scheduler
