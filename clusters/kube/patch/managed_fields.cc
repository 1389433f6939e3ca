#include "clusters/kube/patch/managed_fields.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "clusters/kube/patch/last_applied.h"
#include "clusters/kube/patch/typed.h"
#include "clusters/kube/schema/decode.h"

namespace fairway::kube {

namespace {

constexpr std::string_view kApply = "Apply";
constexpr std::string_view kUpdate = "Update";

// An applier stays the same whatever API version it speaks.
bool Is(const ManagerEntry& entry, const Writer& writer, std::string_view operation) {
  return entry.manager == writer.manager && entry.operation == operation &&
         (operation == kApply || entry.api_version == writer.api_version) &&
         entry.subresource == writer.subresource;
}

ManagerEntry& EntryFor(std::vector<ManagerEntry>& entries, const Writer& writer,
                       std::string_view operation) {
  for (ManagerEntry& entry : entries) {
    if (Is(entry, writer, operation)) return entry;
  }
  entries.push_back(
      {writer.manager, std::string(operation), writer.api_version, "", writer.subresource, {}});
  return entries.back();
}

void DropEmpty(std::vector<ManagerEntry>& entries) {
  std::erase_if(entries, [](const ManagerEntry& e) { return e.fields.empty(); });
}

// Too many writers: the oldest Update entries become one, for each API version.
void Cap(std::vector<ManagerEntry>& entries) {
  std::vector<ManagerEntry*> updates;
  for (ManagerEntry& entry : entries) {
    if (entry.operation == kUpdate) updates.push_back(&entry);
  }
  if (updates.size() <= kUpdateManagersMax) return;
  std::sort(updates.begin(), updates.end(), [](const ManagerEntry* a, const ManagerEntry* b) {
    return std::tie(a->time, a->manager, a->subresource) <
           std::tie(b->time, b->manager, b->subresource);
  });
  size_t left = updates.size();
  std::map<std::string_view, ManagerEntry*> buckets;  // by API version
  for (ManagerEntry* entry : updates) {
    if (left <= kUpdateManagersMax) break;
    auto [bucket, is_first] = buckets.emplace(entry->api_version, entry);
    if (is_first) continue;
    ManagerEntry& into = *bucket->second;
    into.manager = "ancient-changes";
    into.subresource.clear();
    into.time = entry->time;
    into.fields.Union(entry->fields);
    entry->fields = {};
    --left;
  }
  DropEmpty(entries);
}

// The list as the document has it, or null.
const Array* ManagedArray(const Value& doc) { return GetArray(doc, {"metadata", "managedFields"}); }

// `managedFields: [{}]` asks for all ownership to be forgotten, and so does `[]`.
bool IsReset(const Value& doc) {
  const Array* list = ManagedArray(doc);
  if (list == nullptr) return false;
  return list->empty() ||
         (list->size() == 1 && list->front().is_object() && list->front().get_object().empty());
}

struct FieldConflict {
  std::string who;  // "ref" using batch/v1
  std::string field;
};

Error ConflictError(const std::vector<FieldConflict>& conflicts) {
  Error error{.code = 409, .reason = "Conflict"};
  for (const FieldConflict& conflict : conflicts) {
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

Value EncodeEntry(const ManagerEntry& entry, Value fields, const StoragePtr& storage) {
  Object item(storage);
  item.reserve(7);
  item.emplace("manager", entry.manager);
  item.emplace("operation", entry.operation);
  item.emplace("apiVersion", entry.api_version);
  if (!entry.time.empty()) item.emplace("time", entry.time);
  item.emplace("fieldsType", "FieldsV1");
  item.emplace("fieldsV1", std::move(fields));
  if (!entry.subresource.empty()) item.emplace("subresource", entry.subresource);
  return item;
}

// Everything belongs to who creates it.
void TrackCreate(const Schema& schema, const MessageType& type, Value& after,
                 const Writer& writer) {
  const StoragePtr& storage = after.storage();
  Value fields = CreatedFieldsV1(schema, type, after, storage);
  if (fields.get_object().empty()) return EncodeManagedFields({}, after);
  ManagerEntry entry{writer.manager, std::string(kUpdate), writer.api_version,
                     writer.time,    writer.subresource,   {}};
  Array list(storage);
  list.push_back(EncodeEntry(entry, std::move(fields), storage));
  EnsureObject(after.get_object(), {"metadata"}).insert_or_assign("managedFields", std::move(list));
}

// How an API server tells managers apart, and so orders them.
std::string Identity(const ManagerEntry& entry) {
  std::string version = entry.operation == kApply ? "" : entry.api_version;
  return entry.manager + '"' + entry.operation + '"' + version + '"' + entry.subresource;
}

// One apply.
struct Applying {
  const Schema& schema;
  const MessageType& type;
  const Writer& writer;
  const StoragePtr& storage;

  Result<Value> Create(const Value& config, FieldSet applied) const {
    std::vector<ManagerEntry> entries;
    ManagerEntry& mine = EntryFor(entries, writer, kApply);
    mine.fields = std::move(applied);
    mine.time = writer.time;
    return Finished(config, std::move(entries));
  }

  Result<Value> Update(const Value& live, const Value& config, FieldSet applied, bool force) const {
    std::vector<ManagerEntry> entries = EntriesOf(live);
    ManagerEntry& mine = EntryFor(entries, writer, kApply);
    FieldSet last = std::move(mine.fields);
    mine.fields = std::move(applied);
    mine.api_version = writer.api_version;

    Value merged(live, storage);
    MergeInto(schema, type, merged, config);
    if (!last.empty()) {
      FieldSet managed;
      for (const ManagerEntry& entry : entries) managed.Union(entry.fields);
      Prune(schema, type, merged, last, managed);
    }
    Difference difference = Compare(schema, type, &live, merged);
    FieldSet changes = std::move(difference.added);
    changes.Union(difference.modified);
    if (!force) {
      if (Status free = CheckConflicts(live, entries, changes); !free) return Fail(free.error());
    }
    for (ManagerEntry& entry : entries) {
      if (&entry == &mine) continue;
      entry.fields.Subtract(changes);
      entry.fields.Subtract(difference.removed);
    }
    // The order of a list's items is a change too, though nobody owns it.
    if (!Equal(live, merged)) mine.time = writer.time;
    DropEmpty(entries);
    if (writer.manager == kKubectl) RefreshLastApplied(config, merged);
    return Finished(merged, std::move(entries));
  }

 private:
  // Whoever wrote an object before ownership was kept owns all of it.
  std::vector<ManagerEntry> EntriesOf(const Value& live) const {
    std::vector<ManagerEntry> entries = DecodeManagedFields(live);
    if (!entries.empty()) return entries;
    Difference created = Compare(schema, type, nullptr, live);
    FieldSet all = std::move(created.added);
    all.Union(created.modified);
    if (all.empty()) return entries;
    entries.push_back({"before-first-apply", std::string(kUpdate), writer.api_version, writer.time,
                       writer.subresource, std::move(all)});
    return entries;
  }

  Status CheckConflicts(const Value& live, std::vector<ManagerEntry>& entries,
                        const FieldSet& changes) const {
    std::vector<const ManagerEntry*> others;
    for (const ManagerEntry& entry : entries) {
      if (!Is(entry, writer, kApply)) others.push_back(&entry);
    }
    std::sort(others.begin(), others.end(), [](const ManagerEntry* a, const ManagerEntry* b) {
      return Identity(*a) < Identity(*b);
    });
    FieldSet allowed;
    if (writer.manager == kKubectl) allowed = LastAppliedFields(schema, type, live);
    std::vector<FieldConflict> conflicts;
    for (const ManagerEntry* entry : others) {
      FieldSet common = entry->fields.Intersection(changes);
      common.Subtract(allowed);
      std::vector<std::string> paths;
      common.AppendPaths("", paths);
      for (std::string& path : paths) conflicts.push_back({Who(*entry), std::move(path)});
    }
    if (!conflicts.empty()) return Fail(ConflictError(conflicts));
    return {};
  }

  // As Go would hold it: nulls and what became empty are gone, quantities are canonical.
  Result<Value> Finished(const Value& doc, std::vector<ManagerEntry> entries) const {
    auto decoded = DecodeValue(schema, type.id, doc, {.drop_empty = true, .storage = storage});
    if (!decoded) return Fail(decoded.error());
    EncodeManagedFields(std::move(entries), decoded->document);
    return std::move(decoded->document);
  }
};

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

void EncodeManagedFields(std::vector<ManagerEntry> entries, Value& doc) {
  if (entries.empty()) {
    if (Object* metadata = GetObject(doc, {"metadata"})) Erase(*metadata, "managedFields");
    return;
  }
  std::sort(entries.begin(), entries.end(), [](const ManagerEntry& a, const ManagerEntry& b) {
    return std::tie(a.operation, a.time, a.manager, a.api_version, a.subresource) <
           std::tie(b.operation, b.time, b.manager, b.api_version, b.subresource);
  });
  Array list(doc.storage());
  list.reserve(entries.size());
  for (const ManagerEntry& entry : entries) {
    list.push_back(EncodeEntry(entry, entry.fields.ToFieldsV1(doc.storage()), doc.storage()));
  }
  EnsureObject(doc.get_object(), {"metadata"}).insert_or_assign("managedFields", std::move(list));
}

void TrackUpdate(const Schema& schema, const MessageType& type, const Value* before, Value& after,
                 const Writer& writer) {
  if (!after.is_object()) return;
  if (before == nullptr) return TrackCreate(schema, type, after, writer);
  const Value* kept = FindPath(*before, {"metadata", "managedFields"});
  bool tracked = kept != nullptr && kept->is_array() && !kept->get_array().empty();
  if (IsReset(after) || !tracked) return EncodeManagedFields({}, after);

  Difference difference = Compare(schema, type, before, after);
  if (difference.empty()) {
    EnsureObject(after.get_object(), {"metadata"})
        .insert_or_assign("managedFields", Value(*kept, after.storage()));
    return;
  }
  std::vector<ManagerEntry> entries = DecodeManagedFields(*before);
  FieldSet gained = std::move(difference.added);
  gained.Union(difference.modified);
  for (ManagerEntry& entry : entries) {
    entry.fields.Subtract(gained);
    entry.fields.Subtract(difference.removed);
  }
  if (!gained.empty()) {
    ManagerEntry& mine = EntryFor(entries, writer, kUpdate);
    mine.fields.Union(gained);
    mine.time = writer.time;
  }
  DropEmpty(entries);
  Cap(entries);
  EncodeManagedFields(std::move(entries), after);
}

Result<Value> Apply(const Schema& schema, const MessageType& type, const Value* live,
                    const Value& config, const Writer& writer, bool force, StoragePtr storage) {
  if (const Value* managed = FindPath(config, {"metadata", "managedFields"});
      managed != nullptr && !managed->is_null()) {
    return Fail(Error{
        .code = 400, .reason = "BadRequest", .message = "metadata.managedFields must be nil"});
  }
  auto applied = FieldsOf(schema, type, config);
  if (!applied) return Fail(applied.error());
  Applying applying{schema, type, writer, storage};
  if (live == nullptr) return applying.Create(config, *std::move(applied));
  return applying.Update(*live, config, *std::move(applied), force);
}

namespace {

// Like Equal(), with one member compared in a way of its own.
template <typename Compare>
bool SameObjects(const Object& a, const Object& b, std::string_view special, Compare compare) {
  if (a.size() != b.size()) return false;
  for (const auto& member : a) {
    const Value* other = b.if_contains(member.key());
    if (other == nullptr) return false;
    const bool same =
        member.key() == special ? compare(member.value(), *other) : Equal(member.value(), *other);
    if (!same) return false;
  }
  return true;
}

// Entries of managedFields, whenever they were written.
bool SameEntry(const Value& a, const Value& b) {
  if (!a.is_object() || !b.is_object()) return Equal(a, b);
  auto timeless = [](const Object& entry) {
    return entry.size() - (entry.contains("time") ? size_t{1} : size_t{0});
  };
  if (timeless(a.get_object()) != timeless(b.get_object())) return false;
  for (const auto& member : a.get_object()) {
    if (member.key() == "time") continue;
    const Value* other = b.get_object().if_contains(member.key());
    if (other == nullptr || !Equal(member.value(), *other)) return false;
  }
  return true;
}

bool SameEntries(const Value& a, const Value& b) {
  if (!a.is_array() || !b.is_array()) return Equal(a, b);
  const Array& left = a.get_array();
  const Array& right = b.get_array();
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), SameEntry);
}

bool SameMetadata(const Value& a, const Value& b) {
  if (!a.is_object() || !b.is_object()) return Equal(a, b);
  return SameObjects(a.get_object(), b.get_object(), "managedFields", SameEntries);
}

}  // namespace

bool SameButTimes(const Value& a, const Value& b) {
  if (!a.is_object() || !b.is_object()) return Equal(a, b);
  return SameObjects(a.get_object(), b.get_object(), "metadata", SameMetadata);
}

}  // namespace fairway::kube
