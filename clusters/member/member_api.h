// MemberApi: the requests that a member is sent, as values. Answers below 400 are results, all
// others are Errors in the server's own words. Thread: the loop.
#pragma once

#include <absl/functional/any_invocable.h>

#include <functional>
#include <string>
#include <string_view>

#include "clusters/http/http_client.h"
#include "clusters/kube/json.h"
#include "clusters/loop/call.h"
#include "scheduler/result.h"

namespace fairway::clusters {

// The arena for what is read of an answer.
inline constexpr size_t kAnswerArena = 4096;

// One object of one namespace ("" for cluster-scoped kinds).
struct ObjectPath {
  std::string_view api_version;  // v1, batch/v1
  std::string_view plural;       // jobs
  std::string name_space;
  std::string name;  // empty: the collection

  std::string Target() const;
};

// The path of a copied kind: Job, ConfigMap, Secret, ServiceAccount, Namespace.
ObjectPath PathOfKind(std::string_view kind, std::string name_space, std::string name);

struct DeleteOptions {
  std::string uid;               // precondition; never empty for what we delete
  std::string resource_version;  // precondition when not empty
  bool foreground = false;
};

class MemberApi {
 public:
  using Done = absl::AnyInvocable<void(Result<std::string> body)>;

  MemberApi(HttpClient& http, int64_t timeout_ms) : http_(http), timeout_ms_(timeout_ms) {}

  // Runs with each answer to the requests below, but lists, before `done`: how long it took, and
  // the error if it was one.
  using Observer = std::function<void(int64_t rtt_us, const Error* error)>;
  void Observe(Observer observer) { observer_ = std::move(observer); }

  Call Get(const ObjectPath& path, Done done);
  // `query` begins with '?' or is empty. Only metadata comes back.
  Call ListMetadata(const ObjectPath& path, std::string_view query, Done done);
  // Fails on fields that the member does not know, instead of losing them.
  Call Create(const ObjectPath& path, std::string body, Done done);
  Call Replace(const ObjectPath& path, std::string body, Done done);
  Call Apply(const ObjectPath& path, std::string body, Done done);
  Call MergePatch(const ObjectPath& path, std::string body, Done done);
  Call MergePatchStatus(const ObjectPath& path, std::string body, Done done);
  Call StrategicPatch(const ObjectPath& path, std::string body, Done done);
  Call Delete(const ObjectPath& path, const DeleteOptions& options, Done done);

 private:
  Call Send(std::string method, std::string target, std::string_view content_type, std::string body,
            Done done);
  Call Start(HttpRequest request, Done done);

  Done Timed(Done done);

  HttpClient& http_;
  Observer observer_;
  int64_t timeout_ms_;
};

}  // namespace fairway::clusters
