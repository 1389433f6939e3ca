#include "scheduler/handlers/step.h"
#include "scheduler/split/split_steps.h"

namespace fairway::scheduler {

void On(StepContext& step, const JobRelabeled& event) {
  const JobRecord* known = step.world().FindJob(event.job);
  if (known == nullptr || !known->spec) {
    ++step.stats().unknown_reports;
    return;
  }
  if (known->split) RelabelSplit(step, *known, event);
  JobSpec spec = *step.world().FindSpec(known->spec);
  if (spec.rules.empty()) spec.rules.emplace_back();
  PlacementRules& rules = spec.rules.front();
  const PlacementRules asked = event.spec->rules.empty() ? PlacementRules() : event.spec->rules[0];
  rules.scope = asked.scope;
  rules.labels = asked.labels;
  if (rules == PlacementRules()) spec.rules.clear();
  JobRecord record = *known;
  record.spec = step.Intern(spec);
  if (record.spec == known->spec) return;
  step.state().pass_wanted = step.state().pass_wanted || IsPending(record);
  step.PutRecord(std::move(record));
}

}  // namespace fairway::scheduler
