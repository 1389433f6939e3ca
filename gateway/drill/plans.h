// DrillPlans: starts Drills by the schedules of DrillPlan objects, as the CronJob controller starts
// Jobs. What is due is decided by scheduler/drill/plan.h.
//
// Thread: the loop. Lifetime: everything handed in outlives it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "clusters/loop/loop.h"
#include "gateway/api/object_writer.h"
#include "gateway/drill/document.h"
#include "gateway/driver/driver.h"
#include "scheduler/drill/plan.h"

namespace fairway::gateway {

inline constexpr std::string_view kDrillPlans = "drillplans.fairway.flext.sh";

class DrillPlans {
 public:
  DrillPlans(Loop& loop, api::ObjectWriter& writer, EventSink events);

  // Takes up what is stored. Once, after DrillService.
  Status Start();

 private:
  struct Owned {
    scheduler::PlanDrill drill;
    std::string uid;
  };
  using OwnedByPlan = std::map<std::string, std::vector<Owned>>;  // by the plan's uid

  void Review();
  void Run(const std::string& name, const kube::Object& plan, const std::vector<Owned>& drills);
  bool StartDrill(const std::string& name, const kube::Object& plan, Instant at);
  void Wake(int64_t ms);
  OwnedByPlan FindOwned();

  Loop& loop_;
  api::ObjectWriter& writer_;
  EventSink events_;
  Call timer_;
  Instant wake_;
  std::map<std::string, Instant> told_;  // starts that were left out, and said so; by plan
};

}  // namespace fairway::gateway
