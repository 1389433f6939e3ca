#include "scheduler/constraint.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace fairway::scheduler {
namespace {

std::optional<int64_t> ToInteger(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool Contains(const std::vector<std::string>& values, const std::string& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

bool IsTolerated(const Taint& taint, const std::vector<Toleration>& tolerations) {
  return std::any_of(tolerations.begin(), tolerations.end(),
                     [&](const Toleration& toleration) { return Tolerates(toleration, taint); });
}

}  // namespace

bool MatchesRequirement(const LabelRequirement& requirement, const Labels& labels) {
  using Op = LabelRequirement::Op;
  const auto label = labels.find(requirement.key);
  const bool present = label != labels.end();
  switch (requirement.op) {
    case Op::kIn:
      return present && Contains(requirement.values, label->second);
    case Op::kNotIn:
      return !present || !Contains(requirement.values, label->second);
    case Op::kExists:
      return present;
    case Op::kDoesNotExist:
      return !present;
    case Op::kGt:
    case Op::kLt: {
      if (!present || requirement.values.size() != 1) return false;
      const auto have = ToInteger(label->second);
      const auto bound = ToInteger(requirement.values.front());
      if (!have || !bound) return false;
      return requirement.op == Op::kGt ? *have > *bound : *have < *bound;
    }
  }
  return false;
}

bool MatchesTerm(const SelectorTerm& term, const Labels& labels) {
  return !term.requirements.empty() &&
         std::all_of(term.requirements.begin(), term.requirements.end(),
                     [&](const LabelRequirement& r) { return MatchesRequirement(r, labels); });
}

bool MatchesRequiredAffinity(const std::vector<SelectorTerm>& terms, const Labels& labels) {
  return terms.empty() || std::any_of(terms.begin(), terms.end(), [&](const SelectorTerm& term) {
           return MatchesTerm(term, labels);
         });
}

bool Tolerates(const Toleration& toleration, const Taint& taint) {
  if (!toleration.any_effect && toleration.effect != taint.effect) return false;
  if (toleration.key.empty()) return toleration.exists;
  return toleration.key == taint.key && (toleration.exists || toleration.value == taint.value);
}

const Taint* FirstUntoleratedTaint(const std::vector<Taint>& taints,
                                   const std::vector<Toleration>& tolerations) {
  for (const Taint& taint : taints) {
    if (taint.effect != TaintEffect::kPreferNoSchedule && !IsTolerated(taint, tolerations)) {
      return &taint;
    }
  }
  return nullptr;
}

int32_t CountUntoleratedPreferences(const std::vector<Taint>& taints,
                                    const std::vector<Toleration>& tolerations) {
  return static_cast<int32_t>(std::count_if(taints.begin(), taints.end(), [&](const Taint& taint) {
    return taint.effect == TaintEffect::kPreferNoSchedule && !IsTolerated(taint, tolerations);
  }));
}

int32_t FindGroup(const PlacementRules& rules, const Labels& labels) {
  if (rules.groups.empty()) return 0;
  for (size_t i = 0; i < rules.groups.size(); ++i) {
    if (MatchesRequiredAffinity(rules.groups[i].terms, labels)) return static_cast<int32_t>(i);
  }
  return -1;
}

const DatasetWish* FirstMissingDataset(const PlacementRules& rules, const ClusterSpec& cluster) {
  for (const DatasetWish& wish : rules.datasets) {
    if (wish.weight == 0 &&
        !std::binary_search(cluster.datasets.begin(), cluster.datasets.end(), wish.name)) {
      return &wish;
    }
  }
  return nullptr;
}

Resources PodRequest(const JobSpec& spec) {
  Resources pod = spec.request;
  pod.pods = 0;
  return pod;
}

Resources TotalRequest(const JobSpec& spec) {
  Resources pod = spec.request;
  pod.pods = 1;
  return pod.Times(std::max(spec.parallelism, 0));
}

int64_t PodsAtOnce(const JobSpec& spec) {
  const int64_t pods = std::max(spec.parallelism, 0);
  return spec.gang ? pods : std::min<int64_t>(pods, 1);
}

Resources NeedAtOnce(const JobSpec& spec) {
  Resources pod = spec.request;
  pod.pods = 1;
  return pod.Times(PodsAtOnce(spec));
}

bool HasRoom(const Resources& total, const Resources& pod, const Resources& free,
             const Capacity& capacity) {
  if (!total.FitsIn(free)) return false;
  if (capacity.nodes == 0 || total.pods == 0) return true;
  return pod.FitsIn(capacity.largest_node_free);
}

bool HasRoomWhenEmpty(const Resources& total, const Resources& pod, const Capacity& capacity) {
  if (!total.FitsIn(capacity.allocatable)) return false;
  const bool nodes_known = capacity.largest_node_allocatable != Resources{};
  return !nodes_known || total.pods == 0 || pod.FitsIn(capacity.largest_node_allocatable);
}

}  // namespace fairway::scheduler
