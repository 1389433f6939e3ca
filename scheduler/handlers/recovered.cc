#include <vector>

#include "scheduler/handlers/step.h"

namespace fairway::scheduler {

// Everything that may have been lost with the process is asked for again. Each is harmless twice.
void On(StepContext& step, const Recovered&) {
  step.state() = CoreState{};
  for (const auto& [id, box] : step.world().jobs()) {
    const JobRecord& record = *box;
    step.CommandWhatIsDue(record);
    if (IsFinished(record) && record.delete_requested) step.Emit(ExpireJob{id});
  }
}

}  // namespace fairway::scheduler
