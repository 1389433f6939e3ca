#include "scheduler/handlers/step.h"

namespace fairway::scheduler {

void On(StepContext& step, const ClusterChanged& event) {
  const ClusterState* known = step.world().FindCluster(event.cluster);
  if (known != nullptr && known->record.spec == *event.spec) return;
  step.Persist(PutCluster{{event.cluster, *event.spec}});
}

}  // namespace fairway::scheduler
