// Paths outside the resources: /version, health, discovery, OpenAPI, the root's list of paths, and
// the embedding program's own routes. Thread: the loop.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/api/api_server.h"
#include "gateway/api/discovery.h"
#include "gateway/api/health.h"
#include "gateway/api/openapi_routes.h"

namespace fairway::gateway::api {

class NonResource {
 public:
  NonResource(const Registry& registry, const ApiServerOptions& options);

  Health& health() { return health_; }
  // Answers every path that names no resource; 404 in plain text for those that name nothing.
  void Handle(const ExchangePtr& exchange);

  // Open to everybody, also without credentials.
  static bool IsPublic(std::string_view path);

 private:
  void ReplyVersion(const ExchangePtr& exchange) const;
  void ReplyPaths(const ExchangePtr& exchange) const;

  const VersionInfo version_;
  const std::vector<ExtraRoute> routes_;
  Discovery discovery_;
  OpenApiRoutes openapi_;
  Health health_;
};

}  // namespace fairway::gateway::api
