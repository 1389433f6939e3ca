#include <vector>

#include "scheduler/drill/conduct.h"
#include "scheduler/failover/drains.h"
#include "scheduler/failover/failover.h"
#include "scheduler/failover/rebalances.h"
#include "scheduler/handlers/evict.h"
#include "scheduler/handlers/settle.h"
#include "scheduler/handlers/step.h"

namespace fairway::scheduler {

// Everything that may have been lost with the process is asked for again. Each is harmless twice.
void On(StepContext& step, const Recovered&) {
  const FailoverConfig config = step.failover().config;
  step.state() = CoreState{};
  step.failover().config = config;
  for (const auto& [id, box] : step.world().jobs()) {
    const JobRecord& record = *box;
    step.CommandWhatIsDue(record);
    RecoverRebalance(step, record);
    if (!record.former.empty()) {
      NoteAway(step, record);
      if (!IsFinished(record)) NoteAvoidance(step, record);
    }
    if (IsFinished(record) && record.delete_requested) step.Emit(ExpireJob{id});
  }
  BeginSettling(step);
  std::vector<ClusterId> clusters;
  for (const auto& [id, state] : step.world().clusters()) clusters.push_back(id);
  for (const ClusterId id : clusters) {
    ReviewTaints(step, id);
    ReviewDrain(step, id);
  }
  RecoverFailover(step);
  RecoverDrill(step);
  RecoverRebalance(step);
}

}  // namespace fairway::scheduler
