#include "scheduler/failover/drains.h"
#include "scheduler/handlers/evict.h"
#include "scheduler/handlers/step.h"
#include "scheduler/quota/reservation.h"

namespace fairway::scheduler {

void On(StepContext& step, const ClusterChanged& event) {
  const ClusterState* known = step.world().FindCluster(event.cluster);
  ClusterSpec spec = *event.spec;
  DateTaints(step.now(), known == nullptr ? nullptr : &known->record.spec, spec);
  DateDrain(step.now(), known == nullptr ? nullptr : &known->record.spec, spec);
  if (known != nullptr && known->record.spec == spec) return;
  ClusterRecord record{event.cluster, std::move(spec)};
  if (known != nullptr) record.link = known->record.link;
  step.Persist(PutCluster{std::move(record)});
  ReviewReservations(step.world(), event.cluster);
  ReviewTaints(step, event.cluster);
  ReviewDrain(step, event.cluster);
}

}  // namespace fairway::scheduler
