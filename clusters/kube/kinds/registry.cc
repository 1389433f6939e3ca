#include "clusters/kube/kinds/registry.h"

namespace fairway::kube {

std::unique_ptr<Strategy> MakeStrategy(const Schema& schema, const KindInfo& kind,
                                       const Defaults& defaults) {
  for (const auto find : {FindBatchStrategy, FindCoreStrategy, FindEventStrategy, FindRbacStrategy,
                          FindFairwayStrategy, FindDrillStrategy, FindKueueStrategy}) {
    if (const StrategyMaker make = find(kind)) return make(schema, kind, defaults);
  }
  return Make<Strategy>(schema, kind, defaults);
}

}  // namespace fairway::kube
