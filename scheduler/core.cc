#include "scheduler/core.h"

#include "scheduler/handlers/step.h"

namespace fairway::scheduler {

void Core::Step(Instant now, const Event& event, CommandSink& sink) {
  StepContext step(now, world_, state_, sink);
  std::visit([&](const auto& happened) { On(step, happened); }, event);
  RunPass(step);
  ArmTimer(step);
}

}  // namespace fairway::scheduler
