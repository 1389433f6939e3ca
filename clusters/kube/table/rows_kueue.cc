#include <string>

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/table/columns.h"

namespace fairway::kube {
namespace {

Value CountCell(const Object& doc, std::string_view key) {
  return Value(Get<int64_t>(doc, {"status", key}).value_or(0));
}

Value ConditionCell(const Object& doc, std::string_view type) {
  std::string_view status;
  ForEachObject(ObjectOrEmpty(doc, "status"), "conditions", [&](const Object& each, size_t) {
    if (GetString(each, {"type"}) == type) status = GetString(each, {"status"});
  });
  return Value(status);
}

}  // namespace

void FillClusterQueue(const Object& doc, Instant now, Array& cells) {
  cells.push_back(NameCell(doc));
  cells.push_back(TextCell(doc, {"spec", "cohortName"}));
  cells.push_back(TextCell(doc, {"spec", "queueingStrategy"}));
  cells.push_back(CountCell(doc, "pendingWorkloads"));
  cells.push_back(CountCell(doc, "admittedWorkloads"));
  cells.push_back(ConditionCell(doc, "Active"));
  cells.push_back(AgeCell(doc, now));
}

void FillLocalQueue(const Object& doc, Instant now, Array& cells) {
  cells.push_back(NameCell(doc));
  cells.push_back(TextCell(doc, {"spec", "clusterQueue"}));
  cells.push_back(CountCell(doc, "pendingWorkloads"));
  cells.push_back(CountCell(doc, "admittedWorkloads"));
  cells.push_back(ConditionCell(doc, "Active"));
  cells.push_back(AgeCell(doc, now));
}

void FillCohort(const Object& doc, Instant now, Array& cells) {
  cells.push_back(NameCell(doc));
  cells.push_back(TextCell(doc, {"spec", "parentName"}));
  cells.push_back(AgeCell(doc, now));
}

void FillWorkloadPriorityClass(const Object& doc, Instant now, Array& cells) {
  cells.push_back(NameCell(doc));
  cells.emplace_back(GetInt(doc, "value").value_or(0));
  cells.push_back(AgeCell(doc, now));
}

void FillWorkload(const Object& doc, Instant now, Array& cells) {
  cells.push_back(NameCell(doc));
  cells.push_back(TextCell(doc, {"spec", "queueName"}));
  cells.push_back(TextCell(doc, {"status", "admission", "clusterQueue"}));
  cells.push_back(ConditionCell(doc, "Admitted"));
  cells.push_back(ConditionCell(doc, "Finished"));
  cells.push_back(AgeCell(doc, now));
}

}  // namespace fairway::kube
