#include "clusters/kubeconfig/kubeconfig.h"

#include <fmt/core.h>

#include <filesystem>
#include <optional>

#include "clusters/http/pem.h"
#include "clusters/kube/schema/leaf.h"
#include "clusters/kubeconfig/base64.h"
#include "clusters/kubeconfig/files.h"
#include "clusters/kubeconfig/yaml_fields.h"

namespace fairway::clusters {

namespace {

constexpr size_t kKubeconfigBytesMax = 1u << 20;
constexpr size_t kNamedFileBytesMax = 1u << 20;
constexpr std::string_view kExecV1 = "client.authentication.k8s.io/v1";
constexpr std::string_view kExecV1Beta1 = "client.authentication.k8s.io/v1beta1";
constexpr std::string_view kExecExtension = "client.authentication.k8s.io/exec";

Error Invalid(std::string message, std::vector<ErrorCause> causes = {}) {
  Error error;
  error.code = 422;
  error.reason = "Invalid";
  error.message = std::move(message);
  error.causes = std::move(causes);
  return error;
}

// One reading of one kubeconfig.
class KubeconfigReader {
 public:
  KubeconfigReader(const KubeconfigOptions& options, YAML::Node root)
      : options_(options), root_(std::move(root), "", causes_) {}

  Result<Access> Read();

 private:
  std::optional<YamlFields> Named(const std::string& list, const std::string& field,
                                  const std::string& name, const std::string& wanted_by);
  void ReadCluster(YamlFields cluster, Endpoint& endpoint);
  void ReadUser(YamlFields user, Identity& identity);
  void ReadExec(YamlFields exec, Identity& identity);
  void ReadExecExtension(YamlFields cluster);
  std::string Data(YamlFields& from, const std::string& file_key, const std::string& data_key);
  std::string Resolve(const std::string& file) const;

