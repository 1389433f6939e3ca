// spec.split of a PlacementPolicy and what of a Job decides whether it may be split. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "clusters/kube/field_errors.h"
#include "clusters/kube/json.h"
#include "scheduler/split/split.h"

namespace fairway::kube {

// None or one. `job` is validated and defaulted; `policy` may be null.
std::vector<scheduler::SplitWish> SplitFrom(const Object& job, const Object* policy);

// "" or what is wrong with the annotation fairway.flext.sh/split.
std::string_view SplitProblem(std::string_view text);

// Of a PlacementPolicySpec.
void ValidateSplit(const Object& spec, FieldErrors& errors);

}  // namespace fairway::kube
