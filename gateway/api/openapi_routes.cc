#include "gateway/api/openapi_routes.h"

#include <string>
#include <utility>
#include <vector>

#include "clusters/kube/errors.h"
#include "gateway/api/compression.h"
#include "gateway/api/negotiation.h"
#include "gateway/api/reply.h"

namespace fairway::gateway::api {

namespace {

constexpr std::string_view kV2 = "/openapi/v2";
constexpr std::string_view kV3 = "/openapi/v3";
constexpr std::string_view kV2Asked = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
constexpr std::string_view kV2Given = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
// A document under its hash never changes.
constexpr std::string_view kForever = "public, immutable, max-age=31536000";

std::vector<const kube::KindInfo*> KindsOf(const Registry& registry) {
  std::vector<const kube::KindInfo*> kinds;
  for (const auto& kind : registry.kinds()) kinds.push_back(kind->info);
  return kinds;
}

void ReplyDocumentText(const ExchangePtr& exchange, std::string_view content_type,
                       std::string_view cache, std::string_view hash, std::string text) {
  std::string etag = "\"" + std::string(hash) + "\"";
  Headers headers{{"content-type", std::string(content_type)},
                  {"vary", "Accept"},
                  {"cache-control", std::string(cache)},
                  {"etag", etag}};
  if (exchange->request().Header("if-none-match") == etag) {
    return exchange->Reply(304, std::move(headers), std::string());
  }
  if (WorthCompressing(exchange->request(), text)) {
    text = Gzip(text);
    headers.emplace_back("content-encoding", "gzip");
  }
  exchange->Reply(200, std::move(headers), std::move(text));
}

}  // namespace

OpenApiRoutes::OpenApiRoutes(const Registry& registry)
    : documents_(registry.schema(), KindsOf(registry)) {}

bool OpenApiRoutes::Handle(const ExchangePtr& exchange) {
  const Request& request = exchange->request();
  std::string_view path = request.path;
  if (path.ends_with('/')) path.remove_suffix(1);
  bool below_v3 = path.size() > kV3.size() && path.starts_with(kV3) && path[kV3.size()] == '/';
  if (path != kV2 && path != kV3 && !below_v3) return false;
  if (request.method != "GET") {
    ReplyError(exchange, kube::MethodNotAllowed());
  } else if (path == kV2) {
    ReplyV2(exchange);
  } else if (path == kV3) {
    const kube::OpenApiDocument& index = documents_.index();
    ReplyDocumentText(exchange, "application/json", "no-cache, private", index.hash, index.body);
  } else {
    ReplyGroupVersion(exchange, path.substr(kV3.size() + 1));
  }
  return true;
}

void OpenApiRoutes::ReplyGroupVersion(const ExchangePtr& exchange, std::string_view path) {
  const kube::OpenApiDocument* document = documents_.Find(path);
  if (document == nullptr) return ReplyPageNotFound(exchange);
  auto hash = exchange->request().Query("hash");
  if (hash && *hash != document->hash) {
    std::string target = std::string(kV3) + "/" + std::string(path) + "?hash=" + document->hash;
    return exchange->Reply(301, {{"location", std::move(target)}}, std::string());
  }
  ReplyDocumentText(exchange, "application/json", hash ? kForever : "no-cache, private",
                    document->hash, document->body);
}

void OpenApiRoutes::ReplyV2(const ExchangePtr& exchange) {
  const kube::OpenApiDocument& document = documents_.v2();
  bool protobuf =
      Accepts(exchange->request(), kV2Asked) && !Accepts(exchange->request(), "application/json");
  if (protobuf) {
    return ReplyDocumentText(exchange, kV2Given, "no-cache, private", document.hash + "-pb",
                             std::string(kube::OpenApi::v2_protobuf()));
  }
  ReplyDocumentText(exchange, "application/json", "no-cache, private", document.hash,
                    document.body);
}

}  // namespace fairway::gateway::api
