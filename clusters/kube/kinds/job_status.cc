// The rules of a Job's status. Most hold only for what a write changes, so that a status which
// broke a rule earlier (after a scale-down, say) can still be mended step by step.
#include <algorithm>
#include <string>

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/job_rules.h"
#include "clusters/kube/time.h"

namespace fairway::kube {
namespace {

bool ConditionIs(const Object& job, std::string_view type, std::string_view wanted) {
  const Object* status = GetObject(job, {"status"});
  if (status == nullptr) return false;
  bool found = false;
  ForEachObject(*status, "conditions", [&](const Object& condition, size_t) {
    found |= GetString(condition, {"type"}) == type && GetString(condition, {"status"}) == wanted;
  });
  return found;
}

// One side of the comparison.
struct View {
  explicit View(const Object& job)
      : spec(ObjectOrEmpty(job, "spec")),
        status(ObjectOrEmpty(job, "status")),
        complete(HasJobCondition(job, "Complete")),
        failed(HasJobCondition(job, "Failed")),
        failure_target(HasJobCondition(job, "FailureTarget")),
        criteria_met(HasJobCondition(job, "SuccessCriteriaMet")) {}

  bool finished() const { return complete || failed; }
  int64_t Count(std::string_view key) const { return GetInt(status, key).value_or(0); }

