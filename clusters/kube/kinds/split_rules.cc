#include "clusters/kube/kinds/split_rules.h"

#include <algorithm>
#include <limits>

#include "clusters/kube/kinds/fields.h"
#include "scheduler/ids.h"
#include "scheduler/names.h"

namespace fairway::kube {
namespace {

using scheduler::SplitBar;

constexpr FieldPath kSplit("spec.split");
constexpr int64_t kBackoffDefault = 6;

int32_t Clamped(int64_t number) {
  return static_cast<int32_t>(std::clamp<int64_t>(number, 0, std::numeric_limits<int32_t>::max()));
}

SplitBar BarOf(const Object& job, const Object& spec) {
  if (GetString(spec, {"completionMode"}) != "Indexed") return SplitBar::kNotIndexed;
  if (GetString(job, {"metadata", "annotations", names::kAnnotationSplit}) == "false") {
    return SplitBar::kOptedOut;
  }
  if (IsSet(spec, "podFailurePolicy")) return SplitBar::kPodFailures;
  if (IsSet(spec, "successPolicy")) return SplitBar::kSuccess;
  if (IsSet(spec, "backoffLimitPerIndex")) return SplitBar::kPerIndex;
  return SplitBar::kNone;
}

}  // namespace

std::vector<scheduler::SplitWish> SplitFrom(const Object& job, const Object* policy) {
  const Object* split = policy == nullptr ? nullptr : GetObject(*policy, {"spec", "split"});
  if (split == nullptr) return {};
  const Object& spec = ObjectOrEmpty(job, "spec");
  scheduler::SplitWish wish;
  wish.mode = GetString(*split, {"mode"}) == "Always" ? scheduler::SplitMode::kAlways
                                                      : scheduler::SplitMode::kWhenNeeded;
  wish.bar = BarOf(job, spec);
  wish.min_indexes = Clamped(GetInt(*split, "minIndexes").value_or(1));
  wish.max_clusters = Clamped(GetInt(*split, "maxClusters").value_or(0));
  // Of a job that is not split anyway, nothing that would tell it from its likes.
  if (wish.bar == SplitBar::kNone) {
    wish.completions = Clamped(GetInt(spec, "completions").value_or(0));
    wish.backoff_limit = Clamped(GetInt(spec, "backoffLimit").value_or(kBackoffDefault));
  }
  return {wish};
}

std::string_view SplitProblem(std::string_view text) {
  return text.empty() || text == "true" || text == "false" ? "" : "must be true or false";
}

void ValidateSplit(const Object& spec, FieldErrors& errors) {
  const Object* split = GetObject(spec, {"split"});
  if (split == nullptr) return;
  const std::string_view mode = GetString(*split, {"mode"});
  if (!mode.empty() && mode != "WhenNeeded" && mode != "Always") {
    errors.Unsupported(kSplit.Child("mode"), mode, {"Always", "WhenNeeded"});
  }
  const std::optional<int64_t> indexes = GetInt(*split, "minIndexes");
  if (indexes && *indexes < 1) {
    errors.Invalid(kSplit.Child("minIndexes"), *indexes, "must be greater than zero");
  }
  const std::optional<int64_t> clusters = GetInt(*split, "maxClusters");
  constexpr auto kMost = static_cast<int64_t>(kShardsMax);
  if (clusters && (*clusters < 2 || *clusters > kMost)) {
    errors.Invalid(kSplit.Child("maxClusters"), *clusters, "must be in the range 2-64");
  }
}

}  // namespace fairway::kube
