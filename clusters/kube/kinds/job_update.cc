#include <string>

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/job_rules.h"

namespace fairway::kube {
namespace {

bool SameOrBothUnset(const Object& a, const Object& b, std::string_view key) {
  const Value* left = Find(a, key);
  const Value* right = Find(b, key);
  const bool left_unset = left == nullptr || left->is_null();
  const bool right_unset = right == nullptr || right->is_null();
  if (left_unset || right_unset) return left_unset == right_unset;
  return Equal(*left, *right);
}

// Fixed, but an Indexed Job may be scaled by changing completions and parallelism to one number.
void ValidateCompletions(const Object& spec, const Object& old, FieldErrors& errors) {
  const FieldPath path = kSpec.Child("completions");
  const Value* completions = Find(spec, "completions");
  if (!IsIndexed(spec)) {
    return errors.Immutable(path, completions, Find(old, "completions"));
  }
  const auto wanted = GetInt(spec, "completions");
  // An Indexed Job without completions is a finding of its own.
  if (SameOrBothUnset(spec, old, "completions") || !wanted) return;
  if (*wanted != GetInt(spec, "parallelism").value_or(-1)) {
    errors.Invalid(path, *wanted, "can only be modified in tandem with spec.parallelism");
  }
}

void CopyMember(Object& to, const Object& from, std::string_view key) {
  if (const Value* value = Find(from, key)) {
    to[key] = *value;
  } else {
    Erase(to, key);
  }
}

// Takes over from the new template what may change while the Job is suspended, so that comparing
// the two afterwards finds only what may not.
void AdoptSchedulingDirectives(Object& before, const Object& now) {
  Object& spec = EnsureObject(before, {"spec"});
  const Object& wanted = ObjectOrEmpty(now, "spec");
  for (const char* key : {"nodeSelector", "tolerations", "schedulingGates"}) {
    CopyMember(spec, wanted, key);
  }
  for (const char* key : {"labels", "annotations"}) {
    CopyMember(EnsureObject(before, {"metadata"}), ObjectOrEmpty(now, "metadata"), key);
  }
  const Object* affinity = GetObject(wanted, {"affinity"});
  if (affinity != nullptr) {
    CopyMember(EnsureObject(spec, {"affinity"}), *affinity, "nodeAffinity");
  } else if (Object* gone = GetObject(spec, {"affinity"})) {
    Erase(*gone, "nodeAffinity");
    if (gone->empty()) Erase(spec, "affinity");
  }
}

void AdoptResources(Object& before, const Object& now) {
  for (const char* list : {"containers", "initContainers"}) {
    Array* old_containers = GetArray(before, {"spec", list});
    const Array* containers = GetArray(now, {"spec", list});
    if (old_containers == nullptr || containers == nullptr ||
        old_containers->size() != containers->size()) {
      continue;
    }
    for (size_t i = 0; i < containers->size(); ++i) {
      Object* old_container = (*old_containers)[i].if_object();
      const Object* container = (*containers)[i].if_object();
      if (old_container == nullptr || container == nullptr) continue;
      if (GetString(*old_container, {"name"}) != GetString(*container, {"name"})) continue;
      CopyMember(*old_container, *container, "resources");
    }
  }
}

// Suspended, without active pods, and either never started or with the controller's word that it
// stopped: then no pod of the old template can be around.
bool TemplateMayChange(const Object& old) {
  return Get<bool>(old, {"spec", "suspend"}).value_or(false) &&
         Get<int64_t>(old, {"status", "active"}).value_or(0) == 0 &&
         (FindPath(old, {"status", "startTime"}) == nullptr || HasJobCondition(old, "Suspended"));
}

void ValidateTemplate(const Object& job, const Object& old, FieldErrors& errors) {
  const FieldPath path = kSpec.Child("template");
  const Value* now = FindPath(job, {"spec", "template"});
  const Value* before = FindPath(old, {"spec", "template"});
  if (now == nullptr || before == nullptr || !now->is_object() || !before->is_object() ||
      Equal(*now, *before)) {
    return;
  }
  if (!TemplateMayChange(old)) return errors.Immutable(path, now, before);
  Object adopted = before->get_object();
  AdoptSchedulingDirectives(adopted, now->get_object());
  AdoptResources(adopted, now->get_object());
  const Value adopted_spec = adopted["spec"];
  errors.Immutable(path.Child("spec"), FindPath(now->get_object(), {"spec"}), &adopted_spec);
}

}  // namespace

void ValidateJobChange(const Object& job, const Object& old, FieldErrors& errors) {
  const Object& spec = ObjectOrEmpty(job, "spec");
  const Object& old_spec = ObjectOrEmpty(old, "spec");
  ValidateCompletions(spec, old_spec, errors);
  errors.Immutable(kSpec.Child("selector"), Find(spec, "selector"), Find(old_spec, "selector"));
  ValidateTemplate(job, old, errors);
  for (const char* key : {"completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy",
                          "successPolicy"}) {
    errors.Immutable(kSpec.Child(key), Find(spec, key), Find(old_spec, key));
  }
}

}  // namespace fairway::kube
