#include <string>

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/job_rules.h"
#include "clusters/kube/kinds/metadata.h"
#include "clusters/kube/kinds/names.h"
#include "clusters/kube/kinds/pod_spec.h"
#include "clusters/kube/selector.h"

namespace fairway::kube {
namespace {

constexpr int64_t kIndexedParallelismMax = 100'000;
constexpr int64_t kFailedIndexesMax = 100'000;
// Above this many completions, per-index backoff is limited further.
constexpr int64_t kManyCompletions = 100'000;
constexpr int64_t kManyParallelismMax = 10'000;
constexpr int64_t kManyFailedIndexesMax = 10'000;
constexpr size_t kManagedByMax = 63;

void ValidateHasLabel(const Object& job, std::string_view key, std::string_view wanted,
                      FieldErrors& errors) {
  static constexpr FieldPath kLabels("spec.template.metadata.labels");
  const Object* labels = GetObject(job, {"spec", "template", "metadata", "labels"});
  const Value* value = labels == nullptr ? nullptr : Find(*labels, key);
  const std::string detail = "must be '" + std::string(wanted) + "'";
  if (value == nullptr) {
    errors.Required(kLabels.Key(key), detail);
  } else if (TextOf(*value) != wanted) {
    errors.Invalid(kLabels.Key(key), *labels, detail);
  }
}

// The selector that Fairway made, or a user's copy of it, must pick this Job's pods and no others.
void ValidateGeneratedSelector(const Object& job, FieldErrors& errors) {
  const Object& spec = ObjectOrEmpty(job, "spec");
  const Object* selector = GetObject(spec, {"selector"});
  if (Get<bool>(spec, {"manualSelector"}).value_or(false) || selector == nullptr) return;
  const std::string_view uid = GetString(job, {"metadata", "uid"});
  const std::string_view name = GetString(job, {"metadata", "name"});
  if (uid.empty()) errors.Required(FieldPath("metadata.uid"));
  ValidateHasLabel(job, kLabelControllerUidOld, uid, errors);
  ValidateHasLabel(job, kLabelJobNameOld, name, errors);
  ValidateHasLabel(job, kLabelControllerUid, uid, errors);
  ValidateHasLabel(job, kLabelJobName, name, errors);
  const Object expected = {{kLabelControllerUid, uid},
                           {kLabelJobName, name},
                           {kLabelControllerUidOld, uid},
                           {kLabelJobNameOld, name}};
  const Result<LabelSelector> parsed = LabelSelector::FromObject(*selector);
  if (parsed && !parsed->Matches(&expected)) {
    errors.Invalid(kSpec.Child("selector"), *selector, "`selector` not auto-generated");
  }
}

void ValidateAmounts(const Object& spec, FieldErrors& errors) {
  for (const char* key : {"parallelism", "completions", "activeDeadlineSeconds", "backoffLimit",
                          "ttlSecondsAfterFinished", "backoffLimitPerIndex", "maxFailedIndexes"}) {
    if (const auto amount = GetInt(spec, key)) errors.NonNegative(kSpec.Child(key), *amount);
  }
  if (IsSet(spec, "maxFailedIndexes") && !IsSet(spec, "backoffLimitPerIndex")) {
    errors.Required(kSpec.Child("backoffLimitPerIndex"), "when maxFailedIndexes is specified");
  }
  const Value* managed_by = Find(spec, "managedBy");
  if (managed_by != nullptr && managed_by->is_string()) {
    const std::string_view text(managed_by->get_string());
    ValidateDomainPrefixedPath(text, kSpec.Child("managedBy"), errors);
    if (text.size() > kManagedByMax) errors.TooLong(kSpec.Child("managedBy"), kManagedByMax);
  }
}

// Per-index backoff keeps every failed index in the status, so large Jobs must stay small
// otherwise.
void ValidateManyCompletions(const Object& spec, FieldErrors& errors) {
  const auto completions = GetInt(spec, "completions");
  if (!completions || *completions <= kManyCompletions || !IsSet(spec, "backoffLimitPerIndex")) {
    return;
  }
  const auto parallelism = GetInt(spec, "parallelism");
  const auto max_failed = GetInt(spec, "maxFailedIndexes");
  const char* why = " when completions are above 100000 and used with backoff limit per index";
  if (!max_failed) {
    errors.Required(kSpec.Child("maxFailedIndexes"),
                    "must be specified when completions is above 100000");
  }
  if (parallelism && *parallelism > kManyParallelismMax) {
    errors.Invalid(kSpec.Child("parallelism"), *parallelism,
                   std::string("must be less than or equal to 10000") + why);
  }
  if (max_failed && *max_failed > kManyFailedIndexesMax) {
    errors.Invalid(kSpec.Child("maxFailedIndexes"), *max_failed,
                   std::string("must be less than or equal to 10000") + why);
  }
}

void ValidateIndexed(const Object& spec, FieldErrors& errors) {
  const auto completions = GetInt(spec, "completions");
  const auto parallelism = GetInt(spec, "parallelism");
  const auto max_failed = GetInt(spec, "maxFailedIndexes");
  if (!completions) errors.Required(kSpec.Child("completions"), "when completion mode is Indexed");
  if (parallelism && *parallelism > kIndexedParallelismMax) {
    errors.Invalid(kSpec.Child("parallelism"), *parallelism,
                   "must be less than or equal to 100000 when completion mode is Indexed");
  }
  if (completions && max_failed && *max_failed > *completions) {
    errors.Invalid(kSpec.Child("maxFailedIndexes"), *max_failed,
                   "must be less than or equal to completions");
  }
  if (max_failed && *max_failed > kFailedIndexesMax) {
    errors.Invalid(kSpec.Child("maxFailedIndexes"), *max_failed,
                   "must be less than or equal to 100000");
  }
  ValidateManyCompletions(spec, errors);
}

void ValidateCompletionMode(const Object& spec, FieldErrors& errors) {
  const std::string_view mode = GetString(spec, {"completionMode"});
  if (IsSet(spec, "completionMode") && mode != "NonIndexed" && mode != "Indexed") {
    errors.Unsupported(kSpec.Child("completionMode"), mode, {"NonIndexed", "Indexed"});
  }
  if (mode == "Indexed") ValidateIndexed(spec, errors);
  if (IsSet(spec, "completionMode") && mode != "NonIndexed") return;
  for (const char* key : {"backoffLimitPerIndex", "maxFailedIndexes"}) {
    if (const auto amount = GetInt(spec, key)) {
      errors.Invalid(kSpec.Child(key), *amount, "requires indexed completion mode");
    }
  }
}

void ValidatePodReplacement(const Object& spec, FieldErrors& errors) {
  const FieldPath path = kSpec.Child("podReplacementPolicy");
  if (!IsSet(spec, "podReplacementPolicy")) return;
  const std::string_view policy = GetString(spec, {"podReplacementPolicy"});
  if (IsSet(spec, "podFailurePolicy")) {
    if (policy != "Failed") errors.Unsupported(path, policy, {"Failed"});
  } else if (policy != "Failed" && policy != "TerminatingOrFailed") {
    errors.Unsupported(path, policy, {"Failed", "TerminatingOrFailed"});
  }
}

void ValidateJobRestartPolicy(const Object& spec, FieldErrors& errors) {
  static constexpr FieldPath kPath("spec.template.spec.restartPolicy");
  const std::string_view policy = GetString(spec, {"template", "spec", "restartPolicy"});
  if (policy.empty() || policy == "Always") {
    errors.Required(kPath, "valid values: \"OnFailure\", \"Never\"");
  } else if (policy != "OnFailure" && policy != "Never") {
    errors.Unsupported(kPath, policy, {"OnFailure", "Never"});
  } else if (IsSet(spec, "podFailurePolicy") && policy != "Never") {
    errors.Invalid(kPath, policy, "only \"Never\" is supported when podFailurePolicy is specified");
  }
}

void ValidateSelector(const Object& spec, FieldErrors& errors) {
  const Object* selector = GetObject(spec, {"selector"});
  const Object* labels = GetObject(spec, {"template", "metadata", "labels"});
  bool matches = false;  // no selector selects nothing
  if (selector == nullptr) {
    errors.Required(kSpec.Child("selector"));
  } else {
    ValidateLabelSelector(*selector, kSpec.Child("selector"), errors);
    const Result<LabelSelector> parsed = LabelSelector::FromObject(*selector);
    matches = !parsed || parsed->Matches(labels);
  }
  if (!matches) {
    const Value shown = labels == nullptr ? Value() : Value(*labels);
    errors.Invalid(FieldPath("spec.template.metadata.labels"), shown,
                   "`selector` does not match template `labels`");
  }
}

// The pods of an Indexed Job are named after their index, and that name is their hostname.
void ValidateHostnames(const Object& job, const Object& spec, FieldErrors& errors) {
  const int64_t completions = GetInt(spec, "completions").value_or(0);
  if (!IsIndexed(spec) || completions <= 0) return;
  const std::string_view name = GetString(job, {"metadata", "name"});
  const std::string last = std::string(name) + "-" + std::to_string(completions - 1);
  if (IsDnsLabel(last)) return;
  errors.Invalid(FieldPath("metadata.name"), name,
                 "will not able to create pod with invalid DNS label: " + last);
}

}  // namespace

bool IsIndexed(const Object& spec) { return GetString(spec, {"completionMode"}) == "Indexed"; }

void ValidateJob(const Object& job, FieldErrors& errors) {
  const Object& spec = ObjectOrEmpty(job, "spec");
  ValidateGeneratedSelector(job, errors);
  ValidateAmounts(spec, errors);
  ValidateCompletionMode(spec, errors);
  if (IsSet(spec, "podFailurePolicy")) {
    ValidatePodFailurePolicy(spec, kSpec.Child("podFailurePolicy"), errors);
  }
  if (const Object* policy = GetObject(spec, {"successPolicy"})) {
    if (IsIndexed(spec)) {
      ValidateSuccessPolicy(spec, kSpec.Child("successPolicy"), errors);
    } else {
      errors.Invalid(kSpec.Child("successPolicy"), *policy, "requires indexed completion mode");
    }
  }
  ValidatePodReplacement(spec, errors);
  ValidatePodTemplate(ObjectOrEmpty(spec, "template"), kSpec.Child("template"), errors);
  ValidateJobRestartPolicy(spec, errors);
  ValidateSelector(spec, errors);
  ValidateHostnames(job, spec, errors);
}

}  // namespace fairway::kube