  const KubeconfigOptions& options_;
  std::vector<ErrorCause> causes_;
  YamlFields root_;
  std::string exec_cluster_config_;
};

std::string KubeconfigReader::Resolve(const std::string& file) const {
  std::filesystem::path path(file);
  if (path.is_absolute() || options_.directory.empty()) return path.lexically_normal().string();
  return (std::filesystem::path(options_.directory) / path).lexically_normal().string();
}

// The entry of a named list: clusters, users, contexts.
std::optional<YamlFields> KubeconfigReader::Named(const std::string& list, const std::string& field,
                                                  const std::string& name,
                                                  const std::string& wanted_by) {
  std::string known;
  for (YamlFields& entry : root_.List(list)) {
    std::string entry_name = entry.Text("name");
    if (entry_name == name) return entry.Map(field);
    if (!known.empty()) known += ", ";
    known += entry_name;
  }
  root_.Invalid(list, fmt::format("{} wants {}, which is not here; known: {}", wanted_by,
                                  kube::GoQuote(name), known.empty() ? "none" : known));
  return std::nullopt;
}

// Inline data, or else the content of the file.
std::string KubeconfigReader::Data(YamlFields& from, const std::string& file_key,
                                   const std::string& data_key) {
  if (std::string encoded = from.Text(data_key); !encoded.empty()) {
    auto data = DecodeBase64(encoded);
    if (!data) from.Invalid(data_key, "not base64");
    return data.value_or("");
  }
  std::string file = from.Text(file_key);
  if (file.empty()) return "";
  if (!options_.trusted) {
    from.Forbidden(file_key, fmt::format("files may not be named here; use {}", data_key));
    return "";
  }
  auto content = ReadSmallFile(Resolve(file), kNamedFileBytesMax);
  if (!content) from.Invalid(file_key, content.error().message);
  return content.value_or("");
}

void KubeconfigReader::ReadCluster(YamlFields cluster, Endpoint& endpoint) {
  endpoint.server = cluster.Text("server");
  while (endpoint.server.ends_with('/')) endpoint.server.pop_back();
  bool https = endpoint.server.starts_with("https://");
  if (endpoint.server.empty()) {
    cluster.Required("server", "want the URL of the API server");
  } else if (!https && !endpoint.server.starts_with("http://")) {
    cluster.Invalid("server", "want https://HOST:PORT");
  }
  endpoint.tls_server_name = cluster.Text("tls-server-name");
  endpoint.insecure_skip_tls_verify = cluster.Flag("insecure-skip-tls-verify");
  endpoint.disable_compression = cluster.Flag("disable-compression");
  endpoint.ca_pem = Data(cluster, "certificate-authority", "certificate-authority-data");
  if (!endpoint.ca_pem.empty() && CountCertificates(endpoint.ca_pem) == 0) {
    bool inlined = cluster.Has("certificate-authority-data");
    cluster.Invalid(inlined ? "certificate-authority-data" : "certificate-authority",
                    "holds no PEM certificate");
  }
  if (endpoint.insecure_skip_tls_verify && !endpoint.ca_pem.empty()) {
    cluster.Invalid("insecure-skip-tls-verify",
                    "contradicts certificate-authority: remove one of them");
  }
  endpoint.proxy_url = cluster.Text("proxy-url");
  bool proxy_known = endpoint.proxy_url.empty();
  for (std::string_view scheme : {"http://", "https://", "socks5://", "socks5h://"}) {
    proxy_known = proxy_known || endpoint.proxy_url.starts_with(scheme);
  }
  if (!proxy_known) cluster.Invalid("proxy-url", "want http://, https:// or socks5://");
  ReadExecExtension(cluster);
}

void KubeconfigReader::ReadExecExtension(YamlFields cluster) {
  for (YamlFields& extension : cluster.List("extensions")) {
    if (extension.Text("name") == kExecExtension) {
      exec_cluster_config_ = YamlToJson(extension.Raw("extension"));
    }
  }
}

void KubeconfigReader::ReadUser(YamlFields user, Identity& identity) {
  identity.certificate.certificate_pem =
      Data(user, "client-certificate", "client-certificate-data");
  identity.certificate.key_pem = Data(user, "client-key", "client-key-data");
  if (Status pair = CheckKeyPair(identity.certificate); !pair) {
    user.Invalid("client-certificate-data", pair.error().message);
  }
  identity.token = user.Text("token");
  identity.token_file = user.Text("tokenFile");
  if (!identity.token_file.empty()) {
    if (!options_.trusted) {
      user.Forbidden("tokenFile", "files may not be named here; use token");
    } else {
      identity.token_file = Resolve(identity.token_file);
    }
  }
  identity.username = user.Text("username");
  identity.password = user.Text("password");
  if (!identity.username.empty() && !identity.token.empty()) {
    user.Invalid("username", "contradicts token: remove one of them");
  }
  identity.as_user = user.Text("as");
  identity.as_uid = user.Text("as-uid");
  identity.as_groups = user.Texts("as-groups");
  for (auto& [name, values] : user.TextLists("as-user-extra")) {
    for (auto& value : values) identity.as_extra.emplace_back(name, std::move(value));
  }
  bool as_more = !identity.as_uid.empty() || !identity.as_groups.empty();
  if (as_more && identity.as_user.empty()) user.Required("as", "as-groups and as-uid need it");
  if (user.Has("auth-provider")) {
    user.Invalid("auth-provider", "no longer exists in Kubernetes; use exec");
  }
  if (user.Has("exec")) ReadExec(user.Map("exec"), identity);
}

void KubeconfigReader::ReadExec(YamlFields exec, Identity& identity) {
  if (!options_.trusted) {
    exec.Forbidden("", "commands may not be named here; use a token or a client certificate");
    return;
  }
  ExecConfig config;
  config.api_version = exec.Text("apiVersion");
  if (config.api_version != kExecV1 && config.api_version != kExecV1Beta1) {
    exec.Invalid("apiVersion", fmt::format("want {} or {}", kExecV1, kExecV1Beta1));
  }
  config.command = exec.Text("command");
  if (config.command.empty()) exec.Required("command", "want the program to run");
  if (config.command.find('/') != std::string::npos) config.command = Resolve(config.command);
  config.args = exec.Texts("args");
  for (YamlFields& variable : exec.List("env")) {
    config.env.emplace_back(variable.Text("name"), variable.Text("value"));
    if (config.env.back().first.empty()) variable.Required("name", "want the variable's name");
  }
  config.install_hint = exec.Text("installHint");
  config.provide_cluster_info = exec.Flag("provideClusterInfo");
  config.interactive_mode = exec.Text("interactiveMode");
  const std::string& mode = config.interactive_mode;
  if (mode.empty() && config.api_version == kExecV1) {
    exec.Required("interactiveMode", "want Never or IfAvailable");
  } else if (mode == "Always") {
    exec.Invalid("interactiveMode", "a gateway has no terminal; want Never or IfAvailable");
  } else if (!mode.empty() && mode != "Never" && mode != "IfAvailable") {
    exec.Invalid("interactiveMode", "want Never or IfAvailable");
  }
  config.cluster_config_json = exec_cluster_config_;
  identity.exec = std::move(config);
}

Result<Access> KubeconfigReader::Read() {
  if (std::string kind = root_.Text("kind"); !kind.empty() && kind != "Config") {
    root_.Invalid("kind", fmt::format("want Config, not {}", kube::GoQuote(kind)));
  }
  if (std::string version = root_.Text("apiVersion"); !version.empty() && version != "v1") {
    root_.Invalid("apiVersion", fmt::format("want v1, not {}", kube::GoQuote(version)));
  }
  Access access;
  access.context = options_.context.empty() ? root_.Text("current-context") : options_.context;
  if (access.context.empty()) {
    root_.Required("current-context", "name a context here or by option");
  } else if (auto context = Named("contexts", "context", access.context,
                                  options_.context.empty() ? "current-context" : "the option")) {
    access.default_namespace = context->Text("namespace");
    std::string cluster_name = context->Text("cluster");
    std::string user_name = context->Text("user");
    if (cluster_name.empty()) {
      context->Required("cluster", "want the name of a cluster");
    } else if (auto cluster = Named("clusters", "cluster", cluster_name, context->path())) {
      ReadCluster(*cluster, access.endpoint);
    }
    if (!user_name.empty()) {
      if (auto user = Named("users", "user", user_name, context->path())) {
        ReadUser(*user, access.identity);
      }
    }
  }
  if (!causes_.empty()) {
    std::string message = "the kubeconfig is invalid: ";
    for (size_t i = 0; i < causes_.size(); ++i) {
      message += fmt::format("{}{}: {}", i > 0 ? "; " : "", causes_[i].field, causes_[i].message);
    }
    return Fail(Invalid(std::move(message), std::move(causes_)));
  }
  return access;
}

}  // namespace

Result<Access> ParseKubeconfig(std::string_view text, const KubeconfigOptions& options) {
  if (text.size() > kKubeconfigBytesMax) {
    return Fail(
        Invalid(fmt::format("the kubeconfig is larger than {} bytes", kKubeconfigBytesMax)));
  }
  try {
    auto root = ParseYaml(text);
    if (!root) return Fail(Invalid("the kubeconfig cannot be read: " + root.error().message));
    if (!root->IsMap()) return Fail(Invalid("the kubeconfig is not a mapping"));
    return KubeconfigReader(options, *root).Read();
  } catch (const std::exception& problem) {  // yaml-cpp, on trees that defeat its own checks
    return Fail(Invalid(fmt::format("the kubeconfig cannot be read: {}", problem.what())));
  }
}

Result<Access> LoadKubeconfig(const std::string& path, const std::string& context) {
  auto text = ReadSmallFile(path, kKubeconfigBytesMax);
  if (!text) return Fail(std::move(text.error()));
  KubeconfigOptions options;
  options.context = context;
  options.directory = std::filesystem::absolute(path).parent_path().string();
  options.trusted = true;
  auto access = ParseKubeconfig(*text, options);
  if (!access) access.error().message = path + ": " + access.error().message;
  return access;
}

Result<Access> InClusterAccess(const std::string& service_account_directory, std::string_view host,
                               std::string_view port) {
  if (host.empty() || port.empty()) {
    return Fail(Invalid("not in a pod: KUBERNETES_SERVICE_HOST and _PORT are not set"));
  }
  auto ca = ReadSmallFile(service_account_directory + "/ca.crt", kNamedFileBytesMax);
  if (!ca) return Fail(std::move(ca.error()));
  auto name_space = ReadSmallFile(service_account_directory + "/namespace", kNamedFileBytesMax);
  Access access;
  access.context = "in-cluster";
  access.default_namespace = name_space.value_or("");
  bool ipv6 = host.find(':') != std::string_view::npos;
  access.endpoint.server =
      fmt::format("https://{}{}{}:{}", ipv6 ? "[" : "", host, ipv6 ? "]" : "", port);
  access.endpoint.ca_pem = std::move(*ca);
  access.identity.token_file = service_account_directory + "/token";
  return access;
}

}  // namespace fairway::clusters
