// ApiServer: the Kubernetes API over an ObjectStore. It serves the gateway's front door and every
// simulated cluster, and knows nothing of scheduling.
//
// Thread: the loop. Lifetime: outlives the HttpsServer whose requests it handles; the loop and the
// store outlive it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "clusters/kube/kinds/strategy.h"
#include "clusters/kube/schema/schema.h"
#include "clusters/loop/loop.h"
#include "gateway/api/access.h"
#include "gateway/api/context.h"
#include "gateway/api/health.h"
#include "gateway/api/object_writer.h"
#include "gateway/server/exchange.h"
#include "store/object_store.h"

namespace fairway::gateway::api {

class EventRecorder;

// What GET /version tells. `git_version` must be a semantic version with a leading v.
struct VersionInfo {
  std::string major = "1";
  std::string minor = "33";
  std::string git_version = "v1.33.0";
  std::string git_commit;
  std::string build_date = "1970-01-01T00:00:00Z";
};

// A path outside the Kubernetes API: /metrics, an administrator's route. Authorised by its path.
struct ExtraRoute {
  std::string prefix;
  Handler handler;
};

struct ApiServerOptions {
  // group/version/resource triples, see Registry; empty = all but the member-only kinds.
  std::vector<std::string> served;
  // Who may do what. Null: whoever sends `static_token` as a bearer token may do everything; with
  // an empty token, everybody.
  Access* access = nullptr;
  std::string static_token;
  VersionInfo version;
  std::vector<ExtraRoute> routes;
  ApiLimits limits;
  // Runs the collector, the namespace controller and the expiry of events. Off, objects only
  // change as clients say.
  bool controllers = true;
  // Judges each new workload (IsSubmission) that a client sends, before anything is made of it;
  // empty: all are taken. Runs for creates by apply too.
  std::function<Status(const Context&)> admit_submission;
  // Whom Events name as their source.
  std::string component = "fairway";
  // Storage resources whose objects the embedding program collects itself: the collector passes
  // over them, whatever owners they name.
  std::vector<std::string> uncollected;
  // The CA bundle that every namespace gets in its ConfigMap kube-root-ca.crt.
  std::string root_ca_pem;
};

class ApiServer {
 public:
  ApiServer(Loop& loop, store::ObjectStore& store, ApiServerOptions options);
  ~ApiServer();

  // Makes the namespaces that every cluster has and starts the controllers.
  Status Start();

  // Answers one request; the Handler of an HttpsServer.
  void Handle(ExchangePtr exchange);

  ObjectWriter& writer();
  const Registry& registry() const;
  Health& health();
  EventRecorder& events();
  size_t watches() const;
  // Requests that run or wait for their commit.
  size_t in_flight() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fairway::gateway::api
