#include "clusters/member/member_api.h"

#include <fmt/core.h>

#include <chrono>
#include <utility>

#include "clusters/kube/api_error.h"
#include "scheduler/names.h"

namespace fairway::clusters {

namespace {

constexpr size_t kObjectBytesMax = 8u << 20;
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kMetadataList =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1, application/json";

std::string WriteQuery() {
  return fmt::format("?fieldManager={}&fieldValidation=Strict", names::kFieldManager);
}

}  // namespace

std::string ObjectPath::Target() const {
  std::string out = api_version == "v1" ? "/api/v1" : fmt::format("/apis/{}", api_version);
  if (!name_space.empty()) out += "/namespaces/" + name_space;
  out += fmt::format("/{}", plural);
  if (!name.empty()) out += "/" + name;
  return out;
}

ObjectPath PathOfKind(std::string_view kind, std::string name_space, std::string name) {
  std::string_view api_version = kind == "Job" ? "batch/v1" : "v1";
  std::string_view plural = kind == "Job"              ? "jobs"
                            : kind == "ConfigMap"      ? "configmaps"
                            : kind == "Secret"         ? "secrets"
                            : kind == "ServiceAccount" ? "serviceaccounts"
                                                       : "namespaces";
  return ObjectPath{api_version, plural, std::move(name_space), std::move(name)};
}

Call MemberApi::Get(const ObjectPath& path, Done done) {
  return Send("GET", path.Target(), "", "", std::move(done));
}

Call MemberApi::ListMetadata(const ObjectPath& path, std::string_view query, Done done) {
  HttpRequest request;
  request.target = path.Target() + std::string(query);
  request.headers.emplace_back("Accept", kMetadataList);
  return Start(std::move(request), std::move(done));
}

Call MemberApi::Create(const ObjectPath& path, std::string body, Done done) {
  ObjectPath collection = path;
  collection.name.clear();
  return Send("POST", collection.Target() + WriteQuery(), kJson, std::move(body), std::move(done));
}

Call MemberApi::Replace(const ObjectPath& path, std::string body, Done done) {
  return Send("PUT", path.Target() + WriteQuery(), kJson, std::move(body), std::move(done));
}

Call MemberApi::Apply(const ObjectPath& path, std::string body, Done done) {
  return Send("PATCH", path.Target() + WriteQuery() + "&force=true", "application/apply-patch+yaml",
              std::move(body), std::move(done));
}

Call MemberApi::MergePatch(const ObjectPath& path, std::string body, Done done) {
  return Send("PATCH", path.Target() + WriteQuery(), "application/merge-patch+json",
              std::move(body), std::move(done));
}

Call MemberApi::MergePatchStatus(const ObjectPath& path, std::string body, Done done) {
  return Send("PATCH", path.Target() + "/status" + WriteQuery(), "application/merge-patch+json",
              std::move(body), std::move(done));
}

Call MemberApi::StrategicPatch(const ObjectPath& path, std::string body, Done done) {
  return Send("PATCH", path.Target() + WriteQuery(), "application/strategic-merge-patch+json",
              std::move(body), std::move(done));
}

Call MemberApi::Delete(const ObjectPath& path, const DeleteOptions& options, Done done) {
  kube::Object body;
  body["apiVersion"] = "v1";
  body["kind"] = "DeleteOptions";
  body["propagationPolicy"] = options.foreground ? "Foreground" : "Background";
  kube::EnsureObject(body, {"preconditions"})["uid"] = options.uid;
  if (!options.resource_version.empty()) {
    kube::EnsureObject(body, {"preconditions"})["resourceVersion"] = options.resource_version;
  }
  return Send("DELETE", path.Target(), kJson, kube::Serialize(body), std::move(done));
}

Call MemberApi::Send(std::string method, std::string target, std::string_view content_type,
                     std::string body, Done done) {
  HttpRequest request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.headers.emplace_back("Accept", kJson);
  if (!content_type.empty()) request.headers.emplace_back("Content-Type", content_type);
  request.body = std::move(body);
  return Start(std::move(request), observer_ ? Timed(std::move(done)) : std::move(done));
}

MemberApi::Done MemberApi::Timed(Done done) {
  using Clock = std::chrono::steady_clock;
  return [this, began = Clock::now(), done = std::move(done)](Result<std::string> body) mutable {
    auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began);
    observer_(took.count(), body ? nullptr : &body.error());
    done(std::move(body));
  };
}

Call MemberApi::Start(HttpRequest request, Done done) {
  request.timeout_ms = timeout_ms_;
  request.response_bytes_max = kObjectBytesMax;
  return http_.Fetch(
      std::move(request), [done = std::move(done)](Result<HttpResponse> answer) mutable {
        if (!answer) return done(Fail(std::move(answer.error())));
        if (answer->status >= 400) {
          return done(Fail(
              kube::ErrorFromAnswer(answer->status, answer->retry_after_seconds, answer->body)));
        }
        done(std::move(answer->body));
      });
}

}  // namespace fairway::clusters
