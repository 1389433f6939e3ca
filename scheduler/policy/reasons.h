// Words for verdicts: the reason for programs, the message for people, and the nearest change that
// would let a cluster take the job. Cold: runs when somebody asks, or once per decision.
#pragma once

#include <string>
#include <string_view>

#include "scheduler/policy/judge.h"

namespace fairway::scheduler {

// Now: against what is free. Empty: against what the empty cluster has.
enum class Against : uint8_t { kNow, kEmpty };

std::string_view ReasonOf(Verdict verdict);
// "needs 4 cpu, 1500m is free", about one cluster that gave this verdict.
std::string MessageOf(Verdict verdict, const Judge& judge, const ClusterState& cluster,
                      Against against);
// A taint as kubectl writes it: key=value:Effect.
std::string TaintText(const Taint& taint);
// What would open a cluster that takes nothing new: "uncordoned".
inline std::string OpenedWord(const ClusterSpec& spec) {
  if (spec.drain.mode == DrainMode::kNone) return "uncordoned";
  return spec.cordoned ? "undrained and uncordoned" : "undrained";
}
// How short an insufficient cluster is, in the unit of what is missing first; to pick the least
// short of several.
int64_t MissingAmount(const Judge& judge, const ClusterState& cluster, Against against);

// The change that is least trouble and, made alone, lets some cluster take the job now: "fits if
// cluster b is uncordoned". "" when no single change would.
std::string NearestChange(const World& world, const Judge& judge);

}  // namespace fairway::scheduler
