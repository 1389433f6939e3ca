#include "clusters/kubeconfig/exec_credential.h"

#include <fmt/core.h>

#include "clusters/http/pem.h"
#include "clusters/kube/json.h"
#include "clusters/kube/schema/leaf.h"
#include "clusters/kube/time.h"
#include "clusters/kubeconfig/base64.h"

namespace fairway::clusters {

namespace {

Error BadAnswer(const ExecConfig& exec, std::string_view what) {
  Error error;
  error.code = 502;
  error.reason = "ExecFailed";
  error.message =
      fmt::format("{} answered no usable ExecCredential: {}", kube::GoQuote(exec.command), what);
  return error;
}

}  // namespace

std::string ExecInfoJson(const ExecConfig& exec, const Endpoint& endpoint) {
  kube::Object info;
  info["apiVersion"] = exec.api_version;
  info["kind"] = "ExecCredential";
  kube::Object& spec = kube::EnsureObject(info, {"spec"});
  spec["interactive"] = false;
  if (exec.provide_cluster_info) {
    kube::Object& cluster = kube::EnsureObject(spec, {"cluster"});
    cluster["server"] = endpoint.server;
    if (!endpoint.tls_server_name.empty()) cluster["tls-server-name"] = endpoint.tls_server_name;
    if (endpoint.insecure_skip_tls_verify) cluster["insecure-skip-tls-verify"] = true;
    if (!endpoint.ca_pem.empty()) {
      cluster["certificate-authority-data"] = EncodeBase64(endpoint.ca_pem);
    }
    if (!endpoint.proxy_url.empty()) cluster["proxy-url"] = endpoint.proxy_url;
    if (endpoint.disable_compression) cluster["disable-compression"] = true;
    kube::Value config;
    if (auto parsed = kube::ParseJson(exec.cluster_config_json.empty()
                                          ? std::string_view("null")
                                          : std::string_view(exec.cluster_config_json))) {
      config = std::move(*parsed);
    }
    cluster["config"] = std::move(config);
  }
  return kube::Serialize(info);
}

Result<ExecAnswer> ParseExecAnswer(std::string_view output, const ExecConfig& exec) {
  auto parsed = kube::ParseJson(output);
  if (!parsed) return Fail(BadAnswer(exec, parsed.error().message));
  if (kube::GetString(*parsed, {"kind"}) != "ExecCredential") {
    return Fail(BadAnswer(exec, "kind is not ExecCredential"));
  }
  if (kube::GetString(*parsed, {"apiVersion"}) != exec.api_version) {
    return Fail(BadAnswer(exec, fmt::format("apiVersion is {}, asked was {}",
                                            kube::GoQuote(kube::GetString(*parsed, {"apiVersion"})),
                                            exec.api_version)));
  }
  ExecAnswer answer;
  answer.token = std::string(kube::GetString(*parsed, {"status", "token"}));
  answer.certificate.certificate_pem =
      std::string(kube::GetString(*parsed, {"status", "clientCertificateData"}));
  answer.certificate.key_pem = std::string(kube::GetString(*parsed, {"status", "clientKeyData"}));
  if (answer.token.empty() && answer.certificate.certificate_pem.empty()) {
    return Fail(BadAnswer(exec, "status has neither a token nor a client certificate"));
  }
  if (Status pair = CheckKeyPair(answer.certificate); !pair) {
    return Fail(BadAnswer(exec, pair.error().message));
  }
  std::string_view expires = kube::GetString(*parsed, {"status", "expirationTimestamp"});
  if (!expires.empty()) {
    auto time = kube::ParseTime(expires);
    if (!time) return Fail(BadAnswer(exec, "status.expirationTimestamp is not a time"));
    answer.expires = *time;
  }
  return answer;
}

}  // namespace fairway::clusters
