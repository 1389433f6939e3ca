#include "scheduler/policy/cluster_codec.h"

#include <algorithm>
#include <string>

namespace fairway::scheduler {

bool WritePolicySection(ByteWriter& out, const ClusterSpec& spec) {
  const bool since = std::any_of(spec.taints.begin(), spec.taints.end(),
                                 [](const Taint& taint) { return static_cast<bool>(taint.since); });
  if (spec.datasets.empty() && spec.overrides.empty() && spec.cost_core_micro == -1 &&
      spec.cost_gib_micro == -1 && !since) {
    return false;
  }
  out.Byte(kClusterPolicySection);
  out.Unsigned(spec.datasets.size());
  for (const std::string& name : spec.datasets) out.Text(name);
  out.Signed(spec.cost_core_micro);
  out.Signed(spec.cost_gib_micro);
  out.Unsigned(spec.overrides.size());
  for (const auto& [name, amount] : spec.overrides) {
    out.Text(name);
    out.Signed(amount);
  }
  for (const Taint& taint : spec.taints) out.Signed(taint.since.ms);
  return true;
}

void ReadPolicySection(ByteReader& in, ClusterSpec& spec) {
  size_t count = in.Count();
  for (size_t i = 0; i < count && in.ok(); ++i) spec.datasets.emplace_back(in.Text());
  spec.cost_core_micro = in.Signed();
  spec.cost_gib_micro = in.Signed();
  count = in.Count();
  for (size_t i = 0; i < count && in.ok(); ++i) {
    std::string name(in.Text());
    const int64_t amount = in.Signed();
    spec.overrides.emplace_back(std::move(name), amount);
  }
  for (Taint& taint : spec.taints) taint.since = Instant{in.Signed()};
  const bool sorted = std::is_sorted(spec.datasets.begin(), spec.datasets.end()) &&
                      std::is_sorted(spec.overrides.begin(), spec.overrides.end());
  if (!sorted) in.Refuse();
}

}  // namespace fairway::scheduler
