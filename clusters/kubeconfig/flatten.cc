#include <fmt/core.h>

#include "clusters/kube/json.h"
#include "clusters/kube/schema/leaf.h"
#include "clusters/kubeconfig/base64.h"
#include "clusters/kubeconfig/files.h"
#include "clusters/kubeconfig/kubeconfig.h"

namespace fairway::clusters {

namespace {

Error CannotFlatten(std::string field, std::string message) {
  Error error;
  error.code = 422;
  error.reason = "Invalid";
  error.message = message;
  error.causes.push_back({"FieldValueForbidden", std::move(message), std::move(field)});
  return error;
}

void Put(kube::Object& object, std::string_view key, const std::string& text) {
  if (!text.empty()) object[key] = text;
}

kube::Object ClusterEntry(const Endpoint& endpoint) {
  kube::Object cluster;
  cluster["server"] = endpoint.server;
  Put(cluster, "certificate-authority-data",
      endpoint.ca_pem.empty() ? "" : EncodeBase64(endpoint.ca_pem));
  Put(cluster, "tls-server-name", endpoint.tls_server_name);
  Put(cluster, "proxy-url", endpoint.proxy_url);
  if (endpoint.insecure_skip_tls_verify) cluster["insecure-skip-tls-verify"] = true;
  if (endpoint.disable_compression) cluster["disable-compression"] = true;
  return cluster;
}

void PutImpersonation(kube::Object& user, const Identity& identity) {
  Put(user, "as", identity.as_user);
  Put(user, "as-uid", identity.as_uid);
  if (!identity.as_groups.empty()) {
    kube::Array groups;
    for (const auto& group : identity.as_groups) groups.emplace_back(group);
    user["as-groups"] = std::move(groups);
  }
  for (const auto& [name, value] : identity.as_extra) {
    kube::Object& extra = kube::EnsureObject(user, {"as-user-extra"});
    if (!extra.contains(name)) extra[name] = kube::Array();
    extra[name].as_array().emplace_back(value);
  }
}

kube::Object Named(std::string_view name, std::string_view field, kube::Object value) {
  kube::Object entry;
  entry["name"] = name;
  entry[field] = std::move(value);
  return entry;
}

}  // namespace

Result<std::string> Flatten(const Access& access, bool inline_token_file) {
  const Identity& identity = access.identity;
  if (identity.exec) {
    return Fail(CannotFlatten(
        "users[0].user.exec",
        fmt::format("the user's credentials come from the command {}, which a Secret cannot hold; "
                    "make a service account in the cluster and join with its token",
                    kube::GoQuote(identity.exec->command))));
  }
  kube::Object user;
  std::string token = identity.token;
  if (!identity.token_file.empty()) {
    if (!inline_token_file) {
      return Fail(
          CannotFlatten("users[0].user.tokenFile",
                        fmt::format("the token in {} rotates, and a copy of it would expire; "
                                    "use a long-lived token",
                                    identity.token_file)));
    }
    auto content = ReadSmallFile(identity.token_file, kTokenBytesMax);
    if (!content) return Fail(std::move(content.error()));
    token = std::move(*content);
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
  }
  Put(user, "token", token);
  Put(user, "username", identity.username);
  Put(user, "password", identity.password);
  if (!identity.certificate.certificate_pem.empty()) {
    user["client-certificate-data"] = EncodeBase64(identity.certificate.certificate_pem);
    user["client-key-data"] = EncodeBase64(identity.certificate.key_pem);
  }
  PutImpersonation(user, identity);

  std::string name = access.context.empty() ? "member" : access.context;
  kube::Object context;
  context["cluster"] = name;
  context["user"] = name;
  Put(context, "namespace", access.default_namespace);
  kube::Object config;
  config["apiVersion"] = "v1";
  config["kind"] = "Config";
  config["clusters"] = kube::Array{Named(name, "cluster", ClusterEntry(access.endpoint))};
  config["users"] = kube::Array{Named(name, "user", std::move(user))};
  config["contexts"] = kube::Array{Named(name, "context", std::move(context))};
  config["current-context"] = name;
  return kube::Serialize(config) + "\n";
}

}  // namespace fairway::clusters
