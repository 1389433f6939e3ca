// Drills as documents: the status of a Drill and its report. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "clusters/kube/json.h"
#include "scheduler/drill/report.h"
#include "scheduler/drill/simulate.h"

namespace fairway::gateway {

// Workloads that a report lists; the others are only counted.
inline constexpr size_t kDrillRowsMax = 500;

using ClusterNames = std::map<ClusterId, std::string>;

// `complete`: everything was seen to its end.
kube::Object ReportDocument(const scheduler::Rehearsal& rehearsal,
                            const scheduler::DrillReport& report, const ClusterNames& names,
                            bool complete);

// How a Drill stands; empty texts and zero times are left out.
struct DrillState {
  std::string phase, reason, message;
  Instant cut, restored;
};
// The phases that a Drill ends in.
bool IsDrillOver(std::string_view phase);
// Sets the state, and the times at which the phase is left for another. The report stays.
void SetDrillState(kube::Object& drill, const DrillState& state, Instant now);

// What a live drill that ended so is: its phase, reason and message.
DrillState EndOfDrill(const scheduler::DrillRecord& record);
DrillState StateOfSimulation(const scheduler::SimulatedDrill& drill);

}  // namespace fairway::gateway
