// What members measure: CapacityObserved. Nothing of it is saved. LinkObserved:
// failover/detector.cc.
#include "scheduler/handlers/step.h"
#include "scheduler/quota/reservation.h"

namespace fairway::scheduler {

void On(StepContext& step, const CapacityObserved& event) {
  if (step.world().FindCluster(event.cluster) == nullptr) {
    ++step.stats().unknown_reports;
    return;
  }
  step.world().ObserveCapacity(event.cluster, *event.capacity, event.counted);
  ReviewReservations(step.world(), event.cluster);
}

}  // namespace fairway::scheduler
