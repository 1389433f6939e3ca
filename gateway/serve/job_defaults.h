// What the configuration gives to Jobs whose author set nothing (the seed's kubernetes_runtime
// block).
#pragma once

#include "clusters/kube/json.h"
#include "gateway/config/config.h"

namespace fairway::gateway {

bool HasJobDefaults(const JobDefaults& defaults);

// Fills in what `job` leaves out. Before Kubernetes' own defaults: afterwards nobody can tell what
// the author wrote.
void FillJobDefaults(const JobDefaults& defaults, kube::Object& job);

}  // namespace fairway::gateway
