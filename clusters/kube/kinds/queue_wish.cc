// What a Job's labels and annotations ask of the queues.
#include <charconv>

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/kueue_names.h"
#include "clusters/kube/kinds/names.h"
#include "clusters/kube/kinds/queue_spec.h"

namespace fairway::kube {
namespace {

constexpr FieldPath kLabels("metadata.labels");
constexpr FieldPath kAnnotations("metadata.annotations");
constexpr FieldPath kTemplateAnnotations("spec.template.metadata.annotations");

// What Kueue reads there and Fairway does not do.
constexpr std::string_view kRefusedAnnotations[] = {
    "kueue.x-k8s.io/job-completions-equal-parallelism",
    "kueue.x-k8s.io/prebuilt-workload-name",
    "kueue.x-k8s.io/elastic-job",
    "kueue.x-k8s.io/priority-boost",
    "kueue.x-k8s.io/admission-gated-by",
};
constexpr std::string_view kRefusedPrefix = "provreq.kueue.x-k8s.io/";
constexpr std::string_view kRefusedLabel = "kueue.x-k8s.io/prebuilt-workload-name";
constexpr std::string_view kTopologyPrefix = "kueue.x-k8s.io/podset-";

bool IsRefused(std::string_view key, std::string_view value) {
  if (key.starts_with(kRefusedPrefix)) return true;
  for (const std::string_view each : kRefusedAnnotations) {
    if (key == each) return value != "false";
  }
  return false;
}

std::optional<int32_t> Integer(std::string_view text) {
  int32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

void RefuseUnknown(const Object& job, FieldErrors& errors) {
  const auto refuse = [&](const FieldPath& path) {
    errors.Forbidden(path, "not supported by Fairway");
  };
  for (const auto& [key, value] : ObjectOrEmpty(ObjectOrEmpty(job, "metadata"), "annotations")) {
    if (IsRefused(key, TextOf(value))) refuse(kAnnotations.Key(key));
  }
  if (!GetString(job, {"metadata", "labels", kRefusedLabel}).empty()) {
    refuse(kLabels.Key(kRefusedLabel));
  }
  const Object* annotations = GetObject(job, {"spec", "template", "metadata", "annotations"});
  if (annotations == nullptr) return;
  for (const auto& [key, value] : *annotations) {
    if (std::string_view(key).starts_with(kTopologyPrefix)) {
      errors.Forbidden(kTemplateAnnotations.Key(key),
                       "not supported by Fairway: there is no topology-aware scheduling");
    }
  }
}

}  // namespace

QueueWish QueueWishFrom(const Object& job, FieldErrors& errors) {
  QueueWish wish;
  const Object& labels = ObjectOrEmpty(ObjectOrEmpty(job, "metadata"), "labels");
  wish.queue = GetString(labels, {names::kLabelQueueName});
  wish.priority_class = GetString(labels, {names::kLabelPriorityClass});
  for (const std::string& problem :
       wish.queue.empty() ? Problems() : SubdomainProblems(wish.queue)) {
    errors.Invalid(kLabels.Key(names::kLabelQueueName), wish.queue, problem);
  }
  if (IsSet(labels, names::kLabelMaxExecTime)) {
    const std::string_view text = GetString(labels, {names::kLabelMaxExecTime});
    const std::optional<int32_t> seconds = Integer(text);
    const FieldPath at = kLabels.Key(names::kLabelMaxExecTime);
    if (!seconds) {
      errors.Invalid(at, text, "must be a 32-bit integer");
    } else if (*seconds <= 0) {
      errors.Invalid(at, *seconds, "should be greater than 0");
    }
    wish.max_execution_seconds = seconds.value_or(0);
  }
  const Object& annotations = ObjectOrEmpty(ObjectOrEmpty(job, "metadata"), "annotations");
  if (IsSet(annotations, names::kAnnotationMinParallelism)) {
    const std::string_view text = GetString(annotations, {names::kAnnotationMinParallelism});
    const std::optional<int32_t> least = Integer(text);
    const FieldPath at = kAnnotations.Key(names::kAnnotationMinParallelism);
    const int64_t parallelism = Get<int64_t>(job, {"spec", "parallelism"}).value_or(1);
    if (!least) {
      errors.Invalid(at, text, "must be a 32-bit integer");
    } else if (*least <= 0 || *least >= parallelism) {
      errors.Invalid(at, *least, "should be between 0 and " + std::to_string(parallelism - 1));
    }
    wish.min_parallelism = least.value_or(0);
  }
  RefuseUnknown(job, errors);
  return wish;
}

}  // namespace fairway::kube
