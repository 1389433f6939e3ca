#include "gateway/api/stored_rbac.h"

#include <string_view>
#include <utility>

#include "clusters/kube/json.h"

namespace fairway::gateway::api {

namespace {

constexpr std::string_view kSuffix = ".rbac.authorization.k8s.io";

bool IsRole(std::string_view resource) {
  return resource == "roles.rbac.authorization.k8s.io" ||
         resource == "clusterroles.rbac.authorization.k8s.io";
}

std::vector<std::string> Texts(const kube::Object& object, std::string_view key) {
  std::vector<std::string> texts;
  const kube::Array* array = kube::GetArray(object, {key});
  if (array == nullptr) return texts;
  for (const kube::Value& value : *array) {
    if (value.is_string()) texts.emplace_back(std::string_view(value.get_string()));
  }
  return texts;
}

}  // namespace

RbacRole ParseRole(std::string_view ns, std::string_view name, const kube::Object& doc) {
  RbacRole role{std::string(ns), std::string(name), {}};
  const kube::Array* rules = kube::GetArray(doc, {"rules"});
  if (rules == nullptr) return role;
  for (const kube::Value& rule : *rules) {
    if (!rule.is_object()) continue;
    const kube::Object& fields = rule.get_object();
    role.rules.push_back({Texts(fields, "verbs"), Texts(fields, "apiGroups"),
                          Texts(fields, "resources"), Texts(fields, "resourceNames"),
                          Texts(fields, "nonResourceURLs")});
  }
  return role;
}

RbacBinding ParseBinding(std::string_view ns, std::string_view name, const kube::Object& doc) {
  RbacBinding binding;
  binding.ns = ns;
  binding.name = name;
  binding.cluster_role = kube::GetString(doc, {"roleRef", "kind"}) != "Role";
  binding.role = kube::GetString(doc, {"roleRef", "name"});
  const kube::Array* subjects = kube::GetArray(doc, {"subjects"});
  if (subjects == nullptr) return binding;
  for (const kube::Value& subject : *subjects) {
    std::string_view kind = kube::GetString(subject, {"kind"});
    RbacSubject::Kind parsed = RbacSubject::Kind::kUser;
    if (kind == "Group") {
      parsed = RbacSubject::Kind::kGroup;
    } else if (kind == "ServiceAccount") {
      parsed = RbacSubject::Kind::kServiceAccount;
    } else if (kind != "User") {
      continue;
    }
    binding.subjects.push_back({parsed, std::string(kube::GetString(subject, {"name"})),
                                std::string(kube::GetString(subject, {"namespace"}))});
  }
  return binding;
}

StoredRbac::StoredRbac(store::ObjectStore& store) : store_(store) {
  store_.AddObserver([this, life = std::weak_ptr<int>(life_)](const store::Change& change) {
    if (life.expired() || !std::string_view(change.key.resource).ends_with(kSuffix)) return;
    if (change.kind == store::Change::Kind::kDeleted) {
      Drop(change.key);
    } else {
      Take(change.key, *change.body);
    }
  });
}

Status StoredRbac::Load() {
  for (std::string_view plural : {"roles", "clusterroles", "rolebindings", "clusterrolebindings"}) {
    std::string resource = std::string(plural) + std::string(kSuffix);
    Status scanned =
        store_.ScanLatest({resource, "", std::nullopt}, [this](const store::Object& object) {
          Take(object.key, *object.body);
          return true;
        });
    if (!scanned) return scanned;
  }
  return {};
}

void StoredRbac::Take(const store::ObjectKey& key, const std::string& body) {
  auto doc = kube::ParseJson(body);
  if (!doc || !doc->is_object()) return;
  ++generation_;
  if (IsRole(key.resource)) {
    roles_[key] = ParseRole(key.ns, key.name, doc->get_object());
  } else {
    bindings_[key] = ParseBinding(key.ns, key.name, doc->get_object());
  }
}

void StoredRbac::Drop(const store::ObjectKey& key) {
  ++generation_;
  roles_.erase(key);
  bindings_.erase(key);
}

void StoredRbac::ForEachRole(const std::function<void(const RbacRole&)>& visit) const {
  for (const auto& [key, role] : roles_) visit(role);
}

void StoredRbac::ForEachBinding(const std::function<void(const RbacBinding&)>& visit) const {
  for (const auto& [key, binding] : bindings_) visit(binding);
}

}  // namespace fairway::gateway::api
