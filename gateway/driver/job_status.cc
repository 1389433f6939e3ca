#include "gateway/driver/job_status.h"

#include <algorithm>
#include <array>

#include "clusters/kube/kinds/index_ranges.h"
#include "clusters/kube/kinds/kueue_names.h"
#include "clusters/kube/time.h"
#include "scheduler/names.h"

namespace fairway::gateway {

using kube::Object;
using kube::Value;

namespace {

void KeepHighest(const Object& old, Object& fresh, std::string_view counter) {
  int64_t before = kube::Get<int64_t>(old, {counter}).value_or(0);
  int64_t now = kube::Get<int64_t>(fresh, {counter}).value_or(0);
  if (before > now) fresh[counter] = before;
}

// An Indexed Job's indexes that have ended stay so, whichever epoch they ended in: a new copy's
// first reports know nothing of them.
void KeepIndexes(const Object& old, Object& fresh, std::string_view field) {
  auto before = kube::ParseIndexes(kube::GetString(old, {field}));
  auto now = kube::ParseIndexes(kube::GetString(fresh, {field}));
  if (!before || before->empty() || !now) return;
  fresh[field] = kube::FormatIndexes(kube::UnionOf(*before, *now));
}

// How this copy ends, or is about to. It may not be how the Job does: a lease that has run out, or
// a failure on the cluster's account, is followed by another epoch, and these cannot be taken back.
void DropVerdicts(Object& status) {
  static constexpr std::array<std::string_view, 4> kVerdicts = {"SuccessCriteriaMet", "Complete",
                                                                "FailureTarget", "Failed"};
  kube::Array* conditions = kube::GetArray(status, {"conditions"});
  if (conditions == nullptr) return;
  const auto is_verdict = [](const Value& condition) {
    const std::string_view type = kube::GetString(condition, {"type"});
    return std::find(kVerdicts.begin(), kVerdicts.end(), type) != kVerdicts.end();
  };
  conditions->erase(std::remove_if(conditions->begin(), conditions->end(), is_verdict),
                    conditions->end());
  if (conditions->empty()) kube::Erase(status, "conditions");
}

}  // namespace

Status MergeJobStatus(std::string_view member_status, bool first_epoch, bool final, Object& job) {
  auto parsed = kube::ParseJson(member_status, job.storage());
  if (!parsed) return Fail(parsed.error());
  if (!parsed->is_object()) {
    return Fail(Error{.code = 500, .message = "the member's Job status is not an object"});
  }
  Object& fresh = parsed->get_object();
  kube::Erase(fresh, "uncountedTerminatedPods");
  if (!final) DropVerdicts(fresh);
  const Object* old = kube::GetObject(job, {"status"});
  // Of a queued Job it decides nothing.
  bool suspended = kube::Get<bool>(job, {"spec", "suspend"}).value_or(false) &&
                   kube::GetString(job, {"metadata", "labels", names::kLabelQueueName}).empty();
  if (old != nullptr && !first_epoch && !suspended) {
    if (const Value* start = kube::Find(*old, "startTime")) fresh["startTime"] = *start;
    KeepHighest(*old, fresh, "succeeded");
    KeepHighest(*old, fresh, "failed");
  }
  if (old != nullptr && !first_epoch) {
    KeepIndexes(*old, fresh, "completedIndexes");
    KeepIndexes(*old, fresh, "failedIndexes");
  }
  job.insert_or_assign("status", std::move(*parsed));
  return {};
}

void SetStaleCondition(bool stale, const std::string& message, Instant now, Object& job) {
  Object& status = kube::EnsureObject(job, {"status"});
  kube::Array conditions(job.storage());
  if (const kube::Array* old = kube::GetArray(status, {"conditions"})) {
    for (const Value& condition : *old) {
      if (kube::GetString(condition, {"type"}) != names::kConditionStale) {
        conditions.push_back(condition);
      }
    }
  }
  if (stale) {
    const std::string time = kube::FormatTime(now);
    conditions.push_back(Object({{"type", names::kConditionStale},
                                 {"status", "True"},
                                 {"lastProbeTime", time},
                                 {"lastTransitionTime", time},
                                 {"reason", "ClusterLost"},
                                 {"message", message}},
                                job.storage()));
  }
  if (conditions.empty()) {
    kube::Erase(status, "conditions");
  } else {
    status["conditions"] = std::move(conditions);
  }
}

}  // namespace fairway::gateway
