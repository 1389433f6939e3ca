#include "clusters/kube/kinds/placement_rules.h"

#include <algorithm>
#include <utility>

#include "clusters/kube/kinds/core_terms.h"
#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/names.h"
#include "clusters/kube/selector.h"
#include "scheduler/names.h"

namespace fairway::kube {
namespace {

using scheduler::LabelRequirement;
using scheduler::PlacementRules;
using scheduler::SelectorTerm;
using Op = LabelRequirement::Op;

std::optional<Op> ParseOperator(std::string_view text) {
  if (text == "In") return Op::kIn;
  if (text == "NotIn") return Op::kNotIn;
  if (text == "Exists") return Op::kExists;
  if (text == "DoesNotExist") return Op::kDoesNotExist;
  if (text == "Gt") return Op::kGt;
  if (text == "Lt") return Op::kLt;
  return std::nullopt;
}

template <typename Visit>
void ForEachItem(std::string_view list, Visit visit) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    std::string_view item = list.substr(0, comma);
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (!item.empty()) visit(item);
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

// Without a selector no job is meant, as in Kubernetes: a requirement that nothing meets.
scheduler::JobSelector JobsFrom(const Object& holder, std::string_view ns) {
  scheduler::JobSelector jobs;
  jobs.scope = ns;
  const Object* selector = GetObject(holder, {"jobSelector"});
  if (selector == nullptr) {
    jobs.requirements.push_back({"", Op::kExists, {}});
    return jobs;
  }
  const Result<LabelSelector> parsed = LabelSelector::FromObject(*selector);
  if (!parsed) return jobs;
  for (const LabelSelector::Requirement& each : parsed->requirements()) {
    Op op = Op::kExists;
    if (each.op == LabelSelector::Op::kIn) op = Op::kIn;
    if (each.op == LabelSelector::Op::kNotIn) op = Op::kNotIn;
    if (each.op == LabelSelector::Op::kDoesNotExist) op = Op::kDoesNotExist;
    jobs.requirements.push_back({each.key, op, each.values});
  }
  return jobs;
}

void AddAffinity(const Object& affinity, bool anti, std::string_view ns, PlacementRules& rules) {
  ForEachObject(affinity, "required", [&](const Object& term, size_t) {
    rules.job_affinity.push_back(
        {anti, 0, JobsFrom(term, ns), TopologyFrom(GetString(term, {"topologyKey"}))});
  });
  ForEachObject(affinity, "preferred", [&](const Object& each, size_t) {
    const Object& term = ObjectOrEmpty(each, "jobAffinityTerm");
    rules.job_affinity.push_back({anti, static_cast<int32_t>(GetInt(each, "weight").value_or(1)),
                                  JobsFrom(term, ns),
                                  TopologyFrom(GetString(term, {"topologyKey"}))});
  });
}

scheduler::ScoreWeights WeightsFrom(const Object& scoring) {
  scheduler::ScoreWeights weights;
  const auto read = [&](std::string_view key, int32_t& weight) {
    if (const auto value = GetInt(scoring, key)) weight = static_cast<int32_t>(*value);
  };
  read("preferredAffinity", weights.preferred_affinity);
  read("spread", weights.spread);
  read("pack", weights.pack);
  read("balance", weights.balance);
  read("cost", weights.cost);
  read("locality", weights.locality);
  read("stability", weights.stability);
  return weights;
}

void AddPolicy(const Object& spec, std::string_view ns, PlacementRules& rules) {
  ForEachObject(spec, "clusterGroups", [&](const Object& group, size_t) {
    scheduler::ClusterGroup& out = rules.groups.emplace_back();
    out.name = GetString(group, {"name"});
    ForEachObject(group, "required",
                  [&](const Object& term, size_t) { out.terms.push_back(TermFrom(term)); });
  });
  AddAffinity(ObjectOrEmpty(spec, "jobAffinity"), false, ns, rules);
  AddAffinity(ObjectOrEmpty(spec, "jobAntiAffinity"), true, ns, rules);
  ForEachObject(spec, "spread", [&](const Object& each, size_t) {
    rules.spread.push_back({static_cast<int32_t>(GetInt(each, "maxSkew").value_or(1)),
                            GetString(each, {"whenUnsatisfiable"}) != "ScheduleAnyway",
                            JobsFrom(each, ns), TopologyFrom(GetString(each, {"topologyKey"}))});
  });
  const Object& datasets = ObjectOrEmpty(spec, "datasets");
  ForEachText(datasets, "required", [&](std::string_view name, size_t) {
    rules.datasets.push_back({std::string(name), 0});
  });
  ForEachObject(datasets, "preferred", [&](const Object& each, size_t) {
    rules.datasets.push_back({std::string(GetString(each, {"name"})),
                              static_cast<int32_t>(GetInt(each, "weight").value_or(1))});
  });
  if (const Object* scoring = GetObject(spec, {"scoring"})) {
    rules.weights = {WeightsFrom(*scoring)};
  }
}

scheduler::Toleration NodeToleration(const Object& each) {
  scheduler::Toleration toleration;
  const std::string_view effect = GetString(each, {"effect"});
  toleration.key = GetString(each, {"key"});
  toleration.exists = GetString(each, {"operator"}) == "Exists";
  toleration.value = GetString(each, {"value"});
  toleration.any_effect = effect.empty();
  toleration.effect = TaintEffectFrom(effect);
  return toleration;
}

// nodeSelector beside the required node affinity. matchFields names one node by its name, which
// placement does not know: such a condition counts as met.
scheduler::NodeWish NodesFrom(const Object& pod) {
  scheduler::NodeWish wish;
  const Object* required = GetObject(
      pod, {"affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"});
  if (required != nullptr) {
    ForEachObject(*required, "nodeSelectorTerms", [&](const Object& each, size_t) {
      SelectorTerm term = TermFrom(each);
      if (CountItems(each, "matchFields") > 0) {
        term.requirements.push_back({"", Op::kDoesNotExist, {}});
      }
      wish.required.push_back(std::move(term));
    });
  }
  const Object& selector = ObjectOrEmpty(pod, "nodeSelector");
  if (!selector.empty() && wish.required.empty()) wish.required.emplace_back();
  for (SelectorTerm& term : wish.required) {
    if (required != nullptr && term.requirements.empty()) continue;  // matches nothing
    for (const auto& [key, value] : selector) {
      term.requirements.push_back({std::string(key), Op::kIn, {std::string(TextOf(value))}});
    }
  }
  ForEachObject(pod, "tolerations", [&](const Object& each, size_t) {
    wish.tolerations.push_back(NodeToleration(each));
  });
  return wish;
}

void AddPod(const Object& pod, std::string_view ns, PlacementRules& rules) {
  rules.nodes = NodesFrom(pod);
  ForEachObject(pod, "volumes", [&](const Object& volume, size_t) {
    const std::string_view claim = GetString(volume, {"persistentVolumeClaim", "claimName"});
    if (!claim.empty()) rules.claims.push_back(std::string(ns) + "/" + std::string(claim));
  });
}

void AddAnnotations(const Object& object, PlacementRules& rules) {
  const std::string_view datasets = Annotation(object, names::kAnnotationDatasets);
  if (!DatasetsProblem(datasets).empty()) return;
  ForEachItem(datasets, [&](std::string_view name) {
    rules.datasets.push_back({std::string(name), 0});
  });
}

template <typename Visit>
void ForEachJobSelector(const Object& policy, Visit visit) {
  const Object& spec = ObjectOrEmpty(policy, "spec");
  for (const char* field : {"jobAffinity", "jobAntiAffinity"}) {
    const Object& affinity = ObjectOrEmpty(spec, field);
    ForEachObject(affinity, "required", [&](const Object& term, size_t) { visit(term); });
    ForEachObject(affinity, "preferred", [&](const Object& each, size_t) {
      visit(ObjectOrEmpty(each, "jobAffinityTerm"));
    });
  }
  ForEachObject(spec, "spread", [&](const Object& each, size_t) { visit(each); });
}

}  // namespace

SelectorTerm TermFrom(const Object& term) {
  SelectorTerm out;
  ForEachObject(term, "matchExpressions", [&](const Object& each, size_t) {
    const std::optional<Op> op = ParseOperator(GetString(each, {"operator"}));
    if (!op) return;
    LabelRequirement requirement{std::string(GetString(each, {"key"})), *op, {}};
    ForEachText(each, "values",
                [&](std::string_view value, size_t) { requirement.values.emplace_back(value); });
    out.requirements.push_back(std::move(requirement));
  });
  return out;
}

scheduler::TopologyKey TopologyFrom(std::string_view key) {
  if (key == "cluster") return "";
  if (key == "zone") return std::string(names::kLabelZone);
  if (key == "region") return std::string(names::kLabelRegion);
  if (key == "provider") return std::string(names::kLabelProvider);
  return std::string(key);
}

void CollectAskedLabels(const Object& policy, AskedLabels& asked) {
  ForEachJobSelector(policy, [&](const Object& holder) {
    asked.any = true;
    for (const LabelRequirement& each : JobsFrom(holder, "").requirements) {
      if (!each.key.empty()) asked.keys.insert(each.key);
    }
  });
}

std::string_view GangProblem(std::string_view text) {
  return text.empty() || text == "true" || text == "false" ? "" : "must be true or false";
}

std::string DatasetsProblem(std::string_view text) {
  std::string problem;
  ForEachItem(text, [&](std::string_view name) {
    const Problems problems = SubdomainProblems(name);
    if (!problems.empty() && problem.empty()) problem = std::string(name) + ": " + problems.front();
  });
  return problem;
}

PlacementRules RulesFrom(const Object& job, const Object* policy, const AskedLabels& asked) {
  PlacementRules rules;
  const std::string_view ns = GetString(job, {"metadata", "namespace"});
  if (policy != nullptr) AddPolicy(ObjectOrEmpty(*policy, "spec"), ns, rules);
  const Object& pod_template = ObjectOrEmpty(ObjectOrEmpty(job, "spec"), "template");
  AddPod(ObjectOrEmpty(pod_template, "spec"), ns, rules);
  AddAnnotations(job, rules);
  AddAnnotations(pod_template, rules);
  std::sort(rules.claims.begin(), rules.claims.end());
  rules.claims.erase(std::unique(rules.claims.begin(), rules.claims.end()), rules.claims.end());
  if (!asked.any) return rules;
  rules.scope = ns;
  for (const std::string& key : asked.keys) {
    const Value* value = FindPath(job, {"metadata", "labels", key});
    if (value != nullptr && value->is_string()) rules.labels.emplace(key, TextOf(*value));
  }
  return rules;
}

}  // namespace fairway::kube
