#include "clusters/member/dependency_step.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

#include "scheduler/names.h"

namespace fairway::clusters {

namespace {

// What makes the content of each kind; metadata is compared by what we set.
constexpr std::array<std::string_view, 6> kContent = {
    "data", "binaryData", "type", "immutable", "imagePullSecrets", "automountServiceAccountToken"};

Error Foreign(std::string_view kind, const std::string& name_space, const std::string& name) {
  Error error;
  error.code = 409;
  error.reason = "NotOurs";
  error.kind = std::string(kind);
  error.name = name;
  error.message = fmt::format(
      "{} {}/{} exists there and was not made by this gateway; it is left alone, so the Job that "
      "names it cannot run there",
      kind, name_space, name);
  return error;
}

bool Contains(const kube::Object* live, const kube::Object* wanted) {
  if (wanted == nullptr) return true;
  for (const auto& entry : *wanted) {
    const kube::Value* value = live == nullptr ? nullptr : kube::Find(*live, entry.key());
    if (value == nullptr || !kube::Equal(*value, entry.value())) return false;
  }
  return true;
}

}  // namespace

DependencyStep::DependencyStep(MemberApi& api, kube::Value copy, std::string gateway)
    : api_(api), copy_(std::move(copy)), gateway_(std::move(gateway)) {
  kind_ = std::string(kube::GetString(copy_, {"kind"}));
  name_space_ = std::string(kube::GetString(copy_, {"metadata", "namespace"}));
  name_ = std::string(kube::GetString(copy_, {"metadata", "name"}));
}

ObjectPath DependencyStep::Path() const { return PathOfKind(kind_, name_space_, name_); }

void DependencyStep::Finish(Status status) {
  auto done = std::move(done_);
  done(std::move(status));
}

// Uid, version and owners from an answer.
void DependencyStep::Remember(const std::string& body) {
  auto parsed = kube::ParseJson(body);
  if (!parsed) return;
  uid_ = std::string(kube::GetString(*parsed, {"metadata", "uid"}));
  version_ = std::string(kube::GetString(*parsed, {"metadata", "resourceVersion"}));
  owners_.clear();
  const kube::Array* owners = kube::GetArray(*parsed, {"metadata", "ownerReferences"});
  for (size_t i = 0; owners != nullptr && i < owners->size(); ++i) {
    owners_.emplace_back(kube::GetString((*owners)[i], {"uid"}));
  }
}

void DependencyStep::Ensure(Done done) {
  done_ = std::move(done);
  created_ = false;
  call_ = api_.Create(Path(), kube::Serialize(copy_), [this](Result<std::string> body) {
    if (body) {
      created_ = true;
      Remember(*body);
      return Finish({});
    }
    if (body.error().code != 409 || body.error().reason != "AlreadyExists") {
      return Finish(Fail(std::move(body.error())));
    }
    call_ = api_.Get(Path(), [this](Result<std::string> live) { OnExisting(std::move(live)); });
  });
}

void DependencyStep::OnExisting(Result<std::string> body) {
  if (!body) {
    // Deleted between the two requests: worth another run.
    if (body.error().code == 404) body.error().code = 503;
    return Finish(Fail(std::move(body.error())));
  }
  auto parsed = kube::ParseJson(*body);
  if (!parsed || !parsed->is_object())
    return Finish(Fail(Error{502, "MalformedAnswer", "the member answered no object"}));
  kube::Object& live = parsed->get_object();
  if (kube::GetString(live, {"metadata", "labels", names::kLabelGateway}) != gateway_) {
    return Finish(Fail(Foreign(kind_, name_space_, name_)));
  }
  Remember(*body);
  if (UpToDate(live)) return Finish({});
  // Our content over its metadata: owners and version stay, the latter as a precondition.
  kube::Object merged = copy_.get_object();
  kube::Object& metadata = kube::EnsureObject(merged, {"metadata"});
  metadata["resourceVersion"] = version_;
  metadata["uid"] = uid_;
  if (const kube::Value* owners = kube::FindPath(live, {"metadata", "ownerReferences"})) {
    metadata["ownerReferences"] = *owners;
  }
  if (const kube::Value* secrets = kube::Find(live, "secrets")) merged["secrets"] = *secrets;
  call_ = api_.Replace(Path(), kube::Serialize(merged), [this](Result<std::string> answer) {
    if (!answer) return Finish(Fail(std::move(answer.error())));
    Remember(*answer);
    Finish({});
  });
}

bool DependencyStep::UpToDate(const kube::Object& live) const {
  const kube::Object& wanted = copy_.get_object();
  for (std::string_view key : kContent) {
    const kube::Value* a = kube::Find(live, key);
    const kube::Value* b = kube::Find(wanted, key);
    bool a_set = a != nullptr && !a->is_null();
    bool b_set = b != nullptr && !b->is_null();
    if (key == "type" && !b_set) continue;  // defaulted by the member
    if (a_set != b_set || (a_set && !kube::Equal(*a, *b))) return false;
  }
  return Contains(kube::GetObject(live, {"metadata", "labels"}),
                  kube::GetObject(wanted, {"metadata", "labels"})) &&
         Contains(kube::GetObject(live, {"metadata", "annotations"}),
                  kube::GetObject(wanted, {"metadata", "annotations"}));
}

void DependencyStep::Own(const std::string& job_name, const std::string& job_uid, Done done) {
  done_ = std::move(done);
  if (std::find(owners_.begin(), owners_.end(), job_uid) != owners_.end()) return Finish({});
  kube::Object owner;
  owner["apiVersion"] = "batch/v1";
  owner["kind"] = "Job";
  owner["name"] = job_name;
  owner["uid"] = job_uid;
  kube::Object patch;
  kube::Object& metadata = kube::EnsureObject(patch, {"metadata"});
  metadata["uid"] = uid_;  // not another object of the same name
  kube::Array owners;
  owners.push_back(std::move(owner));
  metadata["ownerReferences"] = std::move(owners);
  // The list is merged by uid at the server: Jobs that share the object never overwrite each other.
  call_ = api_.StrategicPatch(Path(), kube::Serialize(patch), [this](Result<std::string> body) {
    if (body) return Finish({});
    // Collected meanwhile, with its last former owner: the next run makes it anew.
    Error error = std::move(body.error());
    if (error.code == 404 || error.code == 409) error.code = 503;
    Finish(Fail(std::move(error)));
  });
}

void DependencyStep::GiveBack(Done done) {
  done_ = std::move(done);
  if (!created_ || uid_.empty()) return Finish({});
  DeleteOptions options;
  options.uid = uid_;
  options.resource_version = version_;  // somebody who came to own it meanwhile has changed it
  call_ = api_.Delete(Path(), options, [this](Result<std::string>) { Finish({}); });
}

}  // namespace fairway::clusters
