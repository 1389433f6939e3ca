#include <charconv>
#include <set>
#include <string>

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/job_rules.h"
#include "clusters/kube/kinds/names.h"

namespace fairway::kube {
namespace {

constexpr size_t kFailureRulesMax = 20;
constexpr size_t kExitCodesMax = 255;
constexpr size_t kPodConditionsMax = 20;
constexpr size_t kSuccessRulesMax = 20;
constexpr size_t kIndexesTextMax = 64 * 1024;

void ValidateAction(const Object& spec, std::string_view action, const FieldPath& path,
                    FieldErrors& errors) {
  if (action.empty()) {
    errors.Required(path,
                    "valid values: " + GoQuoteList({"Count", "FailIndex", "FailJob", "Ignore"}));
  } else if (action == "FailIndex") {
    if (!IsSet(spec, "backoffLimitPerIndex")) {
      errors.Invalid(path, action, "requires the backoffLimitPerIndex to be set");
    }
  } else if (action != "Count" && action != "FailJob" && action != "Ignore") {
    errors.Unsupported(path, action, {"Count", "FailIndex", "FailJob", "Ignore"});
  }
}

bool HasContainer(const Object& spec, std::string_view name) {
  const Object* pod = GetObject(spec, {"template", "spec"});
  bool found = false;
  for (const char* list : {"containers", "initContainers"}) {
    if (pod == nullptr) break;
    ForEachObject(*pod, list, [&](const Object& container, size_t) {
      found |= GetString(container, {"name"}) == name;
    });
  }
  return found;
}

void ValidateExitCodeValues(const Object& codes, std::string_view op, const FieldPath& path,
                            FieldErrors& errors) {
  const Array* values = GetArray(codes, {"values"});
  if (values == nullptr || values->empty()) {
    const Value* shown = Find(codes, "values");
    return errors.Invalid(path, shown, "at least one value is required");
  }
  if (values->size() > kExitCodesMax) errors.TooMany(path, values->size(), kExitCodesMax);
  std::set<int64_t> seen;
  bool ordered = true;
  int64_t previous = std::numeric_limits<int64_t>::min();
  for (size_t i = 0; i < values->size(); ++i) {
    const int64_t* code = (*values)[i].if_int64();
    if (code == nullptr) continue;
    if (op == "In" && *code == 0) {
      errors.Invalid(path.Index(i), *code, "must not be 0 for the In operator");
    }
    if (!seen.insert(*code).second) errors.Duplicate(path.Index(i), *code);
    ordered &= previous <= *code;
    previous = *code;
  }
  if (!ordered) errors.Invalid(path, *values, "must be ordered");
}

void ValidateExitCodes(const Object& spec, const Object& codes, const FieldPath& path,
                       FieldErrors& errors) {
  const std::string_view op = GetString(codes, {"operator"});
  if (op.empty()) {
    errors.Required(path.Child("operator"), "valid values: " + GoQuoteList({"In", "NotIn"}));
  } else if (op != "In" && op != "NotIn") {
    errors.Unsupported(path.Child("operator"), op, {"In", "NotIn"});
  }
  const Value* container = Find(codes, "containerName");
  if (container != nullptr && container->is_string() && !HasContainer(spec, TextOf(*container))) {
    errors.Invalid(path.Child("containerName"), *container,
                   "must be one of the container or initContainer names in the pod template");
  }
  ValidateExitCodeValues(codes, op, path.Child("values"), errors);
}

void ValidatePodConditions(const Object& rule, const FieldPath& path, FieldErrors& errors) {
  const size_t count = CountItems(rule, "onPodConditions");
  if (count > kPodConditionsMax) errors.TooMany(path, count, kPodConditionsMax);
  ForEachObject(rule, "onPodConditions", [&](const Object& pattern, size_t i) {
    const FieldPath at = path.Index(i);
    const std::string_view type = GetString(pattern, {"type"});
    for (const std::string& problem : LabelKeyProblems(type)) {
      errors.Invalid(at.Child("type"), type, problem);
    }
    const std::string_view status = GetString(pattern, {"status"});
    if (status.empty()) {
      errors.Required(at.Child("status"),
                      "valid values: " + GoQuoteList({"False", "True", "Unknown"}));
    } else if (status != "False" && status != "True" && status != "Unknown") {
      errors.Unsupported(at.Child("status"), status, {"False", "True", "Unknown"});
    }
  });
}

void ValidateSuccessRule(const Object& rule, int64_t completions, const FieldPath& path,
                         FieldErrors& errors) {
  const Value* indexes = Find(rule, "succeededIndexes");
  if (indexes != nullptr && !indexes->is_string()) indexes = nullptr;
  const auto count = GetInt(rule, "succeededCount");
  if (indexes == nullptr && !count) {
    errors.Required(path, "at least one of succeededCount or succeededIndexes must be specified");
  }
  int64_t total = 0;
  if (indexes != nullptr) {
    const FieldPath at = path.Child("succeededIndexes");
    if (TextOf(*indexes).size() > kIndexesTextMax) errors.TooLong(at, kIndexesTextMax);
    const Result<std::vector<IndexRange>> ranges = ParseIndexes(TextOf(*indexes), completions);
    if (ranges) {
      total = CountIndexes(*ranges);
    } else {
      errors.Invalid(at, *indexes, "error parsing succeededIndexes: " + ranges.error().message);
    }
  }
  if (!count) return;
  const FieldPath at = path.Child("succeededCount");
  errors.NonNegative(at, *count);
  if (*count > completions) {
    errors.Invalid(at, *count,
                   "must be less than or equal to " + std::to_string(completions) +
                       " (the number of specified completions)");
  }
  if (indexes != nullptr && *count > total) {
    errors.Invalid(at, *count,
                   "must be less than or equal to " + std::to_string(total) +
                       " (the number of indexes in the specified succeededIndexes field)");
  }
}

Error ParseError(std::string message) { return Error{.code = 422, .message = std::move(message)}; }

Result<int64_t> ParseIndex(std::string_view text, int64_t completions) {
  int64_t index = 0;
  // Go's Atoi takes a sign.
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
    return Fail(ParseError("cannot convert string to integer for index: " + GoQuote(text)));
  }
  if (index >= completions) return Fail(ParseError("too large index: " + GoQuote(text)));
  return index;
}

Error OrderError(int64_t previous, int64_t current) {
  return ParseError("non-increasing order, previous: " + std::to_string(previous) +
                    ", current: " + std::to_string(current));
}

}  // namespace

