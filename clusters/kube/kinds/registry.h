// Which Strategy a kind gets. One factory per area; each file adds its kinds to the table in
// registry.cc.
#pragma once

#include <memory>

#include "clusters/kube/kinds/defaults.h"
#include "clusters/kube/kinds/strategy.h"

namespace fairway::kube {

// The kind's own Strategy, or the generic one.
std::unique_ptr<Strategy> MakeStrategy(const Schema& schema, const KindInfo& kind,
                                       const Defaults& defaults);

using StrategyMaker = std::unique_ptr<Strategy> (*)(const Schema&, const KindInfo&,
                                                    const Defaults&);

template <typename T>
std::unique_ptr<Strategy> Make(const Schema& schema, const KindInfo& kind,
                               const Defaults& defaults) {
  return std::make_unique<T>(schema, kind, defaults);
}

// nullptr where the area has no rules for the kind.
StrategyMaker FindBatchStrategy(const KindInfo& kind);
StrategyMaker FindCoreStrategy(const KindInfo& kind);
StrategyMaker FindEventStrategy(const KindInfo& kind);
StrategyMaker FindRbacStrategy(const KindInfo& kind);
StrategyMaker FindFairwayStrategy(const KindInfo& kind);
StrategyMaker FindDrillStrategy(const KindInfo& kind);
StrategyMaker FindKueueStrategy(const KindInfo& kind);

}  // namespace fairway::kube
