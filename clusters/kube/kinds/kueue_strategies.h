// The parts of FindKueueStrategy (registry.h), one per file.
#pragma once

#include "clusters/kube/kinds/registry.h"

namespace fairway::kube::kueue {

StrategyMaker FindQueueStrategy(const KindInfo& kind);     // kueue_queues.cc
StrategyMaker FindFlavorStrategy(const KindInfo& kind);    // kueue_flavor.cc
StrategyMaker FindWorkloadStrategy(const KindInfo& kind);  // kueue_workload.cc

}  // namespace fairway::kube::kueue
