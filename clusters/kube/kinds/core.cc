#include "clusters/kube/kinds/registry.h"

namespace fairway::kube {

StrategyMaker FindCoreStrategy(const KindInfo&) { return nullptr; }

}  // namespace fairway::kube
