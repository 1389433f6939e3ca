#include "gateway/driver/cluster_access.h"

#include <utility>

#include "clusters/kubeconfig/base64.h"
#include "gateway/driver/same_at.h"

namespace fairway::gateway {

using kube::Object;

namespace {

Error Unusable(std::string message) {
  return Error{.code = 422, .reason = "InvalidAccess", .message = std::move(message)};
}

std::string SecretText(const Object* secret, std::string_view key) {
  if (secret == nullptr) return {};
  return clusters::DecodeBase64(kube::GetString(*secret, {"data", key})).value_or(std::string());
}

const Object* Reference(const Object& cluster) {
  const Object* ref = kube::GetObject(cluster, {"spec", "kubeconfigSecretRef"});
  return ref != nullptr ? ref : kube::GetObject(cluster, {"spec", "credentialSecretRef"});
}

Result<clusters::Access> FromKubeconfig(const Object& cluster, const Object& ref,
                                        const Object* secret) {
  std::string key(kube::GetString(ref, {"key"}));
  if (key.empty()) key = "kubeconfig";
  if (secret == nullptr) {
    return Fail(Unusable("spec.kubeconfigSecretRef: secret \"" +
                         std::string(kube::GetString(ref, {"name"})) + "\" not found"));
  }
  std::string text = SecretText(secret, key);
  if (text.empty()) {
    return Fail(Unusable("spec.kubeconfigSecretRef: the secret has no key \"" + key + "\""));
  }
  clusters::KubeconfigOptions options;
  options.context = std::string(kube::GetString(cluster, {"spec", "context"}));
  return clusters::ParseKubeconfig(text, options);
}

Result<clusters::Access> FromFields(const Object& cluster, const Object* secret) {
  clusters::Access access;
  clusters::Endpoint& endpoint = access.endpoint;
  endpoint.server = std::string(kube::GetString(cluster, {"spec", "server"}));
  while (endpoint.server.ends_with('/')) endpoint.server.pop_back();
  endpoint.tls_server_name = std::string(kube::GetString(cluster, {"spec", "tlsServerName"}));
  endpoint.proxy_url = std::string(kube::GetString(cluster, {"spec", "proxyURL"}));
  endpoint.insecure_skip_tls_verify =
      kube::Get<bool>(cluster, {"spec", "insecureSkipTLSVerify"}).value_or(false);
  auto bundle = clusters::DecodeBase64(kube::GetString(cluster, {"spec", "caBundle"}));
  if (!bundle) return Fail(Unusable("spec.caBundle: not base64"));
  endpoint.ca_pem = bundle->empty() ? SecretText(secret, "ca.crt") : *bundle;
  access.identity.token = SecretText(secret, "token");
  access.identity.certificate.certificate_pem = SecretText(secret, "tls.crt");
  access.identity.certificate.key_pem = SecretText(secret, "tls.key");
  if (access.identity.token.empty() && access.identity.certificate.certificate_pem.empty()) {
    return Fail(
        Unusable("spec.credentialSecretRef: the secret must exist and hold \"token\" or "
                 "\"tls.crt\" and \"tls.key\""));
  }
  return access;
}

// All that the access is made of. What is not named here may change without a reconnect.
constexpr std::string_view kAccessFields[] = {"kubeconfigSecretRef",
                                              "credentialSecretRef",
                                              "context",
                                              "server",
                                              "tlsServerName",
                                              "proxyURL",
                                              "insecureSkipTLSVerify",
                                              "caBundle"};

}  // namespace

bool HasSameAccess(const Object& before, const Object& after) {
  for (std::string_view field : kAccessFields) {
    if (!SameAt(before, after, {"spec", field})) return false;
  }
  return true;
}

std::optional<store::ObjectKey> ClusterSecret(const Object& cluster) {
  const Object* ref = Reference(cluster);
  if (ref == nullptr) return std::nullopt;
  std::string ns(kube::GetString(*ref, {"namespace"}));
  if (ns.empty()) ns = kSystemNamespace;
  return store::ObjectKey{"secrets", ns, std::string(kube::GetString(*ref, {"name"}))};
}

Result<clusters::Access> ClusterAccess(const Object& cluster, const Object* secret) {
  if (const Object* ref = kube::GetObject(cluster, {"spec", "kubeconfigSecretRef"})) {
    return FromKubeconfig(cluster, *ref, secret);
  }
  return FromFields(cluster, secret);
}

}  // namespace fairway::gateway
