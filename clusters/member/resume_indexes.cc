#include "clusters/member/resume_indexes.h"

#include "clusters/kube/kinds/index_ranges.h"

namespace fairway::clusters {

bool ResumesIndexes(const FailoverContext& context) {
  return !context.completed_indexes.empty() || !context.failed_indexes.empty();
}

std::string SuspendedForm(const kube::Value& copy) {
  kube::Value suspended(copy);
  kube::EnsureObject(suspended.get_object(), {"spec"})["suspend"] = true;
  return kube::Serialize(suspended);
}

bool LacksIndexes(const FailoverContext& context, const kube::Object& live) {
  if (!ResumesIndexes(context)) return false;
  if (!kube::Get<bool>(live, {"spec", "suspend"}).value_or(false)) return false;
  return kube::GetString(live, {"status", "completedIndexes"}).empty() &&
         kube::GetString(live, {"status", "failedIndexes"}).empty();
}

std::string IndexesPatch(const FailoverContext& context, const std::string& member_uid) {
  kube::Object patch;
  kube::EnsureObject(patch, {"metadata"})["uid"] = member_uid;
  kube::Object& status = kube::EnsureObject(patch, {"status"});
  if (auto completed = kube::ParseIndexes(context.completed_indexes);
      completed && !completed->empty()) {
    status["completedIndexes"] = context.completed_indexes;
    status["succeeded"] = kube::CountIndexes(*completed);
  }
  if (!context.failed_indexes.empty()) status["failedIndexes"] = context.failed_indexes;
  return kube::Serialize(patch);
}

}  // namespace fairway::clusters
