#include "gateway/api/nonresource.h"

#include <algorithm>

#include "clusters/kube/errors.h"
#include "gateway/api/negotiation.h"
#include "gateway/api/reply.h"

namespace fairway::gateway::api {

namespace {

// A route owns its prefix and what is below it.
bool Below(std::string_view path, std::string_view prefix) {
  return path.starts_with(prefix) &&
         (path.size() == prefix.size() || prefix.ends_with('/') || path[prefix.size()] == '/');
}

void ReplyJsonDocument(const ExchangePtr& exchange, const kube::Object& document) {
  kube::Value value(document);
  std::string text =
      WantsPretty(exchange->request()) ? PrettyJson(value) : kube::Serialize(value) + "\n";
  exchange->Reply(200,
                  {{"content-type", "application/json"}, {"cache-control", "no-cache, private"}},
                  std::move(text));
}

}  // namespace

NonResource::NonResource(const Registry& registry, const ApiServerOptions& options)
    : version_(options.version), routes_(options.routes), discovery_(registry), openapi_(registry) {
  health_.Add("ping", [] { return Status(); });
}

bool NonResource::IsPublic(std::string_view path) {
  return Health::Owns(path) || path == "/version" || path == "/version/";
}

void NonResource::Handle(const ExchangePtr& exchange) {
  const Request& request = exchange->request();
  std::string_view path = request.path;
  for (const ExtraRoute& route : routes_) {
    if (Below(path, route.prefix)) return route.handler(exchange);
  }
  if (discovery_.Handle(exchange) || openapi_.Handle(exchange)) return;
  bool reads = request.method == "GET" || request.method == "HEAD";
  if (Health::Owns(path) && reads) return health_.Handle(exchange);
  if ((path == "/version" || path == "/version/") && reads) return ReplyVersion(exchange);
  if (path == "/" && reads) return ReplyPaths(exchange);
  ReplyPageNotFound(exchange);
}

void NonResource::ReplyVersion(const ExchangePtr& exchange) const {
  ReplyJsonDocument(exchange, {{"major", version_.major},
                               {"minor", version_.minor},
                               {"emulationMajor", version_.major},
                               {"emulationMinor", version_.minor},
                               {"minCompatibilityMajor", version_.major},
                               {"minCompatibilityMinor", version_.minor},
                               {"gitVersion", version_.git_version},
                               {"gitCommit", version_.git_commit},
                               {"gitTreeState", "clean"},
                               {"buildDate", version_.build_date},
                               {"goVersion", ""},
                               {"compiler", ""},
                               {"platform", "linux/amd64"}});
}

void NonResource::ReplyPaths(const ExchangePtr& exchange) const {
  std::vector<std::string> paths = discovery_.Paths();
  for (std::string_view path :
       {"/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"}) {
    paths.emplace_back(path);
  }
  for (const ExtraRoute& route : routes_) paths.push_back(route.prefix);
  std::sort(paths.begin(), paths.end());
  kube::Array array;
  for (const std::string& path : paths) array.emplace_back(path);
  ReplyJsonDocument(exchange, {{"paths", std::move(array)}});
}

}  // namespace fairway::gateway::api
