// What the core knows of a job: its wishes (JobSpec) and where it stands (JobRecord).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/ids.h"
#include "scheduler/instant.h"
#include "scheduler/resources.h"

namespace fairway::scheduler {

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
  bool operator==(const Taint&) const = default;
};

struct Toleration {
  std::string key;      // empty with kExists tolerates every key
  bool exists = false;  // operator Exists; otherwise Equal
  std::string value;
  bool any_effect = true;  // no effect named
  TaintEffect effect = TaintEffect::kNoSchedule;
  bool operator==(const Toleration&) const = default;
};

// A job's wishes. Interned: a thousand jobs made from one template share one.
struct JobSpec {
  Resources request;                   // of one pod
  int32_t parallelism = 1;             // pods that run at once
  std::vector<SelectorTerm> required;  // ORed; empty = any cluster
  std::vector<PreferredTerm> preferred;
  std::vector<Toleration> tolerations;
  int32_t priority = 0;  // higher goes first
  bool operator==(const JobSpec&) const = default;
};

// design.md 4.2. Uncertain and Fenced come with failover. The numbers are in stored records: do not
// change them.
enum class JobState : uint8_t {
  kQueued,      // no cluster yet
  kPlacing,     // a cluster is chosen; its copy is on the way
  kDispatched,  // the cluster has acknowledged the copy
  kRunning,     // the copy has started
  kUncertain,   // its cluster is out of reach
  kFenced,
  kRequeued,  // its epoch is given up: the copy is being withdrawn, then it queues again
  kCommitting,
  kDone,      // terminal result saved: Complete
  kFailed,    // terminal result saved: Failed
  kDeleting,  // deleted here; the copy is being withdrawn
};

}  // namespace fairway::scheduler
