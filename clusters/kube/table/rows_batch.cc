#include <string>

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/job_rules.h"
#include "clusters/kube/table/columns.h"
#include "clusters/kube/time.h"

namespace fairway::kube {
namespace {

// The first of these that holds; a finished Job that is being deleted still shows how it ended.
std::string_view JobStatus(const Object& job) {
  for (const char* type : {"Complete", "Failed"}) {
    if (HasJobCondition(job, type)) return type;
  }
  if (!GetString(job, {"metadata", "deletionTimestamp"}).empty()) return "Terminating";
  for (const char* type : {"Suspended", "FailureTarget", "SuccessCriteriaMet"}) {
    if (HasJobCondition(job, type)) return type;
  }
  return "Running";
}

std::string JobCompletions(const Object& job) {
  const Object& spec = ObjectOrEmpty(job, "spec");
  const std::string done =
      std::to_string(Get<int64_t>(job, {"status", "succeeded"}).value_or(0)) + "/";
  if (const auto completions = GetInt(spec, "completions")) {
    return done + std::to_string(*completions);
  }
  const int64_t parallelism = GetInt(spec, "parallelism").value_or(0);
  return parallelism > 1 ? done + "1 of " + std::to_string(parallelism) : done + "1";
}

std::string JobDuration(const Object& job, Instant now) {
  const auto started = ParseTime(GetString(job, {"status", "startTime"}));
  if (!started) return {};
  const auto completed = ParseTime(GetString(job, {"status", "completionTime"}));
  return HumanDuration(completed.value_or(now) - *started);
}

}  // namespace

void FillJob(const Object& doc, Instant now, Array& cells) {
  const Object& spec = ObjectOrEmpty(doc, "spec");
  const Object& pod = ObjectOrEmpty(ObjectOrEmpty(spec, "template"), "spec");
  cells.push_back(NameCell(doc));
  cells.emplace_back(JobStatus(doc));
  cells.emplace_back(JobCompletions(doc));
  cells.emplace_back(JobDuration(doc, now));
  cells.push_back(AgeCell(doc, now));
  cells.emplace_back(ContainerNames(pod));
  cells.emplace_back(ContainerImages(pod));
  cells.emplace_back(SelectorText(GetObject(spec, {"selector"})));
}

void FillCronJob(const Object& doc, Instant now, Array& cells) {
  const Object& spec = ObjectOrEmpty(doc, "spec");
  const Object& job = ObjectOrEmpty(ObjectOrEmpty(spec, "jobTemplate"), "spec");
  const Object& pod = ObjectOrEmpty(ObjectOrEmpty(job, "template"), "spec");
  const std::string_view last = GetString(doc, {"status", "lastScheduleTime"});
  cells.push_back(NameCell(doc));
  cells.push_back(TextCell(spec, {"schedule"}));
  cells.push_back(TextCell(spec, {"timeZone"}, "<none>"));
  cells.emplace_back(Get<bool>(spec, {"suspend"}).value_or(false) ? "True" : "False");
  cells.emplace_back(static_cast<int64_t>(CountItems(ObjectOrEmpty(doc, "status"), "active")));
  cells.emplace_back(last.empty() ? "<none>" : HumanAge(last, now));
  cells.push_back(AgeCell(doc, now));
  cells.emplace_back(ContainerNames(pod));
  cells.emplace_back(ContainerImages(pod));
  cells.emplace_back(SelectorText(GetObject(job, {"selector"})));
}

}  // namespace fairway::kube
