#include "clusters/kube/kinds/registry.h"

namespace fairway::kube {

StrategyMaker FindFairwayStrategy(const KindInfo&) { return nullptr; }

}  // namespace fairway::kube
