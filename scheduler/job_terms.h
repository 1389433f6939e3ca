// Selectors, taints and tolerations, as Kubernetes writes them, for clusters and nodes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "scheduler/instant.h"

namespace fairway::scheduler {

using Labels = std::map<std::string, std::string>;

// One requirement on a cluster's labels, with the operators of Kubernetes' NodeSelectorRequirement.
struct LabelRequirement {
  enum class Op : uint8_t { kIn, kNotIn, kExists, kDoesNotExist, kGt, kLt };
  std::string key;
  Op op = Op::kExists;
  std::vector<std::string> values;
  bool operator==(const LabelRequirement&) const = default;
};

// Requirements that must all hold. An empty term matches nothing, as in a NodeSelectorTerm.
struct SelectorTerm {
  std::vector<LabelRequirement> requirements;
  bool operator==(const SelectorTerm&) const = default;
};

struct PreferredTerm {
  int32_t weight = 1;  // 1..100
  SelectorTerm term;
  bool operator==(const PreferredTerm&) const = default;
};

enum class TaintEffect : uint8_t { kNoSchedule, kPreferNoSchedule, kNoExecute };

struct Taint {
  std::string key, value;
  TaintEffect effect = TaintEffect::kNoSchedule;
  // Of a cluster's NoExecute taint: when the core first saw it. Never otherwise.
  Instant since{};
  bool operator==(const Taint&) const = default;
};

struct Toleration {
  std::string key;      // empty with kExists tolerates every key
  bool exists = false;  // operator Exists; otherwise Equal
  std::string value;
  bool any_effect = true;  // no effect named
  TaintEffect effect = TaintEffect::kNoSchedule;
  int64_t seconds = -1;  // how long a cluster's NoExecute taint is borne; -1 = for ever
  bool operator==(const Toleration&) const = default;
};

}  // namespace fairway::scheduler
