#include "scheduler/failover/drains.h"
#include "scheduler/handlers/evict.h"
#include "scheduler/handlers/step.h"

namespace fairway::scheduler {

// Saved, so that it survives a restart. What is under way goes on: a copy that is being withdrawn
// is not brought back.
void On(StepContext& step, const FreezeChanged& event) {
  const FreezeRecord before = step.world().freeze();
  FreezeRecord record;
  if (event.frozen) {
    record.frozen = true;
    record.all = event.all;
    record.since = before.frozen ? before.since : step.now();
    record.reason = *event.reason;
  }
  if (record == before) return;
  if (record.frozen) {
    step.Persist(PutFreeze{record});
  } else {
    step.Persist(EraseFreeze{});
  }
  if (before.all != record.all) {  // every queue is looked at again
    step.world().mutable_ledger().WakeAll();
    step.state().quota.due = {};
  }
  step.failover().dirty = true;
  step.failover().moves_due = step.now();
  std::vector<ClusterId> clusters;
  for (const auto& [id, state] : step.world().clusters()) clusters.push_back(id);
  for (const ClusterId id : clusters) {
    if (!record.frozen) ReviewTaints(step, id);
    WakeDrain(step, id);
    step.Emit(PublishDrain{id});
  }
}

}  // namespace fairway::scheduler
