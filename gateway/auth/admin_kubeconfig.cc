#include "gateway/auth/admin_kubeconfig.h"

#include <fmt/core.h>

#include "clusters/kubeconfig/base64.h"
#include "gateway/auth/private_file.h"

namespace fairway::gateway {

std::string FormatKubeconfig(const KubeconfigFacts& facts) {
  std::string text = fmt::format(
      "apiVersion: v1\nkind: Config\nclusters:\n- name: {0}\n  cluster:\n    server: {1}\n"
      "    certificate-authority-data: {2}\nusers:\n- name: {3}\n  user:\n",
      facts.cluster, facts.server, clusters::EncodeBase64(facts.ca_certificate), facts.user);
  if (!facts.client.certificate.empty()) {
    text += fmt::format("    client-certificate-data: {}\n    client-key-data: {}\n",
                        clusters::EncodeBase64(facts.client.certificate),
                        clusters::EncodeBase64(facts.client.private_key));
  }
  if (!facts.token.empty()) text += fmt::format("    token: {}\n", facts.token);
  text += fmt::format(
      "contexts:\n- name: {0}\n  context:\n    cluster: {0}\n    user: {1}\n{2}"
      "current-context: {0}\n",
      facts.cluster, facts.user,
      facts.default_namespace.empty()
          ? std::string()
          : fmt::format("    namespace: {}\n", facts.default_namespace));
  return text;
}

Status WriteKubeconfig(const std::string& path, const KubeconfigFacts& facts) {
  return WritePrivateFile(path, FormatKubeconfig(facts));
}

std::string ServerUrl(const std::string& host, uint16_t port) {
  std::string reachable = host;
  if (host.empty() || host == "0.0.0.0" || host == "::") reachable = "127.0.0.1";
  if (reachable.find(':') != std::string::npos) reachable = "[" + reachable + "]";
  return fmt::format("https://{}:{}", reachable, port);
}

}  // namespace fairway::gateway
