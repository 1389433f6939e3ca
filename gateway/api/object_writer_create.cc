// Creating objects.
#include <algorithm>

#include "clusters/kube/errors.h"
#include "clusters/kube/kinds/metadata.h"
#include "gateway/api/object_writer_impl.h"
#include "gateway/api/random_names.h"

namespace fairway::gateway::api {

namespace {

constexpr int kGenerateAttemptsMax = 8;

Status CheckIdentity(const ServedKind& kind, std::string_view ns, kube::Object& metadata) {
  if (!kube::GetString(metadata, {"resourceVersion"}).empty()) {
    return Fail(
        kube::ReasonlessError("resourceVersion should not be set on objects to be created"));
  }
  if (!kind.info->namespaced) {
    kube::Erase(metadata, "namespace");
    return {};
  }
  std::string_view given = kube::GetString(metadata, {"namespace"});
  if (!given.empty() && given != ns) {
    return Fail(kube::BadRequest(
        "the namespace of the provided object does not match the namespace sent on the request"));
  }
  metadata.insert_or_assign("namespace", ns);
  return {};
}

// A namespace is active from its creation, holds itself until its content is gone, and can be
// selected by its name.
void FurnishNamespace(const ServedKind& kind, std::string_view name, kube::Object& doc) {
  if (kind.storage_resource != "namespaces") return;
  kube::EnsureObject(doc, {"metadata", "labels"})
      .insert_or_assign("kubernetes.io/metadata.name", name);
  kube::Object& spec = kube::EnsureObject(doc, {"spec"});
  const kube::Array* given = kube::GetArray(spec, {"finalizers"});
  kube::Array finalizers(doc.storage());
  if (given != nullptr) finalizers = *given;
  if (std::find(finalizers.begin(), finalizers.end(), kube::Value("kubernetes")) ==
      finalizers.end()) {
    finalizers.emplace_back("kubernetes");
  }
  spec.insert_or_assign("finalizers", std::move(finalizers));
  kube::EnsureObject(doc, {"status"}).insert_or_assign("phase", "Active");
}

}  // namespace

Result<WriteOutcome> ObjectWriter::Adopt(const store::ObjectKey& key, kube::Value doc,
                                         Revision created) {
  const ServedKind* kind = registry_.FindStorage(key.resource);
  if (kind == nullptr) return Fail(kube::UnknownResource());
  auto present = impl_->Find(key, {});
  if (!present) return Fail(present.error());
  if (present->has_value()) return Fail(kube::AlreadyExists(*kind->info, key.name));
  return impl_->Stage(*kind, key, nullptr, doc, WriteOutcome::Effect::kCreated, created);
}

Result<WriteOutcome> ObjectWriter::CreateObject(const ServedKind& kind, std::string_view ns,
                                                kube::Value doc, const WriteOptions& options) {
  if (!options.from_controller) {
    if (Status writable = store_.CanWrite(); !writable) return Fail(writable.error());
  }
  kube::Object& object = doc.get_object();
  kube::Object& metadata = Metadata(object);
  if (Status ok = CheckIdentity(kind, ns, metadata); !ok) return Fail(ok.error());

  store::ObjectKey key{kind.storage_resource, std::string(ns),
                       std::string(kube::GetString(metadata, {"name"}))};
  std::string base(kube::GetString(metadata, {"generateName"}));
  bool generated = key.name.empty() && !base.empty();
  if (generated) key.name = kube::GeneratedName(base, RandomNumber());
  for (int attempt = 1;; ++attempt) {
    if (key.name.empty()) break;  // validation has the words for it
    auto existing = store_.Latest(key);
    if (!existing) return Fail(existing.error());
    if (!*existing) break;
    if (!generated || attempt == kGenerateAttemptsMax) {
      // Kubernetes looks at the namespace first; a name that exists implies one that does too.
      return Fail(kube::AlreadyExists(*kind.info, key.name));
    }
    key.name = kube::GeneratedName(base, RandomNumber());
  }
  if (Status ok = impl_->CheckNamespace(kind, ns, key.name); !ok) return Fail(ok.error());

  const kube::Strategy& strategy = *kind.strategy;
  if (!key.name.empty()) metadata.insert_or_assign("name", key.name);
  if (auto fill = impl_->initial_defaults.find(kind.storage_resource);
      fill != impl_->initial_defaults.end()) {
    fill->second(object);
  }
  strategy.Default(object);
  kube::Value managed;
  if (const kube::Value* given = kube::Find(metadata, "managedFields")) managed = *given;
  impl_->TrackFields(kind, nullptr, doc, std::move(managed), "", options);
  kube::SetCreateMetadata(object, NewUid(), clock_());
  strategy.PrepareForCreate(object);
  FurnishNamespace(kind, key.name, object);
  if (Status ok = impl_->Admit(kind, nullptr, object, ""); !ok) return Fail(ok.error());
  if (options.review) {
    if (Status ok = options.review(object); !ok) return Fail(ok.error());
  }
  kube::FieldErrors errors = strategy.ValidateCreate(object);
  if (!errors.empty()) return Fail(kube::Invalid(*kind.info, key.name, std::move(errors)));
  impl_->Warn(kind, object, nullptr, options);
  if (options.dry_run) return impl_->Pretend(kind, doc, WriteOutcome::Effect::kCreated);
  return impl_->Stage(kind, key, nullptr, doc, WriteOutcome::Effect::kCreated);
}

}  // namespace fairway::gateway::api
