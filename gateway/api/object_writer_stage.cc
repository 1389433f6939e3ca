#include "clusters/kube/errors.h"
#include "clusters/kube/json_splice.h"
#include "clusters/kube/time.h"
#include "gateway/api/object_writer_impl.h"
#include "scheduler/assert.h"

namespace fairway::gateway::api {

Status CheckPreconditions(const ServedKind& kind, std::string_view name, const kube::Value& doc,
                          const WriteOptions& options) {
  std::string_view uid = kube::GetString(doc, {"metadata", "uid"});
  if (!options.uid_precondition.empty() && options.uid_precondition != uid) {
    return Fail(kube::UidPreconditionFailed(*kind.info, name, options.uid_precondition, uid));
  }
  std::string_view revision = kube::GetString(doc, {"metadata", "resourceVersion"});
  if (!options.revision_precondition.empty() && options.revision_precondition != revision) {
    return Fail(kube::ResourceVersionPreconditionFailed(*kind.info, name,
                                                        options.revision_precondition, revision));
  }
  return {};
}

Result<std::optional<Loaded>> ObjectWriter::Impl::Find(const store::ObjectKey& key,
                                                       const kube::StoragePtr& storage,
                                                       const kube::Omission* unread) {
  auto latest = store.Latest(key);
  if (!latest) return Fail(latest.error());
  if (!*latest) return std::optional<Loaded>();
  const std::string& text = *(*latest)->body;
  const bool partial = unread != nullptr && kube::CanSplice(text);
  auto doc = partial ? kube::ParsePruned(text, *unread, storage) : kube::ParseJson(text, storage);
  if (!doc || !doc->is_object()) {
    return Fail(kube::InternalError("stored object " + key.resource + " " + key.ns + "/" +
                                    key.name + " cannot be read"));
  }
  return std::optional<Loaded>(Loaded{std::move(**latest), std::move(*doc), partial});
}

Result<Loaded> ObjectWriter::Impl::Load(const ServedKind& kind, const store::ObjectKey& key,
                                        const kube::StoragePtr& storage,
                                        const kube::Omission* unread) {
  auto found = Find(key, storage, unread);
  if (!found) return Fail(found.error());
  if (!*found) return Fail(kube::NotFound(*kind.info, key.name));
  return std::move(**found);
}

Status ObjectWriter::Impl::CheckNamespace(const ServedKind& kind, std::string_view ns,
                                          std::string_view name) {
  if (!kind.info->namespaced || registry.FindStorage("namespaces") == nullptr) return {};
  auto known = namespaces.find(std::string(ns));
  if (known == namespaces.end()) {
    kube::MonotonicResource arena;
    auto loaded = Find({"namespaces", "", std::string(ns)}, &arena);
    if (!loaded) return Fail(loaded.error());
    if (!*loaded) return Fail(kube::NotFound("", "namespaces", ns));
    bool active = !IsDeleting((*loaded)->doc.get_object());
    known = namespaces.emplace(ns, active).first;
  }
  if (known->second) return {};
  return Fail(kube::NamespaceTerminating(*kind.info, name, ns));
}

Status ObjectWriter::Impl::Admit(const ServedKind& kind, const kube::Object* before,
                                 kube::Object& doc, std::string_view subresource) {
  auto admission = admissions.find(kind.storage_resource);
  if (admission == admissions.end()) return {};
  if (const auto& admit = admission->second.admit) {
    if (Status ok = admit(before, doc, subresource); !ok) return ok;
  }
  const auto& check = admission->second.check;
  return check ? check(doc, subresource, nullptr) : Status();
}

Status ObjectWriter::Impl::Check(const ServedKind& kind, const kube::Object& doc,
                                 Admission::Memo* memo) {
  auto admission = admissions.find(kind.storage_resource);
  if (admission == admissions.end() || !admission->second.check) return {};
  return admission->second.check(doc, "", memo);
}

namespace {

void SetManagedFields(kube::Object& metadata, const kube::Value* fields) {
  bool none = fields == nullptr || !fields->is_array() || fields->get_array().empty();
  if (none) {
    kube::Erase(metadata, "managedFields");
  } else {
    metadata.insert_or_assign("managedFields", *fields);
  }
}

}  // namespace

void ObjectWriter::Impl::TrackFields(const ServedKind& kind, const kube::Value* before,
                                     kube::Value& after, kube::Value wished,
                                     std::string_view subresource, const WriteOptions& options) {
  kube::Object& metadata = Metadata(after.get_object());
  if (options.managed_fields_settled) return SetManagedFields(metadata, &wished);
  const kube::Value* kept =
      before == nullptr ? nullptr : kube::FindPath(*before, {"metadata", "managedFields"});
  if (options.field_manager.empty()) return SetManagedFields(metadata, kept);
  if (before != nullptr) SetManagedFields(metadata, &wished);
  kube::Writer writer{std::string(options.field_manager), kind.api_version,
                      std::string(subresource), kube::FormatTime(clock())};
  const kube::Schema& schema = registry.schema();
  const kube::MessageType& type = schema.message(kind.info->message);
  if (before == nullptr) return kube::TrackUpdate(schema, type, nullptr, after, writer);
  // A client may rearrange the entries itself (kubectl does, when it moves to server-side apply).
  bool rearranged = wished.is_array() && !wished.get_array().empty() &&
                    (kept == nullptr || !kube::Equal(wished, *kept));
  if (!rearranged) return kube::TrackUpdate(schema, type, before, after, writer);
  kube::Value base(*before, before->storage());
  SetManagedFields(Metadata(base.get_object()), &wished);
  kube::TrackUpdate(schema, type, &base, after, writer);
}

void ObjectWriter::Impl::Warn(const ServedKind& kind, const kube::Object& doc,
                              const kube::Object* before, const WriteOptions& options) {
  if (options.warnings == nullptr) return;
  for (std::string& text : kind.strategy->Warnings(doc, before)) {
    options.warnings->push_back(std::move(text));
  }
}

namespace {

std::string BodyOf(const ServedKind& kind, const kube::Value& doc, const Loaded* before) {
  if (before == nullptr || !before->partial) return SerializeObject(kind, doc.get_object());
  const kube::Value* status = kube::FindPath(doc, {"status"});
  auto spliced = kube::SpliceStatus(*before->stored.body,
                                    kube::GetString(doc, {"metadata", "resourceVersion"}),
                                    status == nullptr ? "{}" : kube::Serialize(*status));
  FAIRWAY_ASSERT(spliced.has_value());  // Find() has asked
  return std::move(*spliced);
}

}  // namespace

WriteOutcome ObjectWriter::Impl::Pretend(const ServedKind& kind, kube::Value& doc,
                                         WriteOutcome::Effect effect, const Loaded* before) {
  WriteOutcome outcome;
  outcome.effect = effect;
  outcome.body = std::make_shared<const std::string>(BodyOf(kind, doc, before));
  outcome.name = kube::GetString(doc, {"metadata", "name"});
  outcome.uid = kube::GetString(doc, {"metadata", "uid"});
  outcome.revision = store.committed();
  return outcome;
}

WriteOutcome ObjectWriter::Impl::Stage(const ServedKind& kind, const store::ObjectKey& key,
                                       const Loaded* before, kube::Value& doc,
                                       WriteOutcome::Effect effect) {
  Revision revision = store.NextRevision();
  Metadata(doc.get_object()).insert_or_assign("resourceVersion", std::to_string(revision.value));
  WriteOutcome outcome = Pretend(kind, doc, effect, before);
  outcome.revision = revision;
  StageOutcome(kind, key, before, doc.get_object(), outcome);
  return outcome;
}

void ObjectWriter::Impl::StageOutcome(const ServedKind& kind, const store::ObjectKey& key,
                                      const Loaded* before, const kube::Object& doc,
                                      const WriteOutcome& outcome) {
  bool deleted = outcome.effect == WriteOutcome::Effect::kDeleted;
  if (kind.storage_resource == "namespaces") namespaces.erase(key.name);

  store::Change change;
  change.kind = before == nullptr ? store::Change::Kind::kAdded
                : deleted         ? store::Change::Kind::kDeleted
                                  : store::Change::Kind::kModified;
  change.key = key;
  change.revision = outcome.revision;
  change.body = outcome.body;
  store.Stage(std::move(change));

  Written written{kind,
                  key,
                  outcome.revision,
                  before == nullptr ? outcome.revision : before->stored.created,
                  before == nullptr ? nullptr : &before->doc.get_object(),
                  deleted ? nullptr : &doc};
  // An observer may register another one: go by index.
  for (size_t i = 0; i < observers.size(); ++i) {
    if (observers[i].first.empty() || observers[i].first == key.resource) {
      observers[i].second(written);
    }
  }
}

Result<WriteOutcome> ObjectWriter::Impl::Finish(const ServedKind& kind, const store::ObjectKey& key,
                                                const Loaded& before, kube::Value& doc,
                                                WriteOutcome::Effect effect,
                                                const WriteOptions& options) {
  kube::Object& object = doc.get_object();
  if (IsDeleting(object) && !IsHeld(kind, object)) effect = WriteOutcome::Effect::kDeleted;
  if (options.dry_run) return Pretend(kind, doc, effect, &before);
  return Stage(kind, key, &before, doc, effect);
}

}  // namespace fairway::gateway::api
