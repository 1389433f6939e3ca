// What a kind does with a document between the decoder and the store: defaults, system fields,
// validation, warnings. Kinds without rules of their own get the generic Strategy, which keeps to
// what every Kubernetes object obeys (metadata, generation, status), so that a new kind is data.
//
// Pure: documents in, documents and findings out; no clock, no I/O, no randomness. A Strategy holds
// no state and may be used from every thread. Documents must have gone through the typed decode
// (schema/decode.h), so that every field has its declared type; nothing here crashes on others, but
// their findings may be incomplete.
//
// A create goes:  decode -> Default -> SetCreateMetadata -> PrepareForCreate -> ValidateCreate ->
// store an update:      decode -> Default -> PrepareForUpdate(doc, old) -> ValidateUpdate(doc, old)
// -> store a status write: decode -> Default -> PrepareForStatusUpdate -> ValidateStatusUpdate ->
// store Findings become one 422 by errors.h's Invalid(kind, name, findings).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "clusters/kube/field_errors.h"
#include "clusters/kube/json.h"
#include "clusters/kube/schema/schema.h"

namespace fairway::kube {

class Defaults;

class Strategy {
 public:
  // How names of this kind look.
  enum class NameRule : uint8_t { kSubdomain, kLabel, kPathSegment };
  // What DELETE does to dependents when the client does not say.
  enum class Dependents : uint8_t { kBackground, kOrphan };

  // All three outlive the Strategy.
  Strategy(const Schema& schema, const KindInfo& kind, const Defaults& defaults);
  virtual ~Strategy() = default;
  Strategy(const Strategy&) = delete;
  Strategy& operator=(const Strategy&) = delete;

  const KindInfo& kind() const { return kind_; }
  virtual NameRule name_rule() const { return NameRule::kSubdomain; }
  virtual Dependents default_dependents() const { return Dependents::kBackground; }

  // Fills in what the client left out. Idempotent, and never changes what is there.
  void Default(Object& doc) const;

  // Drops the status, starts the generation, makes what the kind generates (a Job's selector).
  // metadata must be complete: name and uid.
  void PrepareForCreate(Object& doc) const;
  FieldErrors ValidateCreate(const Object& doc) const;

  // Keeps from `old` what an update of the main resource must not change (status, system metadata)
  // and raises the generation when the rest changed.
  void PrepareForUpdate(Object& doc, const Object& old) const;
  // The whole document is validated again, then the change.
  FieldErrors ValidateUpdate(const Object& doc, const Object& old) const;

  // Keeps everything but the status, labels and annotations.
  void PrepareForStatusUpdate(Object& doc, const Object& old) const;
  FieldErrors ValidateStatusUpdate(const Object& doc, const Object& old) const;

  // Texts for Warning headers; `old` is nullptr on create.
  std::vector<std::string> Warnings(const Object& doc, const Object* old) const;

  // True when a write must raise metadata.generation: for built-ins when spec differs, for custom
  // kinds when anything but metadata and status does.
  bool SpecChanged(const Object& doc, const Object& old) const;

 protected:
  // The kind's own part of each step; the generic part has run before.
  virtual void OnDefault(Object& doc) const;
  virtual void OnCreate(Object& doc) const;
  virtual void OnUpdate(Object& doc, const Object& old) const;
  // Whether metadata.labels are the server's own copy of other labels in the document.
  virtual bool HasGeneratedLabels(const Object& doc) const;
  // Rules of every stored version; runs on create and on update.
  virtual void Validate(const Object& doc, FieldErrors& errors) const;
  // Rules that compare two versions.
  virtual void ValidateChange(const Object& doc, const Object& old, FieldErrors& errors) const;
  virtual void ValidateStatus(const Object& doc, const Object& old, FieldErrors& errors) const;
  virtual void Warn(const Object& doc, const Object* old, std::vector<std::string>& out) const;

 private:
  const KindInfo& kind_;
  const Defaults& defaults_;
};

// One Strategy per kind with a resource. Built once; then read-only from every thread.
class Strategies {
 public:
  explicit Strategies(const Schema& schema);
  ~Strategies();

  // `kind` must be one of the schema's kinds.
  const Strategy& Get(const KindInfo& kind) const;

  // For Schema::Builtin().
  static const Strategies& Builtin();

 private:
  std::unique_ptr<Defaults> defaults_;
  std::vector<std::pair<const KindInfo*, std::unique_ptr<Strategy>>> strategies_;
};

}  // namespace fairway::kube
