// A what-if question as clients ask it (docs/formats/whatif.md), and what it means for a world.
// Pure; any thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "clusters/kube/json.h"
#include "scheduler/forecast/forecast.h"
#include "scheduler/result.h"

namespace fairway::gateway {

struct WhatIfCluster {
  std::string name;
  std::string like;  // a known cluster; else amounts are given
  std::vector<std::pair<std::string, std::string>> amounts;  // resource, quantity: of all nodes
  int64_t nodes = 1;                                         // that share them evenly
  std::vector<std::pair<std::string, std::string>> labels;
};

struct WhatIfQuota {
  std::string cluster_queue, flavor, resource;
  std::string nominal;  // a quantity
};

struct WhatIfRequest {
  std::vector<std::string> remove, cordon, uncordon;
  std::vector<WhatIfCluster> add;
  std::vector<WhatIfQuota> quotas;
  std::vector<kube::Value> jobs;  // documents, as they were sent
  Duration horizon = Seconds(86'400);
  Duration run_time = Seconds(300);  // of jobs about which nothing is known
};

inline constexpr size_t kWhatIfJobsMax = 1000;
inline constexpr size_t kWhatIfChangesMax = 1000;  // of each kind

// 400 for what is not of that form.
Result<WhatIfRequest> ReadWhatIf(const kube::Value& doc);

// Names become ids. 422 with a cause per mistake: a name that is not known (the known ones are
// listed), a quantity that does not parse.
Result<scheduler::ForecastChanges> ResolveChanges(const WhatIfRequest& request,
                                                  const scheduler::World& world);

}  // namespace fairway::gateway
