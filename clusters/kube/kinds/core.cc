// Strategies of the core group and of Lease.
#include <string>

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/metadata.h"
#include "clusters/kube/kinds/names.h"
#include "clusters/kube/kinds/pod_spec.h"
#include "clusters/kube/kinds/registry.h"
#include "clusters/kube/kinds/secret.h"

namespace fairway::kube {
namespace {

constexpr size_t kDataBytesMax = 1024 * 1024;
constexpr std::string_view kNamespaceLabel = "kubernetes.io/metadata.name";

class NamespaceStrategy : public Strategy {
 public:
  using Strategy::Strategy;
  NameRule name_rule() const override { return NameRule::kLabel; }

 protected:
  // Selectors rely on this label, so that an update cannot take it away either.
  void OnDefault(Object& doc) const override {
    const std::string name(GetString(doc, {"metadata", "name"}));
    if (!name.empty()) EnsureObject(doc, {"metadata", "labels"})[kNamespaceLabel] = name;
  }

  void OnCreate(Object& doc) const override {
    EnsureObject(doc, {"metadata", "labels"})[kNamespaceLabel] =
        std::string(GetString(doc, {"metadata", "name"}));
    Object& spec = EnsureObject(doc, {"spec"});
    Array* finalizers = GetArray(spec, {"finalizers"});
    if (finalizers == nullptr) finalizers = &spec["finalizers"].emplace_array();
    bool known = false;
    for (const Value& each : *finalizers) known |= TextOf(each) == "kubernetes";
    if (!known) finalizers->emplace_back("kubernetes");
    EnsureObject(doc, {"status"})["phase"] = "Active";
  }

  // Only /finalize changes spec.finalizers.
  void OnUpdate(Object& doc, const Object& old) const override {
    if (const Value* spec = Find(old, "spec")) doc["spec"] = *spec;
  }
};

// Keys and sizes of `data`, as ConfigMaps and Secrets limit them.
size_t ValidateKeys(const Object& data, const FieldPath& path, FieldErrors& errors) {
  size_t bytes = 0;
  for (const auto& [key, value] : data) {
    for (const std::string& problem : ConfigKeyProblems(key)) {
      errors.Invalid(path.Key(key), std::string_view(key), problem);
    }
    bytes += TextOf(value).size();
  }
  return bytes;
}

size_t DecodedSize(const Object& data) {
  size_t bytes = 0;
  for (const auto& member : data) {
    const std::string_view text = TextOf(member.value());
    size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') {
      ++padding;
    }
    bytes += text.size() / 4 * 3 - (text.size() < 4 ? 0 : padding);
  }
  return bytes;
}

class ConfigMapStrategy : public Strategy {
 public:
  using Strategy::Strategy;

 protected:
  void Validate(const Object& doc, FieldErrors& errors) const override {
    static constexpr FieldPath kData("data"), kBinary("binaryData");
    const Object& data = ObjectOrEmpty(doc, "data");
    const Object& binary = ObjectOrEmpty(doc, "binaryData");
    size_t bytes = ValidateKeys(data, kData, errors);
    for (const auto& member : data) {
      if (!binary.contains(member.key())) continue;
      errors.Invalid(kData.Key(member.key()), std::string_view(member.key()),
                     "duplicate of key present in binaryData");
    }
    ValidateKeys(binary, kBinary, errors);
    bytes += DecodedSize(binary);
    if (bytes > kDataBytesMax) errors.TooLong(FieldPath("[]"), kDataBytesMax);
  }

  void ValidateChange(const Object& doc, const Object& old, FieldErrors& errors) const override {
    ValidateFrozen(doc, old, {"data", "binaryData"}, errors);
  }
};

class SecretStrategy : public Strategy {
 public:
  using Strategy::Strategy;

 protected:
  void OnDefault(Object& doc) const override { MergeStringData(doc); }

  void Validate(const Object& doc, FieldErrors& errors) const override {
    static constexpr FieldPath kData("data");
    const Object& data = ObjectOrEmpty(doc, "data");
    ValidateKeys(data, kData, errors);
    if (DecodedSize(data) > kDataBytesMax) errors.TooLong(kData, kDataBytesMax);
    ValidateSecretType(doc, errors);
  }

  void ValidateChange(const Object& doc, const Object& old, FieldErrors& errors) const override {
    errors.Immutable(FieldPath("type"), Find(doc, "type"), Find(old, "type"));
    ValidateFrozen(doc, old, {"data"}, errors);
  }
};

class PodTemplateStrategy : public Strategy {
 public:
  using Strategy::Strategy;

 protected:
  void Validate(const Object& doc, FieldErrors& errors) const override {
    ValidatePodTemplate(ObjectOrEmpty(doc, "template"), FieldPath("template"), errors);
  }
};

class PodStrategy : public Strategy {
 public:
  using Strategy::Strategy;

 protected:
  void OnCreate(Object& doc) const override { EnsureObject(doc, {"status"})["phase"] = "Pending"; }

  void Validate(const Object& doc, FieldErrors& errors) const override {
    ValidatePodSpec(ObjectOrEmpty(doc, "spec"), FieldPath("spec"), errors);
  }
};

class LeaseStrategy : public Strategy {
 public:
  using Strategy::Strategy;

 protected:
  void Validate(const Object& doc, FieldErrors& errors) const override {
    const Object& spec = ObjectOrEmpty(doc, "spec");
    const auto duration = GetInt(spec, "leaseDurationSeconds");
    if (duration && *duration <= 0) {
      errors.Invalid(kSpec.Child("leaseDurationSeconds"), *duration, "must be greater than 0");
    }
    errors.NonNegative(kSpec.Child("leaseTransitions"),
                       GetInt(spec, "leaseTransitions").value_or(0));
  }
};

}  // namespace

StrategyMaker FindCoreStrategy(const KindInfo& kind) {
  if (kind.group == "coordination.k8s.io" && kind.resource == "leases") return Make<LeaseStrategy>;
  if (!kind.group.empty()) return nullptr;
  if (kind.resource == "namespaces") return Make<NamespaceStrategy>;
  if (kind.resource == "configmaps") return Make<ConfigMapStrategy>;
  if (kind.resource == "secrets") return Make<SecretStrategy>;
  if (kind.resource == "podtemplates") return Make<PodTemplateStrategy>;
  if (kind.resource == "pods") return Make<PodStrategy>;
  return nullptr;
}

}  // namespace fairway::kube
