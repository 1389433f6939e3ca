// Drills for people: progress, report, tables. Pure.
#pragma once

#include <string>

#include "clusters/kube/json.h"

namespace fairway::gateway {

// "Cut: 3 of 12 moved"
std::string DrillProgressLine(const kube::Value& drill);
std::string DrillReportText(const kube::Value& drill);
std::string DrillTable(const kube::Value& list);
std::string DrillPlanTable(const kube::Value& list);

}  // namespace fairway::gateway
