#include "clusters/kube/table/table.h"

#include <string>

#include "clusters/kube/errors.h"
#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/table/columns.h"

namespace fairway::kube {
namespace {

std::string MetaVersion(std::string_view version) { return "meta.k8s.io/" + std::string(version); }

Object EmptyTable(const TableOptions& options) {
  Object table;
  table["kind"] = "Table";
  table["apiVersion"] = MetaVersion(options.version);
  return table;
}

Value ColumnDefinitions(const TableFormat& format) {
  Array columns;
  for (const Column& column : format.columns) {
    Object each;
    each["name"] = column.name;
    each["type"] = column.type;
    each["format"] = column.format;
    each["description"] = column.description;
    each["priority"] = column.priority;
    columns.push_back(std::move(each));
  }
  return columns;
}

// A pod that has ended is marked, so that clients can leave it out.
Array RowConditions(const KindInfo& kind, const Object& doc) {
  Array conditions;
  if (kind.kind != "Pod") return conditions;
  const std::string_view phase = GetString(doc, {"status", "phase"});
  if (phase != "Succeeded" && phase != "Failed") return conditions;
  Object condition;
  condition["type"] = "Completed";
  condition["status"] = "True";
  condition["reason"] = phase;
  condition["message"] =
      phase == "Succeeded" ? "The pod has completed successfully." : "The pod failed.";
  conditions.push_back(std::move(condition));
  return conditions;
}

Object Row(const KindInfo& kind, const TableFormat& format, const Object& doc,
           const TableOptions& options) {
  Object row;
  Array cells;
  format.fill(doc, options.now, cells);
  row["cells"] = std::move(cells);
  Array conditions = RowConditions(kind, doc);
  if (!conditions.empty()) row["conditions"] = std::move(conditions);
  switch (options.include) {
    case IncludeObject::kMetadata:
      row["object"] = PartialMetadata(doc, options.version);
      break;
    case IncludeObject::kObject: {
      // Items of built-in lists come without their names.
      Object object = {{"kind", kind.kind}, {"apiVersion", kind.api_version()}};
      for (const auto& member : doc) object[member.key()] = member.value();
      row["object"] = std::move(object);
      break;
    }
    case IncludeObject::kNone:
      row["object"] = nullptr;
      break;
  }
  return row;
}

Object ListMetadata(const Object& list) {
  const Object* metadata = GetObject(list, {"metadata"});
  return metadata == nullptr ? Object() : *metadata;
}

}  // namespace

Result<IncludeObject> ParseIncludeObject(std::string_view text) {
  if (text.empty() || text == "Metadata") return IncludeObject::kMetadata;
  if (text == "Object") return IncludeObject::kObject;
  if (text == "None") return IncludeObject::kNone;
  FieldErrors errors;
  errors.Invalid(FieldPath("includeObject"), text,
                 "must be 'Metadata', 'Object', 'None', or empty");
  return Fail(BadRequest(AggregateText(errors.causes())));
}

Object TableOfList(const KindInfo& kind, const Object& list, const TableOptions& options) {
  const TableFormat& format = FormatOf(kind);
  Object table = EmptyTable(options);
  table["metadata"] = ListMetadata(list);
  table["columnDefinitions"] = ColumnDefinitions(format);
  Array rows;
  rows.reserve(CountItems(list, "items"));
  ForEachObject(list, "items", [&](const Object& item, size_t) {
    rows.push_back(Row(kind, format, item, options));
  });
  table["rows"] = std::move(rows);
  return table;
}

Object TableOfObject(const KindInfo& kind, const Object& doc, const TableOptions& options,
                     bool with_columns) {
  const TableFormat& format = FormatOf(kind);
  Object table = EmptyTable(options);
  Object metadata;
  const std::string_view version = GetString(doc, {"metadata", "resourceVersion"});
  if (!version.empty()) metadata["resourceVersion"] = version;
  table["metadata"] = std::move(metadata);
  table["columnDefinitions"] = with_columns ? ColumnDefinitions(format) : Value();
  Array rows;
  rows.push_back(Row(kind, format, doc, options));
  table["rows"] = std::move(rows);
  return table;
}

Object TableOfBookmark(const KindInfo& kind, std::string_view resource_version,
                       bool initial_events_end, const TableOptions& options, bool with_columns) {
  Object metadata = {{"resourceVersion", resource_version}};
  if (initial_events_end) metadata["annotations"] = {{"k8s.io/initial-events-end", "true"}};
  const Object doc = {
      {"kind", kind.kind}, {"apiVersion", kind.api_version()}, {"metadata", std::move(metadata)}};
  return TableOfObject(kind, doc, options, with_columns);
}

Object PartialMetadata(const Object& doc, std::string_view version) {
  Object partial;
  partial["kind"] = "PartialObjectMetadata";
  partial["apiVersion"] = MetaVersion(version);
  partial["metadata"] = ObjectOrEmpty(doc, "metadata");
  return partial;
}

Object PartialMetadataList(const Object& list, std::string_view version) {
  Object partial;
  partial["kind"] = "PartialObjectMetadataList";
  partial["apiVersion"] = MetaVersion(version);
  partial["metadata"] = ListMetadata(list);
  Array items;
  items.reserve(CountItems(list, "items"));
  ForEachObject(list, "items", [&](const Object& item, size_t) {
    items.push_back(PartialMetadata(item, version));
  });
  partial["items"] = std::move(items);
  return partial;
}

}  // namespace fairway::kube
