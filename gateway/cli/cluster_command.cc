// fairway cluster join|list|cordon|uncordon|drain|undrain|remove: the member clusters, through the
// API.
#include <chrono>
#include <cstdio>

#include "clusters/kubeconfig/base64.h"
#include "clusters/kubeconfig/kubeconfig.h"
#include "gateway/cli/api_client.h"
#include "gateway/cli/cluster_verbs.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/output.h"
#include "scheduler/names.h"

namespace fairway::gateway {

using kube::Array;
using kube::Object;
using kube::Value;

namespace {

constexpr std::string_view kApply = "application/apply-patch+yaml";

constexpr const char* kClusterUsage =
    "Usage:\n"
    "  fairway cluster join NAME --kubeconfig FILE [--context C] [--label k=v]...\n"
    "  fairway cluster list [-o json|yaml|name]\n"
    "  fairway cluster cordon NAME\n"
    "  fairway cluster uncordon NAME\n"
    "  fairway cluster drain NAME [--now] [--deadline 10m] [--max-moving N] [--dry-run] [--watch]\n"
    "  fairway cluster undrain NAME\n"
    "  fairway cluster remove NAME [--force] [--dry-run]\n"
    "\n"
    "drain: what has not started moves when another cluster has room, what runs may end, or moves\n"
    "after --deadline; with --now all moves at once. --dry-run tells what would happen.\n"
    "join: --kubeconfig and --context are the member's, --gateway-kubeconfig is ours; elsewhere\n"
    "--kubeconfig is ours. Without it $KUBECONFIG counts, then fairway-data/admin.kubeconfig.\n";

std::string ApplyTarget(std::string_view collection, std::string_view name) {
  return std::string(collection) + "/" + std::string(name) + "?fieldManager=fairway-cli&force=true";
}

Result<Object> Labels(const std::vector<std::string>& pairs) {
  Object labels;
  for (const std::string& pair : pairs) {
    size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Fail(Error{.code = 0, .message = "--label wants key=value, not \"" + pair + "\""});
    }
    labels[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return labels;
}

// The namespace that Secrets of clusters live in.
Status EnsureSystemNamespace(ApiClient& api) {
  Object ns{{"apiVersion", "v1"}, {"kind", "Namespace"}};
  ns["metadata"] = Object{{"name", kSystem}};
  auto made = api.Call("POST", "/api/v1/namespaces", kube::Serialize(ns));
  if (!made && made.error().reason != "AlreadyExists") return Fail(made.error());
  return {};
}

int Join(ApiClient& api, const Args& args, const std::string& name) {
  std::string file = args.Get("member-kubeconfig");
  auto access = clusters::LoadKubeconfig(file, args.Get("member-context"));
  if (!access) {
    for (const ErrorCause& cause : access.error().causes) {
      std::fprintf(stderr, "%s: %s: %s\n", file.c_str(), cause.field.c_str(),
                   cause.message.c_str());
    }
    return PrintLocalError(access.error());
  }
  auto flat = clusters::Flatten(*access, args.Has("inline-token-file"));
  if (!flat) return PrintLocalError(flat.error());
  auto labels = Labels(args.All("label"));
  if (!labels) return PrintLocalError(labels.error());
  if (Status ready = EnsureSystemNamespace(api); !ready) return PrintError(ready.error());

  std::string secret_name = "cluster-" + name;
  Object secret{{"apiVersion", "v1"}, {"kind", "Secret"}, {"type", "Opaque"}};
  secret["metadata"] = Object{{"name", secret_name}, {"namespace", kSystem}};
  secret["data"] = Object{{"kubeconfig", clusters::EncodeBase64(*flat)}};
  auto stored = api.Call(
      "PATCH", ApplyTarget("/api/v1/namespaces/" + std::string(kSystem) + "/secrets", secret_name),
      kube::Serialize(secret), kApply);
  if (!stored) return PrintError(stored.error());

  Object cluster{{"apiVersion", names::kGroupVersion}, {"kind", "Cluster"}};
  Object metadata{{"name", name}};
  if (!labels->empty()) metadata["labels"] = *labels;
  cluster["metadata"] = std::move(metadata);
  cluster["spec"] =
      Object{{"kubeconfigSecretRef",
              Object{{"namespace", kSystem}, {"name", secret_name}, {"key", "kubeconfig"}}}};
  auto joined =
      api.Call("PATCH", ApplyTarget(kClustersPath, name), kube::Serialize(cluster), kApply);
  if (!joined) return PrintError(joined.error());
  std::printf("cluster/%s joined (%s)\n", name.c_str(), access->endpoint.server.c_str());
  return 0;
}

}  // namespace

std::string ConditionStatus(const Value& cluster, std::string_view type) {
  if (const Array* conditions = kube::GetArray(cluster, {"status", "conditions"})) {
    for (const Value& condition : *conditions) {
      if (kube::GetString(condition, {"type"}) != type) continue;
      std::string_view status = kube::GetString(condition, {"status"});
      return status == "True" ? "True" : std::string(kube::GetString(condition, {"reason"}));
    }
  }
  return "Unknown";
}

namespace {

// What the column CORDONED says.
std::string Openness(const Value& cluster) {
  if (kube::GetObject(cluster, {"spec", "drain"}) != nullptr) {
    const Object* drain = kube::GetObject(cluster, {"status", "drain"});
    if (drain == nullptr) return "draining";
    return kube::GetString(*drain, {"message"}) == "drained"
               ? "drained"
               : "draining (" + std::to_string(kube::Get<int64_t>(*drain, {"left"}).value_or(0)) +
                     " left)";
  }
  return kube::Get<bool>(cluster, {"spec", "cordoned"}).value_or(false) ? "yes" : "no";
}

std::vector<std::string> ClusterRow(const Value& cluster, int64_t now_ms) {
  auto text = [&](kube::Path path) { return std::string(kube::GetString(cluster, path)); };
  auto number = [&](kube::Path path) {
    auto value = kube::Get<int64_t>(cluster, path);
    return value ? std::to_string(*value) : std::string("-");
  };
  std::string labels;
  if (const Object* map = kube::GetObject(cluster, {"metadata", "labels"})) {
    for (const auto& [key, value] : *map) {
      labels +=
          (labels.empty() ? "" : ",") + std::string(key) + "=" + std::string(value.get_string());
    }
  }
  return {text({"metadata", "name"}),
          ConditionStatus(cluster, "Ready"),
          text({"status", "kubernetesVersion"}),
          number({"status", "nodes"}),
          text({"status", "requested", "cpu"}) + "/" + text({"status", "allocatable", "cpu"}),
          number({"status", "runningJobs"}),
          Openness(cluster),
          Age(text({"metadata", "creationTimestamp"}), now_ms),
          labels.empty() ? "<none>" : labels};
}

int List(ApiClient& api, const Args& args) {
  auto list = api.Get(kClustersPath);
  if (!list) return PrintError(list.error());
  std::string output = args.Get("output", "table");
  const Array* items = kube::GetArray(*list, {"items"});
  if (output == "json" || output == "yaml") {
    std::fputs(FormatDocument(*list, output).c_str(), stdout);
    return 0;
  }
  if (output != "table" && output != "name")
    return PrintUsage(kClusterUsage, "-o must be json, yaml, table or name");
  if (items == nullptr || items->empty()) {
    std::fputs("No clusters have joined.\n", stderr);
    return 0;
  }
  int64_t now = std::chrono::duration_cast<std::chrono::milliseconds>(
                    std::chrono::system_clock::now().time_since_epoch())
                    .count();
  std::vector<std::vector<std::string>> rows;
  for (const Value& cluster : *items) {
    if (output == "name") {
      std::printf("cluster/%s\n",
                  std::string(kube::GetString(cluster, {"metadata", "name"})).c_str());
    }
    rows.push_back(ClusterRow(cluster, now));
  }
  if (output == "table") {
    std::fputs(
        FormatTable(
            {"NAME", "READY", "VERSION", "NODES", "CPU", "JOBS", "CORDONED", "AGE", "LABELS"}, rows)
            .c_str(),
        stdout);
    PrintFreeze(api, stderr);
  }
  return 0;
}

int Cordon(ApiClient& api, const std::string& name, bool on) {
  std::string target = std::string(kClustersPath) + "/" + name + "?fieldManager=fairway-cli";
  auto done =
      api.Call("PATCH", target,
               on ? R"({"spec":{"cordoned":true}})" : R"({"spec":{"cordoned":null}})", kMergePatch);
  if (!done) return PrintError(done.error());
  std::printf("cluster/%s %s\n", name.c_str(), on ? "cordoned" : "uncordoned");
  return 0;
}

}  // namespace

int RunCluster(const std::vector<std::string>& arguments) {
  std::vector<FlagSpec> specs = kApiFlags;
  specs.insert(specs.end(), {{"label", "l", true},
                             {"force", "", false},
                             {"now", "", false},
                             {"deadline", "", true},
                             {"max-moving", "", true},
                             {"dry-run", "", false},
                             {"watch", "w", false},
                             {"inline-token-file", "", false},
                             {"gateway-kubeconfig", "", true},
                             {"help", "h", false}});
  Args args = ParseArgs(arguments, specs);
  if (!args.error.empty()) return PrintUsage(kClusterUsage, args.error);
  if (args.Has("help")) {
    std::fputs(kClusterUsage, stdout);
    return 0;
  }
  if (args.words.empty()) return PrintUsage(kClusterUsage);
  const std::string& verb = args.words[0];
  bool wants_name = verb != "list";
  if (args.words.size() != (wants_name ? 2u : 1u)) {
    return PrintUsage(kClusterUsage,
                      wants_name ? verb + " wants one cluster name" : "list takes no name");
  }
  if (verb == "join") {
    // Here --kubeconfig and --context name the member, as its user thinks of it.
    if (!args.Has("kubeconfig"))
      return PrintUsage(kClusterUsage, "join wants --kubeconfig FILE of the member");
    Args member = args;
    args.flags.clear();
    for (auto& [flag, value] : member.flags) {
      if (flag == "kubeconfig") {
        args.flags.emplace_back("member-kubeconfig", value);
      } else if (flag == "context") {
        args.flags.emplace_back("member-context", value);
      } else if (flag == "gateway-kubeconfig") {
        args.flags.emplace_back("kubeconfig", value);
      } else {
        args.flags.emplace_back(flag, value);
      }
    }
  }
  auto api = ApiClient::Create(args);
  if (!api) return PrintLocalError(api.error());
  if (verb == "join") return Join(**api, args, args.words[1]);
  if (verb == "list") return List(**api, args);
  if (verb == "cordon") return Cordon(**api, args.words[1], true);
  if (verb == "uncordon") return Cordon(**api, args.words[1], false);
  if (verb == "drain") return DrainCluster(**api, args, args.words[1]);
  if (verb == "undrain") return UndrainCluster(**api, args.words[1]);
  if (verb == "remove") return RemoveCluster(**api, args, args.words[1]);
  return PrintUsage(kClusterUsage, "unknown command: cluster " + verb);
}

}  // namespace fairway::gateway
