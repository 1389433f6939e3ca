#include "clusters/member/namespace_task.h"

#include <fmt/core.h>

#include <array>
#include <functional>
#include <utility>

#include "clusters/kube/json.h"
#include "scheduler/names.h"

namespace fairway::clusters {

namespace {

struct Kind {
  std::string_view api_version;
  std::string_view plural;
  std::string_view everywhere;  // the object that every namespace has
};

constexpr std::array<Kind, 12> kKinds = {{{"batch/v1", "jobs", ""},
                                          {"v1", "pods", ""},
                                          {"v1", "configmaps", "kube-root-ca.crt"},
                                          {"v1", "secrets", ""},
                                          {"v1", "serviceaccounts", "default"},
                                          {"v1", "services", ""},
                                          {"v1", "persistentvolumeclaims", ""},
                                          {"apps/v1", "deployments", ""},
                                          {"apps/v1", "statefulsets", ""},
                                          {"apps/v1", "daemonsets", ""},
                                          {"apps/v1", "replicasets", ""},
                                          {"batch/v1", "cronjobs", ""}}};

Outcome InUse(std::string message) {
  Error error;
  error.code = 409;
  error.reason = "InUse";
  error.message = std::move(message);
  return Outcome{Fail(std::move(error)), false, 0};
}

}  // namespace

uint64_t CollectNamespaceTask::key() const {
  // Job ids are revisions, far below this bit.
  return std::hash<std::string>()(name_space_) | (uint64_t{1} << 63);
}

void CollectNamespaceTask::Run(std::function<void(Outcome)> finished) {
  finished_ = std::move(finished);
  kind_ = 0;
  call_ = api_.Get(PathOfKind("Namespace", "", name_space_),
                   [this](Result<std::string> body) { OnNamespace(std::move(body)); });
}

void CollectNamespaceTask::OnNamespace(Result<std::string> body) {
  if (!body) {
    if (body.error().code == 404) return Finish(Outcome{});
    return Finish(OutcomeOf(std::move(body.error())));
  }
  auto object = kube::ParseJson(*body);
  if (!object ||
      kube::GetString(*object, {"metadata", "labels", names::kLabelGateway}) != gateway_ ||
      !kube::GetString(*object, {"metadata", "deletionTimestamp"}).empty()) {
    return Finish(Outcome{});  // never ours, or on its way out
  }
  uid_ = std::string(kube::GetString(*object, {"metadata", "uid"}));
  version_ = std::string(kube::GetString(*object, {"metadata", "resourceVersion"}));
  CheckKind();
}

void CollectNamespaceTask::CheckKind() {
  if (kind_ == kKinds.size()) {
    DeleteOptions options;
    options.uid = uid_;
    options.resource_version = version_;
    call_ = api_.Delete(PathOfKind("Namespace", "", name_space_), options,
                        [this](Result<std::string> body) {
                          if (body || body.error().code == 404) return Finish(Outcome{});
                          Finish(OutcomeOf(std::move(body.error())));
                        });
    return;
  }
  const Kind& kind = kKinds[kind_];
  call_ = api_.ListMetadata(ObjectPath{kind.api_version, kind.plural, name_space_, ""}, "?limit=20",
                            [this](Result<std::string> body) { OnList(std::move(body)); });
}

void CollectNamespaceTask::OnList(Result<std::string> body) {
  const Kind& kind = kKinds[kind_];
  if (!body) {
    // A server without this kind has none of it. Not being allowed to look is no proof.
    if (body.error().code != 404) return Finish(OutcomeOf(std::move(body.error())));
    ++kind_;
    return CheckKind();
  }
  auto list = kube::ParseJson(*body);
  const kube::Value* found = list ? kube::FindPath(*list, {"items"}) : nullptr;
  if (found == nullptr) {
    Error error;
    error.code = 502;
    error.reason = "MalformedAnswer";
    error.message = fmt::format("the member answered no list of {}", kind.plural);
    return Finish(Outcome{Fail(std::move(error)), true, 0});
  }
  const kube::Array* items = found->if_array();
  for (size_t i = 0; items != nullptr && i < items->size(); ++i) {
    const kube::Value& item = (*items)[i];
    std::string_view name = kube::GetString(item, {"metadata", "name"});
    bool ours = kube::GetString(item, {"metadata", "labels", names::kLabelGateway}) == gateway_;
    bool standard = !kind.everywhere.empty() && name == kind.everywhere;
    // Of ours, Jobs keep it; what hangs on them is on its way out with them.
    if (standard || (ours && kind.plural != "jobs")) continue;
    return Finish(InUse(fmt::format("namespace {} still holds {} {}{}", name_space_, kind.plural,
                                    name, ours ? "" : ", which is not ours")));
  }
  ++kind_;
  CheckKind();
}

void CollectNamespaceTask::Finish(Outcome outcome) {
  auto finished = std::move(finished_);
  finished(std::move(outcome));
}

}  // namespace fairway::clusters
