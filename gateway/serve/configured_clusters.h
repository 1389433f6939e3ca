// Clusters that the configuration names, simulated ones included: their access, and their Cluster
// objects.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "clusters/kubeconfig/kubeconfig.h"
#include "gateway/api/object_writer.h"
#include "gateway/config/config.h"
#include "gateway/simulated/simulated_cluster.h"

namespace fairway::gateway {

struct ConfiguredAccess {
  std::string name;
  std::map<std::string, std::string> labels;
  clusters::Access access;
};

Result<std::vector<std::unique_ptr<SimulatedCluster>>> StartSimulated(Loop& loop,
                                                                      const Config& config);

// Reads every named kubeconfig; the error names the cluster and the file.
Result<std::vector<ConfiguredAccess>> ResolveConfigured(
    const Config& config, const std::vector<std::unique_ptr<SimulatedCluster>>& simulated);

// Makes or updates the Cluster objects; their credentials stay out of the store.
Status StoreConfigured(const std::vector<ConfiguredAccess>& clusters, api::ObjectWriter& writer);

// The labels of the n-th simulated cluster (from 0), so that affinities have something to choose
// from.
std::map<std::string, std::string> SimulatedLabels(size_t index);

}  // namespace fairway::gateway
