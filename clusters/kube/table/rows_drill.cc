// Rows of Drills and DrillPlans.
#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/run_time.h"
#include "clusters/kube/table/columns.h"
#include "clusters/kube/time.h"

namespace fairway::kube {
namespace {

std::string ClusterNames(const Object& spec) {
  std::string out;
  ForEachText(spec, "clusters", [&](std::string_view name, size_t i) {
    if (i > 0) out += ",";
    out += name;
  });
  return out.empty() ? "<none>" : out;
}

}  // namespace

void FillDrill(const Object& doc, Instant now, Array& cells) {
  const Object& spec = ObjectOrEmpty(doc, "spec");
  const Object& status = ObjectOrEmpty(doc, "status");
  const Object* report = GetObject(status, {"report"});
  cells.push_back(NameCell(doc));
  cells.push_back(TextCell(spec, {"mode"}));
  cells.emplace_back(ClusterNames(spec));
  cells.push_back(TextCell(status, {"phase"}, "Pending"));
  if (report == nullptr) {
    cells.emplace_back("<none>");
    cells.emplace_back("<none>");
    cells.emplace_back(nullptr);
  } else {
    cells.emplace_back(std::to_string(GetInt(*report, "moved").value_or(0)) + "/" +
                       std::to_string(GetInt(*report, "inScope").value_or(0)));
    const auto p99 = Get<int64_t>(*report, {"recovery", "p99Milliseconds"});
    cells.emplace_back(p99 ? RunTimeText(Milliseconds(*p99)) : "<none>");
    cells.emplace_back(GetInt(*report, "duplicatedRuns").value_or(0));
  }
  cells.push_back(AgeCell(doc, now));
  cells.push_back(TextCell(status, {"message"}));
}

void FillDrillPlan(const Object& doc, Instant now, Array& cells) {
  const Object& spec = ObjectOrEmpty(doc, "spec");
  const Object& drill = ObjectOrEmpty(ObjectOrEmpty(spec, "drillTemplate"), "spec");
  const std::string_view last = GetString(doc, {"status", "lastScheduleTime"});
  cells.push_back(NameCell(doc));
  cells.push_back(TextCell(spec, {"schedule"}));
  cells.push_back(TextCell(drill, {"mode"}));
  cells.emplace_back(Get<bool>(spec, {"suspend"}).value_or(false));
  cells.emplace_back(static_cast<int64_t>(CountItems(ObjectOrEmpty(doc, "status"), "active")));
  cells.emplace_back(last.empty() ? "<none>" : HumanAge(last, now));
  cells.push_back(AgeCell(doc, now));
  cells.emplace_back(ClusterNames(drill));
}

}  // namespace fairway::kube
