// Strategies of fairway.flext.sh: Cluster, PlacementPolicy, ClusterPlacementPolicy. Placements are
// written by Fairway alone, and their verbs say so.
#include <set>
#include <string>

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/job_spec.h"
#include "clusters/kube/kinds/metadata.h"
#include "clusters/kube/kinds/names.h"
#include "clusters/kube/kinds/placement_rules.h"
#include "clusters/kube/kinds/pod_spec.h"
#include "clusters/kube/kinds/registry.h"
#include "clusters/kube/kinds/split_rules.h"
#include "clusters/kube/schema/leaf.h"
#include "scheduler/failover/drain.h"
#include "scheduler/names.h"
#include "scheduler/resources.h"

namespace fairway::kube {
namespace {

void ValidateSecretRef(const Object& ref, const FieldPath& path, FieldErrors& errors) {
  const std::string_view ns = GetString(ref, {"namespace"});
  const std::string_view name = GetString(ref, {"name"});
  const std::string_view key = GetString(ref, {"key"});
  if (ns.empty()) {
    errors.Required(path.Child("namespace"));
  } else {
    errors.InvalidAll(path.Child("namespace"), ns, DnsLabelProblems(ns));
  }
  if (name.empty()) {
    errors.Required(path.Child("name"));
  } else {
    errors.InvalidAll(path.Child("name"), name, SubdomainProblems(name));
  }
  if (!key.empty()) errors.InvalidAll(path.Child("key"), key, ConfigKeyProblems(key));
}

// scheme://host[:port][/path], without a user, query or fragment. "" when it is one.
std::string UrlProblem(std::string_view url, std::initializer_list<std::string_view> schemes) {
  const size_t end = url.find("://");
  bool known = false;
  std::string list;
  for (std::string_view scheme : schemes) {
    known |= url.substr(0, end) == scheme;
    list += (list.empty() ? "" : " or ") + std::string(scheme);
  }
  if (end == std::string_view::npos || !known) return "must be a URL of scheme " + list;
  const std::string_view rest = url.substr(end + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (rest.find_first_of("?# \t\r\n") != std::string_view::npos) {
    return "must have neither query nor fragment nor spaces";
  }
  if (authority.empty() || authority[0] == ':') return "must name a host";
  return {};
}

// `configured`: the credentials are in the gateway's own configuration.
void ValidateServer(const Object& spec, bool configured, FieldErrors& errors) {
  const std::string_view server = GetString(spec, {"server"});
  const std::string problem = UrlProblem(server, {"https"});
  if (!problem.empty()) {
    errors.Invalid(kSpec.Child("server"), server, problem);
  } else if (server.find('@') != std::string_view::npos) {
    errors.Invalid(kSpec.Child("server"), server,
                   "must not hold credentials; put them into a Secret and name it in "
                   "credentialSecretRef");
  }
  const Object* credential = GetObject(spec, {"credentialSecretRef"});
  if (credential == nullptr && !configured) {
    errors.Required(kSpec.Child("credentialSecretRef"),
                    "a Secret with the key token, or tls.crt and tls.key");
  }
  if (!GetString(spec, {"context"}).empty()) {
    errors.Forbidden(kSpec.Child("context"), "may be set with kubeconfigSecretRef only");
  }
}

// Everything that a kubeconfig says by itself.
void ValidateKubeconfig(const Object& spec, FieldErrors& errors) {
  for (const char* key :
       {"caBundle", "tlsServerName", "insecureSkipTLSVerify", "credentialSecretRef"}) {
    if (IsSet(spec, key)) {
      errors.Forbidden(kSpec.Child(key), "may not be set together with kubeconfigSecretRef");
    }
  }
}

void ValidateTls(const Object& spec, FieldErrors& errors) {
  const std::string_view bundle = GetString(spec, {"caBundle"});
  if (!bundle.empty()) {
    const Result<std::string> pem = DecodeBase64(bundle);
    if (!pem || pem->find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
      errors.Invalid(kSpec.Child("caBundle"), "<certificates>", "must hold PEM certificates");
    }
    if (Get<bool>(spec, {"insecureSkipTLSVerify"}).value_or(false)) {
      errors.Forbidden(kSpec.Child("caBundle"),
                       "may not be set together with insecureSkipTLSVerify");
    }
  }
  const std::string_view name = GetString(spec, {"tlsServerName"});
  if (!name.empty()) {
    errors.InvalidAll(kSpec.Child("tlsServerName"), name, SubdomainProblems(name));
  }
  const std::string_view proxy = GetString(spec, {"proxyURL"});
  if (proxy.empty()) return;
  const std::string problem = UrlProblem(proxy, {"http", "https", "socks5"});
  if (!problem.empty()) errors.Invalid(kSpec.Child("proxyURL"), proxy, problem);
}

void ValidateAccess(const Object& cluster, FieldErrors& errors) {
  const Object& spec = ObjectOrEmpty(cluster, "spec");
  const bool server = !GetString(spec, {"server"}).empty();
  const bool kubeconfig = IsSet(spec, "kubeconfigSecretRef");
  const bool configured =
      !GetString(cluster, {"metadata", "annotations", names::kAnnotationConfigured}).empty();
  if (server && kubeconfig) {
    errors.Forbidden(kSpec.Child("kubeconfigSecretRef"), "may not be set together with server");
  } else if (server) {
    ValidateServer(spec, configured, errors);
  } else if (kubeconfig) {
    ValidateKubeconfig(spec, errors);
  } else if (!configured) {
    errors.Required(kSpec.Child("server"),
                    "either server with credentialSecretRef, or kubeconfigSecretRef");
  }
  for (const char* key : {"credentialSecretRef", "kubeconfigSecretRef"}) {
    if (const Object* ref = GetObject(spec, {key})) {
      ValidateSecretRef(*ref, kSpec.Child(key), errors);
    }
  }
  ValidateTls(spec, errors);
}

void ValidateTaints(const Object& spec, FieldErrors& errors) {
  const FieldPath list = kSpec.Child("taints");
  std::set<std::pair<std::string_view, std::string_view>> seen;
  ForEachObject(spec, "taints", [&](const Object& taint, size_t i) {
    const FieldPath at = list.Index(i);
    const std::string_view key = GetString(taint, {"key"});
    const std::string_view value = GetString(taint, {"value"});
    const std::string_view effect = GetString(taint, {"effect"});
    if (key.empty()) {
      errors.Required(at.Child("key"));
    } else {
      ValidateLabelKey(key, at.Child("key"), errors);
    }
    errors.InvalidAll(at.Child("value"), value, LabelValueProblems(value));
    if (effect.empty()) {
      errors.Required(at.Child("effect"));
    } else if (effect != "NoSchedule" && effect != "PreferNoSchedule" && effect != "NoExecute") {
      errors.Unsupported(at.Child("effect"), effect,
                         {"NoSchedule", "PreferNoSchedule", "NoExecute"});
    }
    if (!seen.emplace(key, effect).second) {
      errors.Duplicate(at, std::string(key) + ":" + std::string(effect));
    }
  });
}

void ValidateQuantity(const Value& value, const FieldPath& path, FieldErrors& errors) {
  const std::string text = value.is_string() ? std::string(TextOf(value)) : Serialize(value);
  const Result<int64_t> milli = scheduler::ParseQuantityMilli(text);
  if (!milli) {
    errors.Invalid(path, text, milli.error().message);
  } else if (*milli < 0) {
    errors.Invalid(path, text, "must be greater than or equal to 0");
  }
}

void ValidateCost(const Object& spec, FieldErrors& errors) {
  const FieldPath cost = kSpec.Child("cost");
  for (const char* key : {"cpuCoreHour", "memoryGiBHour"}) {
    const Value* value = Find(ObjectOrEmpty(spec, "cost"), key);
    if (value != nullptr && !value->is_null()) ValidateQuantity(*value, cost.Child(key), errors);
  }
  const FieldPath overrides = kSpec.Child("capacityOverrides");
  for (const auto& [name, value] : ObjectOrEmpty(spec, "capacityOverrides")) {
    const FieldPath at = overrides.Key(name);
    errors.InvalidAll(at, name, LabelKeyProblems(name));
    ValidateQuantity(value, at, errors);
  }
}

void ValidateClusterFailover(const Object& spec, FieldErrors& errors) {
  static constexpr FieldPath kFailover("spec.failover");
  for (const char* key : {"suspectAfter", "unreachableAfter", "lease"}) {
    const std::string_view text = GetString(spec, {"failover", key});
    if (!text.empty() && !ParseSpan(text)) {
      errors.Invalid(kFailover.Child(key), text, "must be a span of time such as 500ms, 30s or 5m");
    }
  }
}

void ValidateDrain(const Object& spec, FieldErrors& errors) {
  static constexpr FieldPath kDrain("spec.drain");
  const Object* drain = GetObject(spec, {"drain"});
  if (drain == nullptr) return;
  const std::string_view mode = GetString(*drain, {"mode"});
  if (mode.empty()) {
    errors.Required(kDrain.Child("mode"));
  } else if (mode != "Graceful" && mode != "Now") {
    errors.Unsupported(kDrain.Child("mode"), mode, {"Graceful", "Now"});
  }
  const std::string_view deadline = GetString(*drain, {"deadline"});
  if (!deadline.empty() && !ParseSpan(deadline)) {
    errors.Invalid(kDrain.Child("deadline"), deadline,
                   "must be a span of time such as 500ms, 30s or 5m");
  } else if (!deadline.empty() && mode == "Now") {
    errors.Forbidden(kDrain.Child("deadline"), "may be set with mode Graceful only");
  }
  const std::optional<int64_t> moving = GetInt(*drain, "maxMoving");
  if (moving && (*moving < 1 || *moving > scheduler::kDrainMovingMax)) {
    errors.Invalid(kDrain.Child("maxMoving"), *moving, "must be in the range 1-10000");
  }
}

class ClusterStrategy : public Strategy {
 public:
  using Strategy::Strategy;
  // It becomes a label value and a part of Secret names.
  NameRule name_rule() const override { return NameRule::kLabel; }

 protected:
  void Validate(const Object& cluster, FieldErrors& errors) const override {
    const Object& spec = ObjectOrEmpty(cluster, "spec");
    ValidateAccess(cluster, errors);
    ValidateTaints(spec, errors);
    ValidateCost(spec, errors);
    const FieldPath datasets = kSpec.Child("datasets");
    ForEachText(spec, "datasets", [&](std::string_view name, size_t i) {
      ValidateDatasetName(name, datasets.Index(i), errors);
    });
    ValidateClusterFailover(spec, errors);
    ValidateDrain(spec, errors);
  }
};

class PlacementPolicyStrategy : public Strategy {
 public:
  using Strategy::Strategy;

 protected:
  void Validate(const Object& policy, FieldErrors& errors) const override {
    const Object& spec = ObjectOrEmpty(policy, "spec");
    if (const Object* selector = GetObject(spec, {"workloadSelector"})) {
      ValidateLabelSelector(*selector, kSpec.Child("workloadSelector"), errors);
    }
    const Object& affinity = ObjectOrEmpty(spec, "clusterAffinity");
    static constexpr FieldPath kRequired("spec.clusterAffinity.required");
    static constexpr FieldPath kPreferred("spec.clusterAffinity.preferred");
    ForEachObject(affinity, "required", [&](const Object& term, size_t i) {
      ValidateTerm(term, kRequired.Index(i), errors);
    });
    ForEachObject(affinity, "preferred", [&](const Object& preferred, size_t i) {
      const FieldPath at = kPreferred.Index(i);
      const int64_t weight = GetInt(preferred, "weight").value_or(0);
      if (weight < 1 || weight > 100) {
        errors.Invalid(at.Child("weight"), weight, "must be in the range 1-100");
      }
      ValidateTerm(ObjectOrEmpty(preferred, "preference"), at.Child("preference"), errors);
    });
    ValidateTolerations(spec, kSpec, errors);
    ValidatePlacementRules(spec, errors);
    ValidateSplit(spec, errors);
    static constexpr FieldPath kPolicy("spec.failover.policy");
    const std::string_view failover = GetString(spec, {"failover", "policy"});
    if (!failover.empty() && !ParseFailoverPolicy(failover)) {
      errors.Unsupported(kPolicy, failover, {"never", "fenced", "fast", "manual"});
    }
  }
};

}  // namespace

StrategyMaker FindFairwayStrategy(const KindInfo& kind) {
  if (kind.group != names::kGroup) return nullptr;
  if (kind.kind == "Cluster") return Make<ClusterStrategy>;
  if (kind.kind == "PlacementPolicy" || kind.kind == "ClusterPlacementPolicy") {
    return Make<PlacementPolicyStrategy>;
  }
  return nullptr;
}

}  // namespace fairway::kube
