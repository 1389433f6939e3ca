#include "clusters/kube/patch/managed_fields.h"

#include <algorithm>
#include <optional>

#include "clusters/kube/patch/typed.h"

namespace fairway::kube {

namespace {

constexpr std::string_view kApply = "Apply";
constexpr std::string_view kUpdate = "Update";

bool Is(const ManagerEntry& entry, const Writer& writer, std::string_view operation) {
  return entry.manager == writer.manager && entry.operation == operation &&
         entry.api_version == writer.api_version && entry.subresource == writer.subresource;
}

ManagerEntry& EntryFor(std::vector<ManagerEntry>& entries, const Writer& writer,
                       std::string_view operation) {
  for (ManagerEntry& entry : entries) {
    if (Is(entry, writer, operation)) return entry;
  }
  entries.push_back({writer.manager,
                     std::string(operation),
                     writer.api_version,
                     writer.time,
                     writer.subresource,
                     {}});
  return entries.back();
}

void DropEmpty(std::vector<ManagerEntry>& entries) {
  std::erase_if(entries, [](const ManagerEntry& e) { return e.fields.empty(); });
}

// Too many writers: the oldest Update entries become one.
void Cap(std::vector<ManagerEntry>& entries) {
  auto is_update = [](const ManagerEntry& e) { return e.operation == kUpdate; };
  auto updates = static_cast<size_t>(std::count_if(entries.begin(), entries.end(), is_update));
  while (updates > kUpdateManagersMax) {
    ManagerEntry* oldest = nullptr;
    ManagerEntry* second = nullptr;
    for (ManagerEntry& entry : entries) {
      if (!is_update(entry)) continue;
      if (oldest == nullptr || entry.time < oldest->time) {
        second = oldest;
        oldest = &entry;
      } else if (second == nullptr || entry.time < second->time) {
        second = &entry;
      }
    }
    second->fields.Union(oldest->fields);
    second->manager = "ancient-changes";
    entries.erase(entries.begin() + (oldest - entries.data()));
    --updates;
  }
}

const Array* ManagedArray(const Value& doc) { return GetArray(doc, {"metadata", "managedFields"}); }

// `managedFields: [{}]` asks for all ownership to be forgotten.
bool IsReset(const Value& doc) {
  const Array* list = ManagedArray(doc);
  return list != nullptr && list->size() == 1 && list->front().is_object() &&
         list->front().get_object().empty();
}

// The entries as they stand before this write.
std::vector<ManagerEntry> EntriesBefore(const Value* before, const Value& after) {
  if (before == nullptr || IsReset(after)) return {};
  return DecodeManagedFields(*before);
}

struct Conflict {
  std::string who;  // "ref" using batch/v1
  std::string field;
};

Error ConflictError(const std::vector<Conflict>& conflicts) {
  Error error{.code = 409, .reason = "Conflict"};
  for (const Conflict& conflict : conflicts) {
    error.causes.push_back(
        {"FieldManagerConflict", "conflict with " + conflict.who, conflict.field});
  }
  if (conflicts.size() == 1) {
    error.message = "Apply failed with 1 conflict: conflict with " + conflicts[0].who + ": " +
                    conflicts[0].field;
    return error;
  }
  error.message = "Apply failed with " + std::to_string(conflicts.size()) + " conflicts: ";
  for (size_t i = 0; i < conflicts.size(); ++i) {
    bool first = i == 0 || conflicts[i].who != conflicts[i - 1].who;
    if (first) error.message += (i == 0 ? "" : "\n") + ("conflicts with " + conflicts[i].who + ":");
    error.message += "\n- " + conflicts[i].field;
  }
  return error;
}

std::string Who(const ManagerEntry& entry) {
  std::string who = "\"" + entry.manager + "\"";
  if (!entry.subresource.empty()) who += " with subresource \"" + entry.subresource + "\"";
  if (entry.operation == kUpdate) who += " using " + entry.api_version;
  return who;
}

}  // namespace

std::vector<ManagerEntry> DecodeManagedFields(const Value& doc) {
  std::vector<ManagerEntry> entries;
  const Array* list = ManagedArray(doc);
  if (list == nullptr) return entries;
  for (const Value& item : *list) {
    if (!item.is_object()) continue;
    const Object& fields = item.get_object();
    auto text = [&](std::string_view key) { return std::string(GetString(fields, {key})); };
    ManagerEntry entry{text("manager"), text("operation"),   text("apiVersion"),
                       text("time"),    text("subresource"), {}};
    if (entry.operation.empty()) continue;
    if (const Value* set = Find(fields, "fieldsV1")) entry.fields = FieldSet::FromFieldsV1(*set);
    entry.fields.owned = false;
    entries.push_back(std::move(entry));
  }
  return entries;
}

void EncodeManagedFields(const std::vector<ManagerEntry>& entries, Value& doc) {
  if (entries.empty()) {
    if (Object* metadata = GetObject(doc, {"metadata"})) Erase(*metadata, "managedFields");
    return;
  }
  Array list(doc.storage());
  for (const ManagerEntry& entry : entries) {
    Object item(doc.storage());
    item.emplace("manager", entry.manager);
    item.emplace("operation", entry.operation);
    item.emplace("apiVersion", entry.api_version);
    if (!entry.time.empty()) item.emplace("time", entry.time);
    item.emplace("fieldsType", "FieldsV1");
    item.emplace("fieldsV1", entry.fields.ToFieldsV1(doc.storage()));
    if (!entry.subresource.empty()) item.emplace("subresource", entry.subresource);
    list.push_back(std::move(item));
  }
  EnsureObject(doc.get_object(), {"metadata"}).insert_or_assign("managedFields", std::move(list));
}

void TrackUpdate(const Schema& schema, const MessageType& type, const Value* before, Value& after,
                 const Writer& writer) {
  bool reset = IsReset(after);
  std::vector<ManagerEntry> entries = EntriesBefore(before, after);
  Difference difference = Compare(schema, type, before, after);
  FieldSet gained = std::move(difference.added);
  gained.Union(difference.modified);
  bool changed = !gained.empty() || !difference.removed.empty();
  if (changed && !reset) {
    for (ManagerEntry& entry : entries) {
      if (!Is(entry, writer, kUpdate)) entry.fields.Subtract(gained);
      entry.fields.Subtract(difference.removed);
    }
    if (!gained.empty()) {
      ManagerEntry& mine = EntryFor(entries, writer, kUpdate);
      FieldSet previous = mine.fields;
      mine.fields.Union(gained);
      if (!(mine.fields == previous) || mine.time.empty()) mine.time = writer.time;
    }
    DropEmpty(entries);
    Cap(entries);
  }
  EncodeManagedFields(entries, after);
}

Result<Value> Apply(const Schema& schema, const MessageType& type, const Value* live,
                    const Value& config, const Writer& writer, bool force, StoragePtr storage) {
  if (const Value* managed = FindPath(config, {"metadata", "managedFields"});
      managed != nullptr && !managed->is_null() &&
      !(managed->is_array() && managed->get_array().empty())) {
    return Fail(Error{
        .code = 400, .reason = "BadRequest", .message = "metadata.managedFields must be nil"});
  }
  auto applied = FieldsOf(schema, type, config);
  if (!applied) return Fail(applied.error());

  std::vector<ManagerEntry> entries;
  Value merged(storage);
  if (live == nullptr) {
    merged = Value(config, storage);
  } else {
    entries = DecodeManagedFields(*live);
    if (entries.empty()) {
      // Whoever wrote this object before ownership was kept owns all of it.
      ManagerEntry old{"before-first-apply",
                       std::string(kUpdate),
                       writer.api_version,
                       writer.time,
                       "",
                       Compare(schema, type, nullptr, *live).added};
      if (!old.fields.empty()) entries.push_back(std::move(old));
    }
    merged = Value(*live, storage);
    MergeInto(schema, type, merged, config);

    Difference difference = Compare(schema, type, live, merged);
    FieldSet changes = difference.added;
    changes.Union(difference.modified);
    std::vector<Conflict> conflicts;
    for (ManagerEntry& entry : entries) {
      if (Is(entry, writer, kApply)) continue;
      FieldSet common = entry.fields.Intersection(changes);
      if (common.empty()) continue;
      if (force) {
        entry.fields.Subtract(common);
        continue;
      }
      std::vector<std::string> paths;
      common.AppendPaths("", paths);
      for (std::string& path : paths) conflicts.push_back({Who(entry), std::move(path)});
    }
    if (!conflicts.empty()) return Fail(ConflictError(conflicts));
  }

  ManagerEntry& mine = EntryFor(entries, writer, kApply);
  FieldSet previous = std::move(mine.fields);
  mine.fields = *applied;
  if (!(mine.fields == previous)) mine.time = writer.time;
  if (live != nullptr) {
    FieldSet kept;
    for (const ManagerEntry& entry : entries) kept.Union(entry.fields);
    Prune(schema, type, merged, previous, kept);
  }
  DropEmpty(entries);
  EncodeManagedFields(entries, merged);
  return merged;
}

bool SameButTimes(const Value& a, const Value& b) {
  if (!a.is_object() || !b.is_object()) return Equal(a, b);
  auto skeleton = [](const Value& doc) {
    Value copy(doc);
    if (Array* list = GetArray(copy, {"metadata", "managedFields"})) {
      for (Value& item : *list) {
        if (item.is_object()) Erase(item.get_object(), "time");
      }
    }
    return copy;
  };
  return Equal(skeleton(a), skeleton(b));
}

}  // namespace fairway::kube
