// The columns of each kind's table and how a row is filled. A kind is one row of the list in
// columns.cc; kinds without one get Name and Age.
//
// Pure functions over documents in any state (fields may be missing); any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "clusters/kube/json.h"
#include "clusters/kube/schema/schema.h"
#include "scheduler/instant.h"

namespace fairway::kube {

struct Column {
  std::string_view name;
  std::string_view type = "string";
  std::string_view description = {};
  int priority = 0;  // 1 = shown by -o wide only
  std::string_view format = {};
};

struct TableFormat {
  std::vector<Column> columns;
  // Appends one cell per column, the wide ones included.
  void (*fill)(const Object& doc, Instant now, Array& cells) = nullptr;
};

const TableFormat& FormatOf(const KindInfo& kind);

// Cells that many kinds share.
Value NameCell(const Object& doc);
Value AgeCell(const Object& doc, Instant now);
// The text at `path`, or `absent`.
Value TextCell(const Object& doc, Path path, std::string_view absent = {});
// Names and images of a pod spec's containers, comma-separated.
std::string ContainerNames(const Object& pod_spec);
std::string ContainerImages(const Object& pod_spec);
// `a=b,c in (d,e)`; "<none>" for no selector, "<error>" for a malformed one.
std::string SelectorText(const Object* selector);

// rows_*.cc
void FillJob(const Object& doc, Instant now, Array& cells);
void FillCronJob(const Object& doc, Instant now, Array& cells);
void FillPod(const Object& doc, Instant now, Array& cells);
void FillNode(const Object& doc, Instant now, Array& cells);
void FillEvent(const Object& doc, Instant now, Array& cells);
void FillRoleBinding(const Object& doc, Instant now, Array& cells);
void FillPodTemplate(const Object& doc, Instant now, Array& cells);
void FillClaim(const Object& doc, Instant now, Array& cells);
void FillCluster(const Object& doc, Instant now, Array& cells);
void FillPlacement(const Object& doc, Instant now, Array& cells);
void FillPlacementPolicy(const Object& doc, Instant now, Array& cells);
void FillDrill(const Object& doc, Instant now, Array& cells);
void FillDrillPlan(const Object& doc, Instant now, Array& cells);
void FillClusterQueue(const Object& doc, Instant now, Array& cells);
void FillLocalQueue(const Object& doc, Instant now, Array& cells);
void FillCohort(const Object& doc, Instant now, Array& cells);
void FillWorkloadPriorityClass(const Object& doc, Instant now, Array& cells);
void FillWorkload(const Object& doc, Instant now, Array& cells);

}  // namespace fairway::kube
