// How terms of the core are written in documents. Pure.
#pragma once

#include <string_view>

#include "scheduler/job_terms.h"
#include "scheduler/resources.h"

namespace fairway::kube {

// Validated before: any other text is NoSchedule.
inline scheduler::TaintEffect TaintEffectFrom(std::string_view text) {
  if (text == "PreferNoSchedule") return scheduler::TaintEffect::kPreferNoSchedule;
  if (text == "NoExecute") return scheduler::TaintEffect::kNoExecute;
  return scheduler::TaintEffect::kNoSchedule;
}

inline std::string_view TaintEffectName(scheduler::TaintEffect effect) {
  switch (effect) {
    case scheduler::TaintEffect::kNoSchedule:
      return "NoSchedule";
    case scheduler::TaintEffect::kPreferNoSchedule:
      return "PreferNoSchedule";
    case scheduler::TaintEffect::kNoExecute:
      return "NoExecute";
  }
  return "NoSchedule";
}

// In the unit that the core counts in: thousandths of a core, whole units of everything else.
inline Result<int64_t> ParseAmount(std::string_view resource, std::string_view text) {
  return resource == "cpu" ? scheduler::ParseQuantityMilli(text) : scheduler::ParseQuantity(text);
}

}  // namespace fairway::kube
