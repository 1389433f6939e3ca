// OpenAPI over HTTP: /openapi/v2 and /openapi/v3, with their ETags and the immutable addresses that
// clients keep. Thread: the loop.
#pragma once

#include "clusters/kube/schema/openapi.h"
#include "gateway/api/registry.h"
#include "gateway/server/exchange.h"

namespace fairway::gateway::api {

class OpenApiRoutes {
 public:
  explicit OpenApiRoutes(const Registry& registry);

  // False when the path is none of these.
  bool Handle(const ExchangePtr& exchange);

 private:
  void ReplyGroupVersion(const ExchangePtr& exchange, std::string_view path);
  void ReplyV2(const ExchangePtr& exchange);

  kube::OpenApi documents_;
};

}  // namespace fairway::gateway::api