  const Object& spec;
  const Object& status;
  bool complete, failed, failure_target, criteria_met;
};

bool Changed(const View& now, const View& old, std::string_view key) {
  const Value* left = Find(now.status, key);
  const Value* right = Find(old.status, key);
  const bool left_unset = left == nullptr || left->is_null();
  const bool right_unset = right == nullptr || right->is_null();
  if (left_unset || right_unset) return left_unset != right_unset;
  return !Equal(*left, *right);
}

bool CountChanged(const View& now, const View& old, std::string_view key) {
  return now.Count(key) != old.Count(key);
}

void ValidateCounts(const View& now, FieldErrors& errors) {
  for (const char* key : {"active", "succeeded", "failed", "ready", "terminating"}) {
    errors.NonNegative(kStatus.Child(key), now.Count(key));
  }
  const Object* uncounted = GetObject(now.status, {"uncountedTerminatedPods"});
  if (uncounted == nullptr) return;
  const FieldPath path = kStatus.Child("uncountedTerminatedPods");
  std::vector<std::string_view> seen;
  for (const char* key : {"succeeded", "failed"}) {
    const FieldPath list = path.Child(key);
    ForEachText(*uncounted, key, [&](std::string_view uid, size_t i) {
      if (uid.empty()) {
        errors.Invalid(list.Index(i), uid, "must not be empty");
      } else if (std::find(seen.begin(), seen.end(), uid) != seen.end()) {
        errors.Duplicate(list.Index(i), uid);
      } else {
        seen.push_back(uid);
      }
    });
  }
}

void ValidateTerminalTimes(const View& now, const View& old, FieldErrors& errors) {
  const FieldPath conditions = kStatus.Child("conditions");
  const FieldPath completion = kStatus.Child("completionTime");
  const bool complete_changed = now.complete != old.complete;
  const bool failed_changed = now.failed != old.failed;
  const bool completion_changed = Changed(now, old, "completionTime");
  const bool start_changed = Changed(now, old, "startTime");
  if ((complete_changed || failed_changed) && now.complete && now.failed) {
    errors.InvalidOmitted(conditions, "cannot set Complete=True and Failed=true conditions");
  }
  if ((complete_changed || now.failure_target != old.failure_target) && now.complete &&
      now.failure_target) {
    errors.InvalidOmitted(conditions, "cannot set Complete=True and FailureTarget=true conditions");
  }
  const Value* completed_at =
      IsSet(now.status, "completionTime") ? Find(now.status, "completionTime") : nullptr;
  if ((complete_changed || completion_changed) && completed_at != nullptr && !now.complete) {
    errors.Invalid(completion, *completed_at,
                   "cannot set completionTime when there is no Complete=True condition");
  }
  if ((complete_changed || completion_changed) && completed_at == nullptr && now.complete) {
    errors.Required(completion, "completionTime is required for Complete jobs");
  }
  const auto started = ParseTime(GetString(now.status, {"startTime"}));
  const auto ended = ParseTime(GetString(now.status, {"completionTime"}));
  if ((start_changed || completion_changed) && started && ended && *ended < *started) {
    errors.Invalid(completion, *completed_at, "must be equal to or after `startTime`");
  }
  if ((failed_changed || Changed(now, old, "failedIndexes")) && now.failed && !now.failure_target) {
    errors.InvalidOmitted(
        conditions, "cannot set Failed=True condition without the FailureTarget=true condition");
  }
  if ((complete_changed || now.criteria_met != old.criteria_met) && now.complete &&
      !now.criteria_met) {
    errors.InvalidOmitted(
        conditions,
        "cannot set Complete=True condition without the SuccessCriteriaMet=true condition");
  }
}

// A finished Job has started, and nothing of it is left over.
void ValidateFinished(const View& now, const View& old, FieldErrors& errors) {
  const bool finished_changed = now.finished() != old.finished();
  if (!now.finished()) return;
  if ((finished_changed || CountChanged(now, old, "active")) && now.Count("active") > 0) {
    errors.Invalid(kStatus.Child("active"), now.Count("active"),
                   "active>0 is invalid for finished job");
  }
  const bool suspended_with_nothing_to_do = Get<bool>(now.spec, {"suspend"}).value_or(false) &&
                                            GetInt(now.spec, "completions") == int64_t{0};
  if ((finished_changed || Changed(now, old, "startTime")) && !suspended_with_nothing_to_do &&
      !IsSet(now.status, "startTime")) {
    errors.Required(kStatus.Child("startTime"), "startTime is required for finished job");
  }
  const Object* uncounted = GetObject(now.status, {"uncountedTerminatedPods"});
  if ((finished_changed || Changed(now, old, "uncountedTerminatedPods")) && uncounted != nullptr &&
      CountItems(*uncounted, "failed") + CountItems(*uncounted, "succeeded") > 0) {
    errors.Invalid(kStatus.Child("uncountedTerminatedPods"), *uncounted,
                   "must be empty for finished job");
  }
}

void ValidateOverlap(std::string_view completed, std::string_view failed, int64_t completions,
                     FieldErrors& errors) {
  const auto left = ParseIndexes(completed, completions);
  const auto right = ParseIndexes(failed, completions);
  if (!left || !right) return;
  for (size_t i = 0, j = 0; i < left->size() && j < right->size();) {
    const IndexRange& a = (*left)[i];
    const IndexRange& b = (*right)[j];
    if (a.first <= b.last && b.first <= a.last) {
      return errors.Invalid(kStatus.Child("failedIndexes"), failed,
                            "failedIndexes and completedIndexes overlap at index: " +
                                std::to_string(std::max(a.first, b.first)));
    }
    (a.first <= b.first ? i : j) += 1;
  }
}

void ValidateIndexes(const View& now, const View& old, FieldErrors& errors) {
  const auto completions = GetInt(now.spec, "completions");
  const std::string_view completed = GetString(now.status, {"completedIndexes"});
  const std::string_view failed = GetString(now.status, {"failedIndexes"});
  const bool completed_changed = Changed(now, old, "completedIndexes");
  const bool failed_changed = Changed(now, old, "failedIndexes");
  const bool per_index = IsSet(now.spec, "backoffLimitPerIndex");
  const bool has_failed = IsSet(now.status, "failedIndexes");
  const auto check = [&](const char* key, std::string_view text) {
    const auto ranges = ParseIndexes(text, completions.value_or(0));
    if (ranges) return;
    errors.Invalid(kStatus.Child(key), text,
                   "error parsing " + std::string(key) + ": " + ranges.error().message);
  };
  if (completed_changed && completions) check("completedIndexes", completed);
  if (failed_changed && completions && per_index && has_failed) check("failedIndexes", failed);
  if (completed_changed && !completed.empty() && !IsIndexed(now.spec)) {
    errors.Invalid(kStatus.Child("completedIndexes"), completed,
                   "cannot set non-empty completedIndexes when non-indexed completion mode");
  }
  if (failed_changed && !per_index && has_failed) {
    errors.Invalid(kStatus.Child("failedIndexes"), failed,
                   "cannot set non-null failedIndexes when backoffLimitPerIndex is null");
  }
  if ((failed_changed || completed_changed) && completions && has_failed) {
    ValidateOverlap(completed, failed, *completions, errors);
  }
}

void ValidatePods(const View& now, const View& old, FieldErrors& errors) {
  if ((now.finished() != old.finished() || Changed(now, old, "terminating")) && now.finished() &&
      now.Count("terminating") > 0) {
    errors.Invalid(kStatus.Child("terminating"), now.Count("terminating"),
                   "terminating>0 is invalid for finished job");
  }
  if ((Changed(now, old, "ready") || CountChanged(now, old, "active")) &&
      now.Count("ready") > now.Count("active")) {
    errors.Invalid(kStatus.Child("ready"), now.Count("ready"),
                   "cannot set more ready pods than active");
  }
}

void ValidateTargets(const View& now, FieldErrors& errors) {
  const FieldPath conditions = kStatus.Child("conditions");
  if (now.criteria_met && now.failed) {
    errors.InvalidOmitted(conditions,
                          "cannot set SuccessCriteriaMet=True and Failed=true conditions");
  }
  if (now.criteria_met && now.failure_target) {
    errors.InvalidOmitted(conditions,
                          "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions");
  }
  if (IsSet(now.spec, "successPolicy") && !now.criteria_met && now.complete) {
    errors.InvalidOmitted(conditions,
                          "cannot set Complete=True for Job with SuccessPolicy unless "
                          "SuccessCriteriaMet=True");
  }
}

// What was true stays true.
void ValidateHistory(const View& now, const View& old, FieldErrors& errors) {
  const FieldPath conditions = kStatus.Child("conditions");
  const auto keep = [&](bool before, bool after, const char* type) {
    if (before && !after) {
      errors.InvalidOmitted(conditions,
                            "cannot disable the terminal " + std::string(type) + "=True condition");
    }
  };
  keep(old.failed, now.failed, "Failed");
  keep(old.complete, now.complete, "Complete");
  keep(old.failure_target, now.failure_target, "FailureTarget");
  if (now.Count("failed") < old.Count("failed")) {
    errors.Invalid(kStatus.Child("failed"), now.Count("failed"),
                   "cannot decrease the failed counter");
  }
  // An elastic Job that was scaled down has fewer successes.
  const bool elastic =
      IsIndexed(now.spec) && GetInt(now.spec, "completions") == GetInt(now.spec, "parallelism");
  if (!elastic && now.Count("succeeded") < old.Count("succeeded")) {
    errors.Invalid(kStatus.Child("succeeded"), now.Count("succeeded"),
                   "cannot decrease the succeeded counter");
  }
  if (IsSet(now.status, "completionTime") && IsSet(old.status, "completionTime")) {
    errors.Immutable(kStatus.Child("completionTime"), Find(now.status, "completionTime"),
                     Find(old.status, "completionTime"));
  }
}

}  // namespace

bool HasJobCondition(const Object& job, std::string_view type) {
  return ConditionIs(job, type, "True");
}

void ValidateJobStatus(const Object& job, const Object& old_job, FieldErrors& errors) {
  const View now(job);
  const View old(old_job);
  ValidateCounts(now, errors);
  ValidateTerminalTimes(now, old, errors);
  ValidateFinished(now, old, errors);
  ValidateIndexes(now, old, errors);
  ValidatePods(now, old, errors);
  ValidateTargets(now, errors);
  ValidateHistory(now, old, errors);
  const bool resuming =
      HasJobCondition(old_job, "Suspended") && ConditionIs(job, "Suspended", "False");
  if (Changed(now, old, "startTime") && !resuming && IsSet(old.status, "startTime") &&
      !Get<bool>(now.spec, {"suspend"}).value_or(false)) {
    errors.Invalid(kStatus.Child("startTime"), Find(now.status, "startTime"),
                   "field is immutable for unsuspended job once set");
  }
  const FieldPath conditions = kStatus.Child("conditions");
  if (old.criteria_met && !now.criteria_met) {
    errors.InvalidOmitted(conditions, "cannot disable the SuccessCriteriaMet=True condition");
  }
  if (old.complete && !old.criteria_met && now.criteria_met) {
    errors.InvalidOmitted(conditions,
                          "cannot set SuccessCriteriaMet=True for Job already has Complete=true "
                          "conditions");
  }
}

}  // namespace fairway::kube
