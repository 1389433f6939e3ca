#include "clusters/kube/kinds/registry.h"

namespace fairway::kube {

StrategyMaker FindEventStrategy(const KindInfo&) { return nullptr; }

}  // namespace fairway::kube
