#include "scheduler/quota/quota_codec.h"

#include "scheduler/spec_codec.h"

namespace fairway::scheduler {
namespace {

constexpr uint8_t kHasThreshold = 1;
constexpr uint8_t kSurvivesLoss = 2;

void Write(ByteWriter& out, const std::vector<ResourceGroup>& groups) {
  out.Unsigned(groups.size());
  for (const ResourceGroup& group : groups) {
    out.Unsigned(group.covered.size());
    for (const std::string& resource : group.covered) out.Text(resource);
    out.Unsigned(group.flavors.size());
    for (const FlavorQuotas& flavor : group.flavors) {
      out.Text(flavor.flavor);
      out.Unsigned(flavor.resources.size());
      for (const ResourceQuota& quota : flavor.resources) {
        out.Text(quota.resource);
        out.Signed(quota.nominal);
        out.Signed(quota.borrowing_limit);
        out.Signed(quota.lending_limit);
      }
    }
  }
}

FlavorQuotas ReadFlavorQuotas(ByteReader& in) {
  FlavorQuotas flavor;
  flavor.flavor = in.Text();
  const size_t count = in.Count();
  for (size_t i = 0; i < count && in.ok(); ++i) {
    ResourceQuota& quota = flavor.resources.emplace_back();
    quota.resource = in.Text();
    quota.nominal = in.Signed();
    quota.borrowing_limit = in.Signed();
    quota.lending_limit = in.Signed();
    if (quota.nominal < 0 || quota.borrowing_limit < kNoLimit || quota.lending_limit < kNoLimit) {
      in.Refuse();
    }
  }
  return flavor;
}

std::vector<ResourceGroup> ReadGroups(ByteReader& in) {
  std::vector<ResourceGroup> groups;
  const size_t count = in.Count();
  for (size_t i = 0; i < count && in.ok(); ++i) {
    ResourceGroup& group = groups.emplace_back();
    size_t inner = in.Count();
    for (size_t k = 0; k < inner && in.ok(); ++k) group.covered.emplace_back(in.Text());
    inner = in.Count();
    for (size_t k = 0; k < inner && in.ok(); ++k) group.flavors.push_back(ReadFlavorQuotas(in));
  }
  return groups;
}

void Write(ByteWriter& out, const PodSet& pod_set) {
  out.Text(pod_set.name);
  out.Signed(pod_set.count);
  out.Signed(pod_set.min_count);
  WriteResources(out, pod_set.request);
  WriteTerms(out, pod_set.node_terms);
  WriteTolerations(out, pod_set.tolerations);
}

PodSet ReadPodSet(ByteReader& in) {
  PodSet pod_set;
  pod_set.name = in.Text();
  pod_set.count = ReadInt32(in);
  pod_set.min_count = ReadInt32(in);
  pod_set.request = ReadResources(in);
  pod_set.node_terms = ReadTerms(in);
  pod_set.tolerations = ReadTolerations(in);
  return pod_set;
}

}  // namespace

void Write(ByteWriter& out, const FlavorSpec& spec) {
  out.Text(spec.name);
  out.Unsigned(spec.node_labels.size());
  for (const auto& [key, value] : spec.node_labels) {
    out.Text(key);
    out.Text(value);
  }
  WriteTaints(out, spec.node_taints);
  WriteTolerations(out, spec.tolerations);
}

FlavorSpec ReadFlavorSpec(ByteReader& in) {
  FlavorSpec spec;
  spec.name = in.Text();
  const size_t count = in.Count();
  for (size_t i = 0; i < count && in.ok(); ++i) {
    std::string key(in.Text());
    spec.node_labels[std::move(key)] = in.Text();
  }
  spec.node_taints = ReadTaints(in);
  spec.tolerations = ReadTolerations(in);
  return spec;
}

void Write(ByteWriter& out, const CohortSpec& spec) {
  out.Text(spec.name);
  out.Text(spec.parent);
  Write(out, spec.groups);
  out.Signed(spec.fair_weight_milli);
}

CohortSpec ReadCohortSpec(ByteReader& in) {
  CohortSpec spec;
  spec.name = in.Text();
  spec.parent = in.Text();
  spec.groups = ReadGroups(in);
  spec.fair_weight_milli = in.Signed();
  return spec;
}

void Write(ByteWriter& out, const ClusterQueueSpec& spec) {
  out.Text(spec.name);
  out.Text(spec.cohort);
  Write(out, spec.groups);
  out.Byte(static_cast<uint8_t>(spec.strategy));
  out.Byte(static_cast<uint8_t>(spec.preemption.within_cluster_queue));
  out.Byte(static_cast<uint8_t>(spec.preemption.reclaim_within_cohort));
  out.Byte(static_cast<uint8_t>(spec.preemption.borrow_within_cohort));
  out.Byte(static_cast<uint8_t>((spec.preemption.has_threshold ? kHasThreshold : 0) |
                                (spec.survive_cluster_loss ? kSurvivesLoss : 0)));
  out.Signed(spec.preemption.max_priority_threshold);
  out.Byte(static_cast<uint8_t>(spec.fungibility.when_can_borrow));
  out.Byte(static_cast<uint8_t>(spec.fungibility.when_can_preempt));
  out.Byte(static_cast<uint8_t>(spec.fungibility.preference));
  out.Signed(spec.fair_weight_milli);
  out.Byte(static_cast<uint8_t>(spec.stop_policy));
}

ClusterQueueSpec ReadClusterQueueSpec(ByteReader& in) {
  ClusterQueueSpec spec;
  spec.name = in.Text();
  spec.cohort = in.Text();
  spec.groups = ReadGroups(in);
  spec.strategy = in.Choice(QueueingStrategy::kStrictFifo);
  spec.preemption.within_cluster_queue = in.Choice(PreemptionPolicy::kAny);
  spec.preemption.reclaim_within_cohort = in.Choice(PreemptionPolicy::kAny);
  spec.preemption.borrow_within_cohort = in.Choice(PreemptionPolicy::kAny);
  const uint8_t flags = in.Byte();
  if (flags > (kHasThreshold | kSurvivesLoss)) in.Refuse();
  spec.preemption.has_threshold = (flags & kHasThreshold) != 0;
  spec.survive_cluster_loss = (flags & kSurvivesLoss) != 0;
  spec.preemption.max_priority_threshold = ReadInt32(in);
  spec.fungibility.when_can_borrow = in.Choice(FungibilityPolicy::kTryNextFlavor);
  spec.fungibility.when_can_preempt = in.Choice(FungibilityPolicy::kTryNextFlavor);
  spec.fungibility.preference = in.Choice(FungibilityPreference::kPreemptionOverBorrowing);
  spec.fair_weight_milli = in.Signed();
  spec.stop_policy = in.Choice(StopPolicy::kHoldAndDrain);
  return spec;
}

void Write(ByteWriter& out, const LocalQueueSpec& spec) {
  out.Text(spec.name);
  out.Text(spec.cluster_queue);
  out.Byte(static_cast<uint8_t>(spec.stop_policy));
  out.Byte(spec.namespace_admitted ? 1 : 0);
}

LocalQueueSpec ReadLocalQueueSpec(ByteReader& in) {
  LocalQueueSpec spec;
  spec.name = in.Text();
  spec.cluster_queue = in.Text();
  spec.stop_policy = in.Choice(StopPolicy::kHoldAndDrain);
  spec.namespace_admitted = ReadBool(in);
  return spec;
}

void Write(ByteWriter& out, const Queueing& queueing) {
  out.Text(queueing.local_queue);
  out.Unsigned(queueing.pod_sets.size());
  for (const PodSet& pod_set : queueing.pod_sets) Write(out, pod_set);
  out.Signed(queueing.max_execution_seconds);
  out.Byte(queueing.workload_only ? 1 : 0);
}

Queueing ReadQueueing(ByteReader& in) {
  Queueing queueing;
  queueing.local_queue = in.Text();
  const size_t count = in.Count();
  for (size_t i = 0; i < count && in.ok(); ++i) queueing.pod_sets.push_back(ReadPodSet(in));
  queueing.max_execution_seconds = ReadInt32(in);
  queueing.workload_only = ReadBool(in);
  return queueing;
}

void Write(ByteWriter& out, const JobQuota& quota) {
  out.Unsigned(quota.cluster_queue.value);
  out.Unsigned(quota.pod_sets.size());
  for (const PodSetAdmission& pod_set : quota.pod_sets) {
    out.Signed(pod_set.count);
    out.Unsigned(pod_set.flavors.size());
    for (const FlavorId flavor : pod_set.flavors) out.Unsigned(flavor.value);
  }
  out.Signed(quota.admitted_at.ms);
  out.Signed(quota.past_execution_ms);
  out.Signed(quota.evictions);
  out.Byte(static_cast<uint8_t>(quota.preempted));
  out.Unsigned(quota.preemptor.value);
  out.Unsigned(quota.next_spec.value);
}

JobQuota ReadJobQuota(ByteReader& in) {
  JobQuota quota;
  quota.cluster_queue = ClusterQueueId{in.Unsigned()};
  const size_t count = in.Count();
  for (size_t i = 0; i < count && in.ok(); ++i) {
    PodSetAdmission& pod_set = quota.pod_sets.emplace_back();
    pod_set.count = ReadInt32(in);
    const size_t flavors = in.Count();
    for (size_t k = 0; k < flavors && in.ok(); ++k) {
      pod_set.flavors.push_back(FlavorId{in.Unsigned()});
    }
  }
  quota.admitted_at = Instant{in.Signed()};
  quota.past_execution_ms = in.Signed();
  quota.evictions = ReadInt32(in);
  quota.preempted = in.Choice(PreemptionCause::kInCohortReclaimWhileBorrowing);
  quota.preemptor = JobId{in.Unsigned()};
  quota.next_spec = SpecId{in.Unsigned()};
  return quota;
}

}  // namespace fairway::scheduler