Result<std::vector<IndexRange>> ParseIndexes(std::string_view text, int64_t completions) {
  std::vector<IndexRange> ranges;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    const size_t dash = part.find('-');
    if (dash != std::string_view::npos && part.find('-', dash + 1) != std::string_view::npos) {
      return Fail(ParseError("the fragment " + GoQuote(part) +
                             " violates the requirement that an index interval can have at most "
                             "two parts separated by '-'"));
    }
    const Result<int64_t> first = ParseIndex(part.substr(0, dash), completions);
    if (!first) return Fail(first.error());
    IndexRange range{*first, *first};
    if (dash != std::string_view::npos) {
      const Result<int64_t> last = ParseIndex(part.substr(dash + 1), completions);
      if (!last) return Fail(last.error());
      range.last = *last;
      if (range.first >= range.last) return Fail(OrderError(range.first, range.last));
    }
    if (!ranges.empty() && ranges.back().last >= range.first) {
      return Fail(OrderError(ranges.back().last, range.first));
    }
    ranges.push_back(range);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
    if (text.empty()) return Fail(ParseIndex("", completions).error());
  }
  return ranges;
}

int64_t CountIndexes(const std::vector<IndexRange>& ranges) {
  int64_t count = 0;
  for (const IndexRange& range : ranges) count += range.last - range.first + 1;
  return count;
}

void ValidatePodFailurePolicy(const Object& spec, const FieldPath& path, FieldErrors& errors) {
  const Object& policy = ObjectOrEmpty(spec, "podFailurePolicy");
  const FieldPath rules = path.Child("rules");
  const size_t count = CountItems(policy, "rules");
  if (count > kFailureRulesMax) errors.TooMany(rules, count, kFailureRulesMax);
  ForEachObject(policy, "rules", [&](const Object& rule, size_t i) {
    const FieldPath at = rules.Index(i);
    ValidateAction(spec, GetString(rule, {"action"}), at.Child("action"), errors);
    const Object* codes = GetObject(rule, {"onExitCodes"});
    const bool conditions = CountItems(rule, "onPodConditions") > 0;
    if (codes != nullptr) ValidateExitCodes(spec, *codes, at.Child("onExitCodes"), errors);
    if (conditions) ValidatePodConditions(rule, at.Child("onPodConditions"), errors);
    if (codes != nullptr && conditions) {
      errors.InvalidOmitted(at, "specifying both OnExitCodes and OnPodConditions is not supported");
    }
    if (codes == nullptr && !conditions) {
      errors.InvalidOmitted(at, "specifying one of OnExitCodes and OnPodConditions is required");
    }
  });
}

void ValidateSuccessPolicy(const Object& spec, const FieldPath& path, FieldErrors& errors) {
  const Object& policy = ObjectOrEmpty(spec, "successPolicy");
  const FieldPath rules = path.Child("rules");
  const size_t count = CountItems(policy, "rules");
  if (count == 0) {
    errors.Required(rules,
                    "at least one rules must be specified when the successPolicy is specified");
  }
  if (count > kSuccessRulesMax) errors.TooMany(rules, count, kSuccessRulesMax);
  const int64_t completions = GetInt(spec, "completions").value_or(0);
  ForEachObject(policy, "rules", [&](const Object& rule, size_t i) {
    ValidateSuccessRule(rule, completions, rules.Index(i), errors);
  });
}

}  // namespace fairway::kube
