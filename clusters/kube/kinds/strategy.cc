#include "clusters/kube/kinds/strategy.h"

#include "clusters/kube/kinds/defaults.h"
#include "clusters/kube/kinds/metadata.h"
#include "clusters/kube/kinds/registry.h"
#include "scheduler/assert.h"

namespace fairway::kube {
namespace {

// Puts the stored member back, or takes it out where there was none.
void Restore(Object& doc, const Object& old, std::string_view key) {
  if (const Value* value = Find(old, key)) {
    doc[key] = *value;
  } else {
    Erase(doc, key);
  }
}

bool SameMember(const Object& a, const Object& b, std::string_view key) {
  const Value* left = Find(a, key);
  const Value* right = Find(b, key);
  if (left == nullptr || right == nullptr) return left == right;
  return Equal(*left, *right);
}

bool IsSpecMember(std::string_view key) { return key != "metadata" && key != "status"; }

}  // namespace

Strategy::Strategy(const Schema&, const KindInfo& kind, const Defaults& defaults)
    : kind_(kind), defaults_(defaults) {}

void Strategy::Default(Object& doc) const {
  defaults_.Apply(kind_, doc);
  OnDefault(doc);
}

void Strategy::PrepareForCreate(Object& doc) const {
  // An empty status is part of the form of the built-ins.
  if (kind_.has_status && kind_.custom) Erase(doc, "status");
  if (kind_.has_status && !kind_.custom) doc["status"] = Object();
  if (kind_.has_generation) EnsureObject(doc, {"metadata"})["generation"] = int64_t{1};
  OnCreate(doc);
}

FieldErrors Strategy::ValidateCreate(const Object& doc) const {
  FieldErrors errors;
  ValidateObjectMeta(doc, kind_.namespaced, name_rule(), !HasGeneratedLabels(doc), errors);
  Validate(doc, errors);
  return errors;
}

void Strategy::PrepareForUpdate(Object& doc, const Object& old) const {
  CarrySystemMetadata(doc, old);
  if (kind_.has_status) Restore(doc, old, "status");
  OnUpdate(doc, old);
  if (!kind_.has_generation || !SpecChanged(doc, old)) return;
  const int64_t generation = Get<int64_t>(old, {"metadata", "generation"}).value_or(0);
  EnsureObject(doc, {"metadata"})["generation"] = generation + 1;
}

FieldErrors Strategy::ValidateUpdate(const Object& doc, const Object& old) const {
  FieldErrors errors = ValidateCreate(doc);
  ValidateObjectMetaUpdate(doc, old, errors);
  ValidateChange(doc, old, errors);
  return errors;
}

void Strategy::PrepareForStatusUpdate(Object& doc, const Object& old) const {
  CarrySystemMetadata(doc, old);
  for (const auto& member : old) {
    if (IsSpecMember(member.key())) doc[member.key()] = member.value();
  }
  std::vector<std::string> extra;
  for (const auto& member : doc) {
    if (IsSpecMember(member.key()) && !old.contains(member.key())) extra.emplace_back(member.key());
  }
  for (const std::string& key : extra) Erase(doc, key);
}

FieldErrors Strategy::ValidateStatusUpdate(const Object& doc, const Object& old) const {
  FieldErrors errors;
  ValidateObjectMeta(doc, kind_.namespaced, name_rule(), !HasGeneratedLabels(doc), errors);
  ValidateObjectMetaUpdate(doc, old, errors);
  ValidateStatus(doc, old, errors);
  return errors;
}

std::vector<std::string> Strategy::Warnings(const Object& doc, const Object* old) const {
  std::vector<std::string> out;
  Warn(doc, old, out);
  return out;
}

bool Strategy::SpecChanged(const Object& doc, const Object& old) const {
  if (!kind_.custom) return !SameMember(doc, old, "spec");
  for (const auto& member : doc) {
    if (IsSpecMember(member.key()) && !SameMember(doc, old, member.key())) return true;
  }
  for (const auto& member : old) {
    if (IsSpecMember(member.key()) && !doc.contains(member.key())) return true;
  }
  return false;
}

bool Strategy::HasGeneratedLabels(const Object&) const { return false; }
void Strategy::OnDefault(Object&) const {}
void Strategy::OnCreate(Object&) const {}
void Strategy::OnUpdate(Object&, const Object&) const {}
void Strategy::Validate(const Object&, FieldErrors&) const {}
void Strategy::ValidateChange(const Object&, const Object&, FieldErrors&) const {}
void Strategy::ValidateStatus(const Object&, const Object&, FieldErrors&) const {}
void Strategy::Warn(const Object&, const Object*, std::vector<std::string>&) const {}

Strategies::Strategies(const Schema& schema)
    : defaults_(std::make_unique<Defaults>(schema, DefaultRules(), DefaultHooks())) {
  for (const KindInfo& kind : schema.kinds()) {
    if (kind.resource.empty()) continue;
    strategies_.emplace_back(&kind, MakeStrategy(schema, kind, *defaults_));
  }
}

Strategies::~Strategies() = default;

const Strategy& Strategies::Get(const KindInfo& kind) const {
  for (const auto& [each, strategy] : strategies_) {
    if (each == &kind) return *strategy;
  }
  AssertFailed("the kind belongs to this schema", __FILE__, __LINE__);
}

const Strategies& Strategies::Builtin() {
  static const Strategies strategies(Schema::Builtin());
  return strategies;
}

}  // namespace fairway::kube
