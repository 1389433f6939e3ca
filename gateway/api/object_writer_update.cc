// Changing objects.
#include <algorithm>

#include "clusters/kube/errors.h"
#include "gateway/api/object_writer_impl.h"

namespace fairway::gateway::api {

namespace {

Status CheckNames(const ServedKind& kind, std::string_view ns, std::string_view name,
                  kube::Object& metadata) {
  std::string_view given = kube::GetString(metadata, {"name"});
  if (!given.empty() && given != name) {
    return Fail(kube::BadRequest("the name of the object (" + std::string(given) +
                                 ") does not match the name on the URL (" + std::string(name) +
                                 ")"));
  }
  metadata.insert_or_assign("name", name);
  if (!kind.info->namespaced) {
    kube::Erase(metadata, "namespace");
    return {};
  }
  std::string_view given_ns = kube::GetString(metadata, {"namespace"});
  if (!given_ns.empty() && given_ns != ns) {
    return Fail(kube::BadRequest(
        "the namespace of the provided object does not match the namespace sent on the request"));
  }
  metadata.insert_or_assign("namespace", ns);
  return {};
}

// Optimistic concurrency: what the wished state says about the state that it was made from.
Status CheckVersion(const ServedKind& kind, std::string_view name, const kube::Object& before,
                    const kube::Object& wished) {
  std::string_view uid = kube::GetString(wished, {"uid"});
  std::string_view stored_uid = kube::GetString(before, {"uid"});
  if (!uid.empty() && uid != stored_uid) {
    return Fail(kube::UidPreconditionFailed(*kind.info, name, uid, stored_uid));
  }
  std::string_view version = kube::GetString(wished, {"resourceVersion"});
  if (version.empty() || version == "0") {
    if (!kind.info->requires_resource_version) return {};
    return Fail(kube::ResourceVersionRequired(*kind.info, name));
  }
  if (version == kube::GetString(before, {"resourceVersion"})) return {};
  return Fail(kube::ModifiedConflict(*kind.info, name));
}

kube::Value TakeManagedFields(kube::Object& metadata) {
  kube::Value* found = kube::Find(metadata, "managedFields");
  if (found == nullptr) return kube::Value(metadata.storage());
  kube::Value taken = std::move(*found);
  kube::Erase(metadata, "managedFields");
  return taken;
}

// Brings `after` into line with what a write to this subresource may change.
void Prepare(const ServedKind& kind, std::string_view subresource, kube::Object& after,
             const kube::Object& before) {
  const kube::Strategy& strategy = *kind.strategy;
  if (subresource == "status") {
    strategy.PrepareForStatusUpdate(after, before);
    return;
  }
  if (subresource == "finalize") {
    // A namespace's own finalizers may be removed here, and nothing else.
    const kube::Value* kept = kube::FindPath(after, {"spec", "finalizers"});
    kube::Value finalizers = kept == nullptr ? kube::Value() : *kept;
    const kube::Value* metadata = kube::Find(before, "metadata");
    kube::Object wished(before, after.storage());
    wished["metadata"] = *metadata;
    kube::Object& spec = kube::EnsureObject(wished, {"spec"});
    kube::Erase(spec, "finalizers");
    if (finalizers.is_array() && !finalizers.get_array().empty()) {
      spec.insert_or_assign("finalizers", std::move(finalizers));
    }
    after = std::move(wished);
    return;
  }
  strategy.PrepareForUpdate(after, before);
  if (kind.storage_resource != "namespaces") return;
  // A namespace's own finalizers change through /finalize alone.
  kube::Object& spec = kube::EnsureObject(after, {"spec"});
  const kube::Value* kept = kube::FindPath(before, {"spec", "finalizers"});
  if (kept == nullptr) {
    kube::Erase(spec, "finalizers");
  } else {
    spec.insert_or_assign("finalizers", *kept);
  }
}

// What a controller's new status has nothing to do with, of kinds that are large and change it
// often; null: all is read.
const kube::Omission* UnreadBy(const ServedKind& kind, std::string_view subresource,
                               const WriteOptions& options) {
  static const kube::Omission of_job{"metadata.managedFields", "spec.template"};
  bool untracked = options.from_controller && options.field_manager.empty() &&
                   !options.managed_fields_settled && !options.review;
  return untracked && subresource == "status" && kind.storage_resource == "jobs.batch" ? &of_job
                                                                                       : nullptr;
}

bool SameMetadata(const kube::Value& a, const kube::Value& b) {
  const kube::Value* left = kube::FindPath(a, {"metadata"});
  const kube::Value* right = kube::FindPath(b, {"metadata"});
  return left != nullptr && right != nullptr && kube::Equal(*left, *right);
}

}  // namespace

Result<WriteOutcome> ObjectWriter::UpdateObject(const ServedKind& kind, std::string_view ns,
                                                std::string_view name, std::string_view subresource,
                                                const Revise& revise, const WriteOptions& options) {
  if (!options.from_controller) {
    if (Status writable = store_.CanWrite(); !writable) return Fail(writable.error());
  }
  store::ObjectKey key{kind.storage_resource, std::string(ns), std::string(name)};
  auto loaded = impl_->Load(kind, key, options.storage, UnreadBy(kind, subresource, options));
  if (!loaded) return Fail(loaded.error());
  if (Status ok = CheckPreconditions(kind, name, loaded->doc, options); !ok) {
    return Fail(ok.error());
  }
  Result<kube::Value> wished = revise(loaded->doc);
  if (wished && loaded->partial && !SameMetadata(loaded->doc, *wished)) {
    // More than the status changes.
    loaded = impl_->Load(kind, key, options.storage);
    if (!loaded) return Fail(loaded.error());
    wished = revise(loaded->doc);
  }
  if (!wished) return Fail(wished.error());
  const kube::Object& before = loaded->doc.get_object();
  kube::Object& after = wished->get_object();
  kube::Object& metadata = Metadata(after);
  const kube::Object& metadata_before = *kube::GetObject(before, {"metadata"});

  if (Status ok = CheckNames(kind, ns, name, metadata); !ok) return Fail(ok.error());
  if (Status ok = CheckVersion(kind, name, metadata_before, metadata); !ok) {
    return Fail(ok.error());
  }
  kube::Value managed = TakeManagedFields(metadata);
  // A client may leave out what it has had filled in. Controllers change documents that are whole.
  if (!options.from_controller) kind.strategy->Default(after);
  Prepare(kind, subresource, after, before);
  if (Status ok = impl_->Admit(kind, &before, after, subresource); !ok) return Fail(ok.error());
  if (options.review) {
    if (Status ok = options.review(after); !ok) return Fail(ok.error());
  }
  kube::FieldErrors errors = subresource == "status"
                                 ? kind.strategy->ValidateStatusUpdate(after, before)
                                 : kind.strategy->ValidateUpdate(after, before);
  if (!errors.empty()) return Fail(kube::Invalid(*kind.info, name, std::move(errors)));
  impl_->Warn(kind, after, &before, options);
  impl_->TrackFields(kind, &loaded->doc, *wished, std::move(managed), subresource, options);
  // The revision is written last: until then both documents are compared with the old one.
  Metadata(after).insert_or_assign("resourceVersion",
                                   kube::GetString(metadata_before, {"resourceVersion"}));
  if (kube::SameButTimes(loaded->doc, *wished)) {
    WriteOutcome outcome;
    outcome.body = loaded->stored.body;
    outcome.revision = loaded->stored.revision;
    outcome.name = name;
    outcome.uid = kube::GetString(metadata_before, {"uid"});
    return outcome;
  }
  return impl_->Finish(kind, key, *loaded, *wished, WriteOutcome::Effect::kUpdated, options);
}

}  // namespace fairway::gateway::api
