// Strategies of rbac.authorization.k8s.io.
#include <string>

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/names.h"
#include "clusters/kube/kinds/registry.h"

namespace fairway::kube {
namespace {

constexpr std::string_view kGroup = "rbac.authorization.k8s.io";

void ValidateRule(const Object& rule, bool namespaced, const FieldPath& path, FieldErrors& errors) {
  if (CountItems(rule, "verbs") == 0) {
    errors.Required(path.Child("verbs"), "verbs must contain at least one value");
  }
  if (const Array* urls = GetArray(rule, {"nonResourceURLs"}); urls != nullptr && !urls->empty()) {
    const FieldPath at = path.Child("nonResourceURLs");
    if (namespaced) {
      errors.Invalid(at, *urls, "namespaced rules cannot apply to non-resource URLs");
    }
    if (CountItems(rule, "apiGroups") + CountItems(rule, "resources") +
            CountItems(rule, "resourceNames") >
        0) {
      errors.Invalid(at, *urls,
                     "rules cannot apply to both regular resources and non-resource URLs");
    }
    return;
  }
  if (CountItems(rule, "apiGroups") == 0) {
    errors.Required(path.Child("apiGroups"), "resource rules must supply at least one api group");
  }
  if (CountItems(rule, "resources") == 0) {
    errors.Required(path.Child("resources"), "resource rules must supply at least one resource");
  }
}

class RoleStrategy : public Strategy {
 public:
  using Strategy::Strategy;
  NameRule name_rule() const override { return NameRule::kPathSegment; }

 protected:
  void Validate(const Object& role, FieldErrors& errors) const override {
    static constexpr FieldPath kRules("rules");
    ForEachObject(role, "rules", [&](const Object& rule, size_t i) {
      ValidateRule(rule, kind().namespaced, kRules.Index(i), errors);
    });
  }
};

void ValidateSubject(const Object& subject, bool namespaced, const FieldPath& path,
                     FieldErrors& errors) {
  const std::string_view kind = GetString(subject, {"kind"});
  const std::string_view name = GetString(subject, {"name"});
  const std::string_view group = GetString(subject, {"apiGroup"});
  if (name.empty()) errors.Required(path.Child("name"));
  if (kind == "ServiceAccount") {
    if (!name.empty()) {
      for (const std::string& problem : SubdomainProblems(name)) {
        errors.Invalid(path.Child("name"), name, problem);
      }
    }
    if (!group.empty()) errors.Unsupported(path.Child("apiGroup"), group, {""});
    if (!namespaced && GetString(subject, {"namespace"}).empty()) {
      errors.Required(path.Child("namespace"));
    }
  } else if (kind == "User" || kind == "Group") {
    if (group != kGroup) errors.Unsupported(path.Child("apiGroup"), group, {kGroup});
  } else {
    errors.Unsupported(path.Child("kind"), kind, {"ServiceAccount", "User", "Group"});
  }
}

class RoleBindingStrategy : public Strategy {
 public:
  using Strategy::Strategy;
  NameRule name_rule() const override { return NameRule::kPathSegment; }

 protected:
  void Validate(const Object& binding, FieldErrors& errors) const override {
    static constexpr FieldPath kRef("roleRef"), kSubjects("subjects");
    const Object& ref = ObjectOrEmpty(binding, "roleRef");
    const std::string_view group = GetString(ref, {"apiGroup"});
    const std::string_view role = GetString(ref, {"kind"});
    const std::string_view name = GetString(ref, {"name"});
    if (group != kGroup) errors.Unsupported(kRef.Child("apiGroup"), group, {kGroup});
    if (kind().namespaced) {
      if (role != "Role" && role != "ClusterRole") {
        errors.Unsupported(kRef.Child("kind"), role, {"Role", "ClusterRole"});
      }
    } else if (role != "ClusterRole") {
      errors.Unsupported(kRef.Child("kind"), role, {"ClusterRole"});
    }
    if (name.empty()) errors.Required(kRef.Child("name"));
    for (const std::string& problem : PathSegmentProblems(name)) {
      errors.Invalid(kRef.Child("name"), name, problem);
    }
    ForEachObject(binding, "subjects", [&](const Object& subject, size_t i) {
      ValidateSubject(subject, kind().namespaced, kSubjects.Index(i), errors);
    });
  }

  // What a binding grants is part of its identity: a change would turn a grant into another
  // silently.
  void ValidateChange(const Object& doc, const Object& old, FieldErrors& errors) const override {
    const Object& ref = ObjectOrEmpty(doc, "roleRef");
    if (!Equal(Value(ref), Value(ObjectOrEmpty(old, "roleRef")))) {
      errors.Invalid(FieldPath("roleRef"), ref, "cannot change roleRef");
    }
  }
};

}  // namespace

StrategyMaker FindRbacStrategy(const KindInfo& kind) {
  if (kind.group != kGroup) return nullptr;
  if (kind.kind == "Role" || kind.kind == "ClusterRole") return Make<RoleStrategy>;
  if (kind.kind == "RoleBinding" || kind.kind == "ClusterRoleBinding") {
    return Make<RoleBindingStrategy>;
  }
  return nullptr;
}

}  // namespace fairway::kube
