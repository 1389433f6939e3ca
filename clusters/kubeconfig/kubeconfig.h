// Kubeconfigs: how to reach a cluster and as whom, in the format that every Kubernetes tool shares
// (kubernetes.io: "Organizing Cluster Access Using kubeconfig Files").
//
// Pure but for reading the files that a kubeconfig on disk names. Errors come all at once, each
// with its key path (`clusters[0].cluster.server`), as causes of one 422 Invalid.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clusters/http/endpoint.h"
#include "scheduler/result.h"

namespace fairway::clusters {

// A command that prints credentials (client.authentication.k8s.io).
struct ExecConfig {
  std::string api_version;
  std::string command;  // absolute when the kubeconfig was a file and the command had a separator
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;
  std::string install_hint;
  bool provide_cluster_info = false;
  std::string interactive_mode;
  std::string cluster_config_json;  // the extension client.authentication.k8s.io/exec, "" = none
  bool operator==(const ExecConfig&) const = default;
};

// Of a token file.
inline constexpr size_t kTokenBytesMax = 64u << 10;

// Who we are to the cluster. Several may be set; all that are set are sent.
struct Identity {
  std::string token;
  std::string token_file;  // wins over `token`; read again as it rotates
  ClientCertificate certificate;
  std::string username, password;
  std::string as_user, as_uid;
  std::vector<std::string> as_groups;
  std::vector<std::pair<std::string, std::string>> as_extra;
  std::optional<ExecConfig> exec;
  bool operator==(const Identity&) const = default;
};

// One context of a kubeconfig, resolved.
struct Access {
  std::string context;
  std::string default_namespace;
  Endpoint endpoint;
  Identity identity;
  bool operator==(const Access&) const = default;
};

struct KubeconfigOptions {
  std::string context;    // empty = current-context
  std::string directory;  // relative file names start here; empty = the working directory
  // A kubeconfig from a file of the operator's may name files and commands. One that came over the
  // API may not: it would read our files and run commands on our machine.
  bool trusted = false;
};

Result<Access> ParseKubeconfig(std::string_view text, const KubeconfigOptions& options);

// Reads `path` (bounded) and parses it as trusted; relative names start at its directory.
Result<Access> LoadKubeconfig(const std::string& path, const std::string& context);

// The same access as a kubeconfig with everything inline, for a Secret. Fails where that cannot be:
// exec plugins; a token file's present content is inlined only when `inline_token_file`.
Result<std::string> Flatten(const Access& access, bool inline_token_file = false);

// The access of a pod to the cluster it runs in.
Result<Access> InClusterAccess(const std::string& service_account_directory, std::string_view host,
                               std::string_view port);

}  // namespace fairway::clusters
