// The rules of PlacementPolicySpec's fields beside cluster affinity and tolerations.
#include <charconv>
#include <string>

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/metadata.h"
#include "clusters/kube/kinds/names.h"
#include "clusters/kube/kinds/placement_rules.h"

namespace fairway::kube {
namespace {

constexpr size_t kTermsMax = 16;  // of each list; a policy is read for every placement

bool IsInteger(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

void ValidateRequirement(const Object& requirement, const FieldPath& path, FieldErrors& errors) {
  const std::string_view op = GetString(requirement, {"operator"});
  const FieldPath at_values = path.Child("values");
  const size_t count = CountItems(requirement, "values");
  if (op == "In" || op == "NotIn") {
    if (count == 0) {
      errors.Required(at_values, "must be specified when `operator` is 'In' or 'NotIn'");
    }
  } else if (op == "Exists" || op == "DoesNotExist") {
    if (count > 0) {
      errors.Forbidden(at_values,
                       "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    }
  } else if (op == "Gt" || op == "Lt") {
    if (count != 1) {
      errors.Required(at_values, "must be specified single value when `operator` is 'Lt' or 'Gt'");
    }
  } else {
    errors.Unsupported(path.Child("operator"), op,
                       {"In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"});
  }
  ValidateLabelKey(GetString(requirement, {"key"}), path.Child("key"), errors);
  ForEachText(requirement, "values", [&](std::string_view value, size_t i) {
    if (op == "Gt" || op == "Lt") {
      if (!IsInteger(value)) {
        errors.Invalid(at_values.Index(i), value,
                       "must be an integer when `operator` is 'Lt' or 'Gt'");
      }
    } else {
      errors.InvalidAll(at_values.Index(i), value, LabelValueProblems(value));
    }
  });
}

void ValidateCount(const Object& holder, std::string_view list, size_t most, const FieldPath& path,
                   FieldErrors& errors) {
  const size_t count = CountItems(holder, list);
  if (count > most) {
    errors.Invalid(path, static_cast<int64_t>(count),
                   "must have at most " + std::to_string(most) + " items");
  }
}

void ValidateWeight(const Object& holder, const FieldPath& path, FieldErrors& errors) {
  const int64_t weight = GetInt(holder, "weight").value_or(0);
  if (weight < 1 || weight > 100) {
    errors.Invalid(path.Child("weight"), weight, "must be in the range 1-100");
  }
}

void ValidateTopology(const Object& holder, const FieldPath& path, FieldErrors& errors) {
  const std::string_view key = GetString(holder, {"topologyKey"});
  if (key.empty()) {
    errors.Required(path.Child("topologyKey"), "cluster, zone, region, provider, or a label key");
  } else {
    ValidateLabelKey(key, path.Child("topologyKey"), errors);
  }
}

void ValidateJobs(const Object& holder, const FieldPath& path, FieldErrors& errors) {
  if (const Object* selector = GetObject(holder, {"jobSelector"})) {
    ValidateLabelSelector(*selector, path.Child("jobSelector"), errors);
  }
}

void ValidateJobAffinity(const Object& spec, const char* field, FieldErrors& errors) {
  const Object& affinity = ObjectOrEmpty(spec, field);
  const FieldPath path = kSpec.Child(field);
  const FieldPath at_required = path.Child("required");
  const FieldPath at_preferred = path.Child("preferred");
  ValidateCount(affinity, "required", kTermsMax, at_required, errors);
  ValidateCount(affinity, "preferred", kTermsMax, at_preferred, errors);
  ForEachObject(affinity, "required", [&](const Object& term, size_t i) {
    const FieldPath at = at_required.Index(i);
    ValidateJobs(term, at, errors);
    ValidateTopology(term, at, errors);
  });
  ForEachObject(affinity, "preferred", [&](const Object& each, size_t i) {
    const FieldPath at = at_preferred.Index(i);
    const FieldPath at_term = at.Child("jobAffinityTerm");
    const Object& term = ObjectOrEmpty(each, "jobAffinityTerm");
    ValidateWeight(each, at, errors);
    ValidateJobs(term, at_term, errors);
    ValidateTopology(term, at_term, errors);
  });
}

void ValidateGroups(const Object& spec, FieldErrors& errors) {
  const FieldPath list = kSpec.Child("clusterGroups");
  ValidateCount(spec, "clusterGroups", static_cast<size_t>(scheduler::kGroupsMax), list, errors);
  ForEachObject(spec, "clusterGroups", [&](const Object& group, size_t i) {
    const FieldPath at = list.Index(i);
    const std::string_view name = GetString(group, {"name"});
    errors.InvalidAll(at.Child("name"), name, LabelValueProblems(name));
    const FieldPath terms = at.Child("required");
    if (CountItems(group, "required") == 0) {
      errors.Required(terms, "a group without terms has no clusters");
    }
    ForEachObject(group, "required", [&](const Object& term, size_t t) {
      ValidateTerm(term, terms.Index(t), errors);
    });
  });
}

void ValidateSpread(const Object& spec, FieldErrors& errors) {
  const FieldPath list = kSpec.Child("spread");
  ValidateCount(spec, "spread", kTermsMax, list, errors);
  ForEachObject(spec, "spread", [&](const Object& each, size_t i) {
    const FieldPath at = list.Index(i);
    const int64_t skew = GetInt(each, "maxSkew").value_or(0);
    if (skew <= 0) errors.Invalid(at.Child("maxSkew"), skew, "must be greater than zero");
    const std::string_view when = GetString(each, {"whenUnsatisfiable"});
    if (!when.empty() && when != "DoNotSchedule" && when != "ScheduleAnyway") {
      errors.Unsupported(at.Child("whenUnsatisfiable"), when, {"DoNotSchedule", "ScheduleAnyway"});
    }
    ValidateJobs(each, at, errors);
    ValidateTopology(each, at, errors);
  });
}

void ValidateDatasets(const Object& spec, FieldErrors& errors) {
  const Object& datasets = ObjectOrEmpty(spec, "datasets");
  const FieldPath path = kSpec.Child("datasets");
  const FieldPath at_required = path.Child("required");
  const FieldPath at_preferred = path.Child("preferred");
  ValidateCount(datasets, "required", kTermsMax, at_required, errors);
  ValidateCount(datasets, "preferred", kTermsMax, at_preferred, errors);
  ForEachText(datasets, "required", [&](std::string_view name, size_t i) {
    ValidateDatasetName(name, at_required.Index(i), errors);
  });
  ForEachObject(datasets, "preferred", [&](const Object& each, size_t i) {
    const FieldPath at = at_preferred.Index(i);
    ValidateDatasetName(GetString(each, {"name"}), at.Child("name"), errors);
    ValidateWeight(each, at, errors);
  });
}

void ValidateScoring(const Object& spec, FieldErrors& errors) {
  const FieldPath path = kSpec.Child("scoring");
  for (const auto& [key, value] : ObjectOrEmpty(spec, "scoring")) {
    if (!value.is_int64()) continue;
    if (value.get_int64() < 0 || value.get_int64() > scheduler::kWeightMax) {
      errors.Invalid(path.Child(key), value.get_int64(), "must be in the range 0-10000");
    }
  }
}

}  // namespace

void ValidateTerm(const Object& term, const FieldPath& path, FieldErrors& errors) {
  const FieldPath list = path.Child("matchExpressions");
  if (CountItems(term, "matchExpressions") == 0) {
    errors.Required(list, "a term without requirements matches no cluster");
  }
  ForEachObject(term, "matchExpressions", [&](const Object& requirement, size_t i) {
    ValidateRequirement(requirement, list.Index(i), errors);
  });
}

void ValidateDatasetName(std::string_view name, const FieldPath& path, FieldErrors& errors) {
  if (name.empty()) {
    errors.Required(path);
  } else {
    errors.InvalidAll(path, name, SubdomainProblems(name));
  }
}

void ValidatePlacementRules(const Object& spec, FieldErrors& errors) {
  ValidateGroups(spec, errors);
  ValidateJobAffinity(spec, "jobAffinity", errors);
  ValidateJobAffinity(spec, "jobAntiAffinity", errors);
  ValidateSpread(spec, errors);
  ValidateDatasets(spec, errors);
  ValidateScoring(spec, errors);
}

}  // namespace fairway::kube
