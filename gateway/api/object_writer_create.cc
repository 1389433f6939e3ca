// Creating objects.
#include <algorithm>

#include "clusters/kube/errors.h"
#include "clusters/kube/kinds/metadata.h"
#include "clusters/kube/time.h"
#include "gateway/api/created_form.h"
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

// What is asked before anything is made of a create.
Status MayCreate(store::ObjectStore& store, const WriteOptions& options) {
  if (!options.from_controller) {
    if (Status writable = store.CanWrite(); !writable) return writable;
  }
  return options.admit_create ? options.admit_create() : Status{};
}

}  // namespace

Result<store::ObjectKey> ObjectWriter::Impl::ChooseKey(const ServedKind& kind, std::string_view ns,
                                                       std::string_view name,
                                                       std::string_view generate_name) {
  store::ObjectKey key{kind.storage_resource, std::string(ns), std::string(name)};
  bool generated = name.empty() && !generate_name.empty();
  if (generated) key.name = kube::GeneratedName(generate_name, RandomNumber());
  for (int attempt = 1;; ++attempt) {
    if (key.name.empty()) break;  // validation has the words for it
    auto existing = store.Latest(key);
    if (!existing) return Fail(existing.error());
    if (!*existing) break;
    if (!generated || attempt == kGenerateAttemptsMax) {
      // Kubernetes looks at the namespace first; a name that exists implies one that does too.
      return Fail(kube::AlreadyExists(*kind.info, key.name));
    }
    key.name = kube::GeneratedName(generate_name, RandomNumber());
  }
  if (Status ok = CheckNamespace(kind, ns, key.name); !ok) return Fail(ok.error());
  return key;
}

Result<WriteOutcome> ObjectWriter::CreateAlike(const ServedKind& kind, std::string_view ns,
                                               CreatedForm& form, const WriteOptions& options) {
  if (Status ok = MayCreate(store_, options); !ok) return Fail(ok.error());
  auto key = impl_->ChooseKey(kind, ns, form.given.name, form.generate_name());
  if (!key) return Fail(key.error());
  const std::string uid = NewUid(), time = kube::FormatTime(clock_());
  CreatedForm::Values values{key->name, uid, time, ""};
  const kube::Object& object = form.Fill(values);
  if (Status ok = impl_->Check(kind, object, &form.memo); !ok) return Fail(ok.error());
  impl_->Warn(kind, object, nullptr, options);
  Revision revision = store_.NextRevision();
  const std::string number = std::to_string(revision.value);
  values.revision = number;
  form.SetRevision(number);
  WriteOutcome outcome{WriteOutcome::Effect::kCreated,
                       std::make_shared<const std::string>(form.Text(values)), revision, key->name,
                       uid};
  impl_->StageOutcome(kind, *key, nullptr, object, outcome);
  return outcome;
}

Result<WriteOutcome> ObjectWriter::CreateObject(const ServedKind& kind, std::string_view ns,
                                                kube::Value doc, const WriteOptions& options) {
  if (Status ok = MayCreate(store_, options); !ok) return Fail(ok.error());
  kube::Object& object = doc.get_object();
  kube::Object& metadata = Metadata(object);
  if (Status ok = CheckIdentity(kind, ns, metadata); !ok) return Fail(ok.error());

  auto chosen = impl_->ChooseKey(kind, ns, kube::GetString(metadata, {"name"}),
                                 kube::GetString(metadata, {"generateName"}));
  if (!chosen) return Fail(chosen.error());
  const store::ObjectKey& key = *chosen;

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
