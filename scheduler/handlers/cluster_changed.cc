#include "scheduler/handlers/step.h"

namespace fairway::scheduler {

void On(StepContext& step, const ClusterChanged& event) {
  const ClusterState* known = step.world().FindCluster(event.cluster);
  if (known != nullptr && known->record.spec == *event.spec) return;
  ClusterRecord record{event.cluster, *event.spec};
  if (known != nullptr) record.link = known->record.link;
  step.Persist(PutCluster{std::move(record)});
}

}  // namespace fairway::scheduler
