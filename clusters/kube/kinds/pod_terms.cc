#include "clusters/kube/kinds/pod_terms.h"

#include <string>
#include <utility>

#include "clusters/kube/kinds/core_terms.h"
#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/placement_rules.h"

namespace fairway::kube {
namespace {

using scheduler::LabelRequirement;
using Op = LabelRequirement::Op;

std::vector<LabelRequirement> SelectorFrom(const Object& pod_spec) {
  std::vector<LabelRequirement> out;
  for (const auto& [key, value] : ObjectOrEmpty(pod_spec, "nodeSelector")) {
    out.push_back({std::string(key), Op::kIn, {std::string(TextOf(value))}});
  }
  return out;
}

}  // namespace

std::vector<scheduler::Toleration> TolerationsFrom(const Object& spec) {
  std::vector<scheduler::Toleration> out;
  ForEachObject(spec, "tolerations", [&](const Object& each, size_t) {
    scheduler::Toleration& toleration = out.emplace_back();
    const std::string_view effect = GetString(each, {"effect"});
    toleration.key = GetString(each, {"key"});
    toleration.exists = GetString(each, {"operator"}) == "Exists";
    toleration.value = GetString(each, {"value"});
    toleration.any_effect = effect.empty();
    toleration.effect = TaintEffectFrom(effect);
  });
  return out;
}

std::vector<scheduler::Taint> TaintsFrom(const Object& spec, std::string_view key) {
  std::vector<scheduler::Taint> out;
  ForEachObject(spec, key, [&](const Object& each, size_t) {
    out.push_back({std::string(GetString(each, {"key"})), std::string(GetString(each, {"value"})),
                   TaintEffectFrom(GetString(each, {"effect"}))});
  });
  return out;
}

std::vector<scheduler::SelectorTerm> NodeTermsFrom(const Object& pod_spec) {
  const std::vector<LabelRequirement> selector = SelectorFrom(pod_spec);
  std::vector<scheduler::SelectorTerm> out;
  const Object& affinity = ObjectOrEmpty(ObjectOrEmpty(pod_spec, "affinity"), "nodeAffinity");
  const Object& required =
      ObjectOrEmpty(affinity, "requiredDuringSchedulingIgnoredDuringExecution");
  bool any = false;  // a term that asks for nothing of the labels
  ForEachObject(required, "nodeSelectorTerms", [&](const Object& term, size_t) {
    scheduler::SelectorTerm& each = out.emplace_back();
    each.requirements = selector;
    scheduler::SelectorTerm own = TermFrom(term);
    for (LabelRequirement& requirement : own.requirements) {
      each.requirements.push_back(std::move(requirement));
    }
    any |= each.requirements.empty();
  });
  if (any) return {};
  if (out.empty() && !selector.empty()) out.push_back({selector});
  return out;
}

}  // namespace fairway::kube
