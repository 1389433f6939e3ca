#include "gateway/serve/configured_clusters.h"

#include <cstdlib>
#include <utility>

#include "scheduler/names.h"
#include "scheduler/resources.h"

namespace fairway::gateway {

namespace {

std::string ExpandHome(const std::string& path) {
  if (!path.starts_with("~/")) return path;
  const char* home = std::getenv("HOME");
  return (home == nullptr ? std::string() : std::string(home)) + path.substr(1);
}

scheduler::Resources PerNode(const Config& config) {
  scheduler::Resources resources;
  // The configuration has checked both quantities.
  resources.cpu_milli = scheduler::ParseQuantityMilli(config.simulate_cpu).value_or(8000);
  resources.memory_bytes = scheduler::ParseQuantity(config.simulate_memory).value_or(32LL << 30);
  resources.pods = 110;  // as a real kubelet's default
  return resources;
}

}  // namespace

std::map<std::string, std::string> SimulatedLabels(size_t index) {
  static constexpr std::string_view kRegions[] = {"eu", "us", "ap"};
  static constexpr std::string_view kTiers[] = {"gold", "silver"};
  return {{"region", std::string(kRegions[index % std::size(kRegions)])},
          {"tier", std::string(kTiers[index % std::size(kTiers)])},
          {"provider", "simulated"}};
}

Result<std::vector<std::unique_ptr<SimulatedCluster>>> StartSimulated(Loop& loop,
                                                                      const Config& config) {
  std::vector<std::unique_ptr<SimulatedCluster>> clusters;
  for (int64_t i = 1; i <= config.simulate_clusters; ++i) {
    SimulatedOptions options;
    options.name = "sim-" + std::to_string(i);
    options.nodes = config.simulate_nodes;
    options.per_node = PerNode(config);
    options.run_ms = config.simulate_run_ms;
    options.seed = static_cast<uint64_t>(i);
    auto cluster = SimulatedCluster::Create(loop, std::move(options));
    if (!cluster) return Fail(cluster.error());
    clusters.push_back(std::move(*cluster));
  }
  return clusters;
}

Result<std::vector<ConfiguredAccess>> ResolveConfigured(
    const Config& config, const std::vector<std::unique_ptr<SimulatedCluster>>& simulated) {
  std::vector<ConfiguredAccess> resolved;
  for (size_t i = 0; i < simulated.size(); ++i) {
    resolved.push_back({simulated[i]->name(), SimulatedLabels(i), simulated[i]->access()});
  }
  for (const ConfiguredCluster& cluster : config.clusters) {
    auto access = clusters::LoadKubeconfig(ExpandHome(cluster.kubeconfig), cluster.context);
    if (!access) {
      Error error = access.error();
      error.message = "cluster " + cluster.name + ": " + cluster.kubeconfig + ": " + error.message;
      for (const ErrorCause& cause : error.causes) {
        error.message += "\n  " + cause.field + ": " + cause.message;
      }
      return Fail(std::move(error));
    }
    resolved.push_back({cluster.name, cluster.labels, std::move(*access)});
  }
  return resolved;
}

Status StoreConfigured(const std::vector<ConfiguredAccess>& clusters, api::ObjectWriter& writer) {
  api::WriteOptions options;
  options.field_manager = "fairway-config";
  for (const ConfiguredAccess& cluster : clusters) {
    store::ObjectKey key{"clusters.fairway.flext.sh", "", cluster.name};
    auto fill = [&](kube::Object& doc) -> Status {
      kube::Object& metadata = kube::EnsureObject(doc, {"metadata"});
      metadata["name"] = cluster.name;
      kube::Object& labels = kube::EnsureObject(metadata, {"labels"});
      for (const auto& [label, value] : cluster.labels) labels[label] = value;
      kube::EnsureObject(doc, {"spec"})["server"] = cluster.access.endpoint.server;
      kube::EnsureObject(doc, {"metadata", "annotations"})[names::kAnnotationConfigured] = "true";
      return {};
    };
    auto present = writer.Read(key);
    if (!present) return Fail(present.error());
    if (present->has_value()) {
      if (auto updated = writer.Mutate(key, "", fill, options); !updated)
        return Fail(updated.error());
      continue;
    }
    kube::Value doc = kube::Object();
    if (Status filled = fill(doc.get_object()); !filled) return filled;
    if (auto made = writer.Create(key, std::move(doc), options); !made) return Fail(made.error());
  }
  return {};
}

}  // namespace fairway::gateway
