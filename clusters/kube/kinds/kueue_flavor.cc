// Strategies of kueue.x-k8s.io: ResourceFlavor and WorkloadPriorityClass.
#include <set>
#include <string>

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/kueue_rules.h"
#include "clusters/kube/kinds/kueue_strategies.h"
#include "clusters/kube/kinds/metadata.h"
#include "clusters/kube/kinds/names.h"

namespace fairway::kube::kueue {
namespace {

constexpr size_t kFlavorItemsMax = 8;  // labels, taints, tolerations
constexpr size_t kDescriptionMax = 2'048;
constexpr std::string_view kEffects =
    "supported taint effect values: 'NoSchedule', 'PreferNoSchedule', 'NoExecute'";

bool IsEffect(std::string_view text) {
  return text == "NoSchedule" || text == "PreferNoSchedule" || text == "NoExecute";
}

void ValidateTaints(const Object& spec, FieldErrors& errors) {
  const FieldPath list = kSpec.Child("nodeTaints");
  CheckItems(spec, "nodeTaints", list, 0, kFlavorItemsMax, errors);
  bool effects = true;
  std::set<std::pair<std::string_view, std::string_view>> seen;
  ForEachObject(spec, "nodeTaints", [&](const Object& taint, size_t i) {
    const FieldPath at = list.Index(i);
    const std::string_view key = GetString(taint, {"key"});
    const std::string_view value = GetString(taint, {"value"});
    const std::string_view effect = GetString(taint, {"effect"});
    effects &= IsEffect(effect);
    ValidateLabelKey(key, at.Child("key"), errors);
    for (const std::string& problem : LabelValueProblems(value)) {
      errors.Invalid(at.Child("value"), value, problem);
    }
    if (!seen.emplace(key, effect).second) {
      errors.Duplicate(at, std::string(key) + ":" + std::string(effect));
    }
  });
  if (!effects) RuleBroken(list, kEffects, errors);
}

void ValidateFlavorTolerations(const Object& spec, FieldErrors& errors) {
  const FieldPath list = kSpec.Child("tolerations");
  CheckItems(spec, "tolerations", list, 0, kFlavorItemsMax, errors);
  bool keys = true, seconds = true, operators = true, values = true, effects = true;
  ForEachObject(spec, "tolerations", [&](const Object& toleration, size_t i) {
    const FieldPath at = list.Index(i);
    const std::string_view key = GetString(toleration, {"key"});
    const std::string_view op = GetString(toleration, {"operator"});
    const std::string_view effect = GetString(toleration, {"effect"});
    if (!key.empty()) ValidateLabelKey(key, at.Child("key"), errors);
    keys &= !key.empty() || op == "Exists";
    seconds &= !IsSet(toleration, "tolerationSeconds") || effect == "NoExecute";
    operators &= op.empty() || op == "Equal" || op == "Exists";
    values &= op != "Exists" || GetString(toleration, {"value"}).empty();
    effects &= effect.empty() || IsEffect(effect);
  });
  if (!keys) {
    RuleBroken(list,
               "operator must be Exists when 'key' is empty, which means 'match all values and all "
               "keys'",
               errors);
  }
  if (!seconds) {
    RuleBroken(list, "effect must be 'NoExecute' when 'tolerationSeconds' is set", errors);
  }
  if (!operators) {
    RuleBroken(list, "supported toleration values: 'Equal'(default), 'Exists'", errors);
  }
  if (!values) RuleBroken(list, "a value must be empty when 'operator' is 'Exists'", errors);
  if (!effects) RuleBroken(list, kEffects, errors);
}

class ResourceFlavorStrategy : public Strategy {
 public:
  using Strategy::Strategy;

 protected:
  void Validate(const Object& flavor, FieldErrors& errors) const override {
    const Object& spec = ObjectOrEmpty(flavor, "spec");
    const FieldPath labels = kSpec.Child("nodeLabels");
    if (const Object* map = GetObject(spec, {"nodeLabels"})) {
      if (map->size() > kFlavorItemsMax) errors.TooMany(labels, map->size(), kFlavorItemsMax);
      ValidateLabels(map, labels, errors);
    }
    ValidateTaints(spec, errors);
    ValidateFlavorTolerations(spec, errors);
    RefuseUnsupported(spec, "topologyName", kSpec,
                      "there is no topology-aware scheduling; nodeLabels bind a flavor to clusters",
                      errors);
  }
};

class PriorityClassStrategy : public Strategy {
 public:
  using Strategy::Strategy;

 protected:
  void Validate(const Object& doc, FieldErrors& errors) const override {
    if (!IsSet(doc, "value")) errors.Required(FieldPath("value"));
    if (GetString(doc, {"description"}).size() > kDescriptionMax) {
      errors.TooLong(FieldPath("description"), kDescriptionMax);
    }
  }
};

}  // namespace

StrategyMaker FindFlavorStrategy(const KindInfo& kind) {
  if (kind.kind == "ResourceFlavor") return Make<ResourceFlavorStrategy>;
  if (kind.kind == "WorkloadPriorityClass") return Make<PriorityClassStrategy>;
  return nullptr;
}

}  // namespace fairway::kube::kueue

namespace fairway::kube {

StrategyMaker FindKueueStrategy(const KindInfo& kind) {
  if (kind.group != kueue::kGroup) return nullptr;
  for (const auto find :
       {kueue::FindQueueStrategy, kueue::FindFlavorStrategy, kueue::FindWorkloadStrategy}) {
    if (const StrategyMaker make = find(kind)) return make;
  }
  return nullptr;
}

}  // namespace fairway::kube
