#include "clusters/kube/kinds/job_spec.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "clusters/kube/errors.h"
#include "clusters/kube/kinds/core_terms.h"
#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/run_time.h"
#include "clusters/kube/kinds/split_rules.h"
#include "clusters/kube/selector.h"
#include "clusters/member/pod_resources.h"
#include "scheduler/names.h"
#include "scheduler/names_operator.h"

namespace fairway::kube {
namespace {

using scheduler::LabelRequirement;
using Op = LabelRequirement::Op;

void CopyMember(const Object& from, std::string_view key, Object& to) {
  if (const Value* value = Find(from, key)) to.emplace(key, *value);
}

// A template becomes a Pod, and a Pod requests what it has a limit for. Of the rest only what
// counts in a request: environments and commands are most of a spec.
Object WithRequests(const Object& pod, const StoragePtr& storage) {
  Object out(storage);
  CopyMember(pod, "resources", out);
  CopyMember(pod, "overhead", out);
  for (std::string_view list : {"containers", "initContainers"}) {
    const Array* containers = GetArray(pod, {list});
    if (containers == nullptr) continue;
    Array slim(storage);
    for (const Value& container : *containers) {
      if (!container.is_object()) {
        slim.push_back(container);
        continue;
      }
      Object& kept = slim.emplace_back(Object(storage)).get_object();
      CopyMember(container.get_object(), "restartPolicy", kept);
      CopyMember(container.get_object(), "resources", kept);
      Object* resources = GetObject(kept, {"resources"});
      const Object* limits = GetObject(container, {"resources", "limits"});
      if (resources == nullptr || limits == nullptr) continue;
      Object& requests = EnsureObject(*resources, {"requests"});
      for (const auto& [name, amount] : *limits) requests.emplace(name, amount);
    }
    out.emplace(list, std::move(slim));
  }
  return out;
}

void ApplyPolicy(const Object& policy, scheduler::JobSpec& spec) {
  const Object& wish = ObjectOrEmpty(policy, "spec");
  spec.failover = ParseFailoverPolicy(GetString(wish, {"failover", "policy"}))
                      .value_or(scheduler::FailoverPolicy::kFenced);
  const Object& affinity = ObjectOrEmpty(wish, "clusterAffinity");
  ForEachObject(affinity, "required",
                [&](const Object& term, size_t) { spec.required.push_back(TermFrom(term)); });
  ForEachObject(affinity, "preferred", [&](const Object& each, size_t) {
    spec.preferred.push_back({static_cast<int32_t>(GetInt(each, "weight").value_or(1)),
                              TermFrom(ObjectOrEmpty(each, "preference"))});
  });
  ForEachObject(wish, "tolerations", [&](const Object& each, size_t) {
    scheduler::Toleration toleration;
    const std::string_view effect = GetString(each, {"effect"});
    toleration.key = GetString(each, {"key"});
    toleration.exists = GetString(each, {"operator"}) == "Exists";
    toleration.value = GetString(each, {"value"});
    toleration.any_effect = effect.empty();
    toleration.effect = TaintEffectFrom(effect);
    // Zero and less mean at once, as in Kubernetes.
    const std::optional<int64_t> seconds = GetInt(each, "tolerationSeconds");
    toleration.seconds = seconds ? std::max<int64_t>(*seconds, 0) : -1;
    spec.tolerations.push_back(std::move(toleration));
  });
}

// A price in millionths: a quantity of thousandths a thousand times as large, so that "0.0042"
// (canonically "4200u") keeps its digits. -1 when there is none.
int64_t MicroPrice(const Object& cost, std::string_view key) {
  const Value* value = Find(cost, key);
  if (value == nullptr || value->is_null()) return -1;
  std::string text = QuantityText(*value);
  const char unit = text.empty() ? '\0' : text.back();
  if (unit == 'm') {
    text.pop_back();
  } else if (unit == 'u') {
    text.back() = 'm';
  } else if (unit == 'n') {
    text.back() = 'u';
  } else if (unit >= '0' && unit <= '9' && text.find_first_of("eE") == std::string::npos) {
    text += 'k';
  } else {
    const Result<int64_t> milli = scheduler::ParseQuantityMilli(text);
    constexpr int64_t kMost = std::numeric_limits<int64_t>::max() / 1000;
    return milli ? std::min(*milli, kMost) * 1000 : -1;
  }
  const Result<int64_t> micro = scheduler::ParseQuantityMilli(text);
  return micro ? *micro : -1;
}

tl::unexpected<Error> BadAnnotation(const Object& job, std::string_view key, std::string_view value,
                                    std::string_view detail) {
  static constexpr FieldPath kAnnotations("metadata.annotations");
  FieldErrors errors;
  errors.Invalid(kAnnotations.Key(key), value, detail);
  Error error;
  error.code = 422;
  error.reason = "Invalid";
  error.name = GetString(job, {"metadata", "name"});
  error.group = "batch";
  error.kind = "Job";
  error.message =
      "Job.batch " + GoQuote(error.name) + " is invalid: " + AggregateText(errors.causes());
  error.causes = errors.Take();
  return Fail(std::move(error));
}

// Holds beside every alternative of the policy, since the terms are ORed.
void RequireBeside(const std::vector<LabelRequirement>& requirements, scheduler::JobSpec& spec) {
  if (requirements.empty()) return;
  if (spec.required.empty()) spec.required.emplace_back();
  for (scheduler::SelectorTerm& term : spec.required) {
    term.requirements.insert(term.requirements.end(), requirements.begin(), requirements.end());
  }
}

// Whether the author allows what by default may never be done: "allowed" or "never".
Result<bool> Allows(const Object& job, std::string_view annotation) {
  const std::string_view word = Annotation(job, annotation);
  if (!word.empty() && word != "allowed" && word != "never") {
    return BadAnnotation(job, annotation, word, "must be allowed or never");
  }
  return word == "allowed";
}

// What concerns the loss of the Job's cluster, and better ones.
Status ApplyFailover(const Object& job, JobWish& wish) {
  const std::string_view failover = Annotation(job, names::kAnnotationFailover);
  if (!failover.empty()) {
    const auto policy = ParseFailoverPolicy(failover);
    if (!policy) {
      return BadAnnotation(job, names::kAnnotationFailover, failover,
                           "must be never, fenced, fast or manual");
    }
    wish.spec.failover = *policy;
  }
  const Result<bool> failback = Allows(job, names::kAnnotationFailback);
  if (!failback) return Fail(failback.error());
  wish.spec.failback = *failback;
  const Result<bool> rebalance = Allows(job, names::kAnnotationRebalance);
  if (!rebalance) return Fail(rebalance.error());
  wish.spec.rebalance = *rebalance;
  const std::string_view epoch = Annotation(job, names::kAnnotationApproveMove);
  if (!epoch.empty()) {
    const auto [end, error] =
        std::from_chars(epoch.data(), epoch.data() + epoch.size(), wish.approved.value);
    if (error != std::errc() || end != epoch.data() + epoch.size()) {
      return BadAnnotation(job, names::kAnnotationApproveMove, epoch,
                           "must be the number of the epoch to give up");
    }
  }
  const int64_t grace =
      Get<int64_t>(job, {"spec", "template", "spec", "terminationGracePeriodSeconds"})
          .value_or(scheduler::kDefaultGraceSeconds);
  wish.spec.grace_seconds =
      static_cast<int32_t>(std::clamp<int64_t>(grace, 0, std::numeric_limits<int32_t>::max()));
  return {};
}

Status ApplyAnnotations(const Object& job, scheduler::JobSpec& spec) {
  const std::string_view selector = Annotation(job, names::kAnnotationClusterSelector);
  if (!selector.empty()) {
    const auto requirements = ParseClusterSelector(selector);
    if (!requirements) {
      return BadAnnotation(job, names::kAnnotationClusterSelector, selector,
                           requirements.error().message);
    }
    RequireBeside(*requirements, spec);
  }
  const std::string_view gang = Annotation(job, names::kAnnotationGang);
  if (const std::string_view problem = GangProblem(gang); !problem.empty()) {
    return BadAnnotation(job, names::kAnnotationGang, gang, problem);
  }
  spec.gang = gang != "false";
  const std::string_view datasets = Annotation(job, names::kAnnotationDatasets);
  if (const std::string problem = DatasetsProblem(datasets); !problem.empty()) {
    return BadAnnotation(job, names::kAnnotationDatasets, datasets, problem);
  }
  const std::string_view run_time = Annotation(job, names::kAnnotationExpectedRunTime);
  if (!run_time.empty() && !ParseRunTime(run_time)) {
    return BadAnnotation(job, names::kAnnotationExpectedRunTime, run_time,
                         "must be a span of time like 90s, 15m or 2h30m, up to a year");
  }
  const std::string_view priority = Annotation(job, names::kAnnotationPriority);
  if (priority.empty()) return {};
  const auto [end, error] =
      std::from_chars(priority.data(), priority.data() + priority.size(), spec.priority);
  if (error != std::errc() || end != priority.data() + priority.size()) {
    return BadAnnotation(job, names::kAnnotationPriority, priority, "must be a 32-bit integer");
  }
  return {};
}

// Pods that run at once: never more than are still wanted.
int32_t PodsAtOnce(const Object& spec) {
  const int64_t parallelism = GetInt(spec, "parallelism").value_or(1);
  const int64_t completions = GetInt(spec, "completions").value_or(parallelism);
  return static_cast<int32_t>(std::clamp<int64_t>(std::min(parallelism, completions), 0,
                                                  std::numeric_limits<int32_t>::max()));
}

bool Selects(PolicyDocument policy, const Object& job) {
  const Object* selector = GetObject(*policy, {"spec", "workloadSelector"});
  if (selector == nullptr) return true;
  const Result<LabelSelector> parsed = LabelSelector::FromObject(*selector);
  return parsed && parsed->MatchesDocument(job);
}

// The selecting policy of the highest priority, the first by name among equals.
PolicyDocument Best(const Object& job, const std::vector<PolicyDocument>& policies) {
  PolicyDocument best = nullptr;
  const auto rank = [](PolicyDocument policy) {
    return std::pair(-Get<int64_t>(*policy, {"spec", "priority"}).value_or(0),
                     GetString(*policy, {"metadata", "name"}));
  };
  for (PolicyDocument policy : policies) {
    if (Selects(policy, job) && (best == nullptr || rank(policy) < rank(best))) best = policy;
  }
  return best;
}

}  // namespace

std::optional<scheduler::FailoverPolicy> ParseFailoverPolicy(std::string_view text) {
  if (text == "never") return scheduler::FailoverPolicy::kNever;
  if (text == "fenced") return scheduler::FailoverPolicy::kFenced;
  if (text == "fast") return scheduler::FailoverPolicy::kFast;
  if (text == "manual") return scheduler::FailoverPolicy::kManual;
  return std::nullopt;
}

std::optional<Duration> ParseSpan(std::string_view text) {
  constexpr int64_t kSpanMaxMs = 86'400'000;
  int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  const int64_t ms = unit == "ms" ? 1 : unit == "s" ? 1000 : unit == "m" ? 60'000 : 0;
  if (error != std::errc() || ms == 0 || count <= 0 || count > kSpanMaxMs / ms) return std::nullopt;
  return Duration{count * ms};
}

scheduler::Resources PodRequest(const Object& pod_spec) {
  MonotonicResource arena;
  Result<scheduler::Resources> request = clusters::PodRequest(WithRequests(pod_spec, &arena));
  if (request) return std::move(*request);
  scheduler::Resources one;
  one.pods = 1;
  return one;
}

Result<PolicyDocument> SelectPolicy(const Object& job, const std::vector<PolicyDocument>& policies,
                                    const std::vector<PolicyDocument>& cluster_policies) {
  const std::string_view wanted = Annotation(job, names::kAnnotationPolicy);
  if (!wanted.empty()) {
    for (PolicyDocument policy : policies) {
      if (GetString(*policy, {"metadata", "name"}) == wanted) return policy;
    }
    return Fail(NotFound(names::kGroup, "placementpolicies", wanted));
  }
  if (PolicyDocument policy = Best(job, policies)) return policy;
  return Best(job, cluster_policies);
}

Result<JobWish> JobSpecFrom(const Object& job, PolicyDocument policy, const AskedLabels& asked) {
  const Object& spec = ObjectOrEmpty(job, "spec");
  const Object& pod = ObjectOrEmpty(ObjectOrEmpty(spec, "template"), "spec");
  JobWish wish;
  MonotonicResource arena;
  Result<scheduler::Resources> request = clusters::PodRequest(WithRequests(pod, &arena));
  if (!request) return Fail(request.error());
  wish.spec.request = std::move(*request);
  wish.spec.parallelism = PodsAtOnce(spec);
  wish.suspended = Get<bool>(spec, {"suspend"}).value_or(false);
  wish.ttl_seconds = GetInt(spec, "ttlSecondsAfterFinished").value_or(-1);
  if (policy != nullptr) {
    wish.policy = GetString(*policy, {"metadata", "name"});
    ApplyPolicy(*policy, wish.spec);
  }
  if (Status status = ApplyAnnotations(job, wish.spec); !status) return Fail(status.error());
  scheduler::PlacementRules rules = RulesFrom(job, policy, asked);
  if (rules != scheduler::PlacementRules{}) wish.spec.rules.push_back(std::move(rules));
  if (Status status = ApplyFailover(job, wish); !status) return Fail(status.error());
  const std::string_view split = Annotation(job, names::kAnnotationSplit);
  if (const std::string_view problem = SplitProblem(split); !problem.empty()) {
    return BadAnnotation(job, names::kAnnotationSplit, split, problem);
  }
  wish.spec.split = SplitFrom(job, policy);
  return wish;
}

Result<scheduler::ClusterSpec> ClusterSpecFrom(const Object& cluster) {
  scheduler::ClusterSpec out;
  out.name = GetString(cluster, {"metadata", "name"});
  if (const Object* labels = GetObject(cluster, {"metadata", "labels"})) {
    for (const auto& [key, value] : *labels) out.labels.emplace(key, TextOf(value));
  }
  const Object& spec = ObjectOrEmpty(cluster, "spec");
  ForEachObject(spec, "taints", [&](const Object& taint, size_t) {
    out.taints.push_back({std::string(GetString(taint, {"key"})),
                          std::string(GetString(taint, {"value"})),
                          TaintEffectFrom(GetString(taint, {"effect"}))});
  });
  out.cordoned = Get<bool>(spec, {"cordoned"}).value_or(false);
  ForEachText(spec, "datasets",
              [&](std::string_view name, size_t) { out.datasets.emplace_back(name); });
  std::sort(out.datasets.begin(), out.datasets.end());
  const Object& cost = ObjectOrEmpty(spec, "cost");
  out.cost_core_micro = MicroPrice(cost, "cpuCoreHour");
  out.cost_gib_micro = MicroPrice(cost, "memoryGiBHour");
  for (const auto& [name, value] : ObjectOrEmpty(spec, "capacityOverrides")) {
    const Result<int64_t> amount = ParseAmount(name, QuantityText(value));
    if (!amount) return Fail(amount.error());
    out.overrides.emplace_back(std::string(name), *amount);
  }
  std::sort(out.overrides.begin(), out.overrides.end());
  const auto span = [&](std::string_view key) {
    return ParseSpan(GetString(spec, {"failover", key})).value_or(Duration{});
  };
  out.failover = {span("suspectAfter"), span("unreachableAfter"), span("lease")};
  const std::string_view mode = GetString(spec, {"drain", "mode"});
  if (mode == "Graceful" || mode == "Now") {
    out.drain.mode = mode == "Now" ? scheduler::DrainMode::kNow : scheduler::DrainMode::kGraceful;
    out.drain.deadline = ParseSpan(GetString(spec, {"drain", "deadline"})).value_or(Duration{});
    out.drain.moving_max =
        static_cast<int32_t>(Get<int64_t>(spec, {"drain", "maxMoving"}).value_or(0));
  }
  out.confirmed_lost =
      GetString(cluster, {"metadata", "annotations", names::kAnnotationConfirmLost}) == "true";
  return out;
}

Result<std::vector<LabelRequirement>> ParseClusterSelector(std::string_view text) {
  const Result<LabelSelector> parsed = LabelSelector::Parse(text);
  if (!parsed) return Fail(parsed.error());
  std::vector<LabelRequirement> out;
  for (const LabelSelector::Requirement& each : parsed->requirements()) {
    Op op = Op::kExists;
    switch (each.op) {
      case LabelSelector::Op::kIn:
        op = Op::kIn;
        break;
      case LabelSelector::Op::kNotIn:
        op = Op::kNotIn;
        break;
      case LabelSelector::Op::kExists:
        op = Op::kExists;
        break;
      case LabelSelector::Op::kDoesNotExist:
        op = Op::kDoesNotExist;
        break;
      case LabelSelector::Op::kGreater:
        op = Op::kGt;
        break;
      case LabelSelector::Op::kLess:
        op = Op::kLt;
        break;
    }
    out.push_back({each.key, op, each.values});
  }
  return out;
}

}  // namespace fairway::kube
