#include "clusters/kube/kinds/pod_spec.h"

#include <limits>
#include <set>
#include <string>

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/metadata.h"
#include "clusters/kube/kinds/names.h"

namespace fairway::kube {
namespace {

constexpr int64_t kInt32Max = std::numeric_limits<int32_t>::max();

void ValidateIdRange(const Object& context, std::string_view key, const FieldPath& path,
                     FieldErrors& errors) {
  const std::optional<int64_t> id = GetInt(context, key);
  if (id && (*id < 0 || *id > kInt32Max)) {
    errors.Invalid(path.Child(key), *id, "must be between 0 and 2147483647, inclusive");
  }
}

void ValidateVolumeSource(const Object& volume, const FieldPath& path, FieldErrors& errors) {
  std::string_view first;
  for (const auto& [key, value] : volume) {
    if (key == "name" || value.is_null()) continue;
    if (first.empty()) {
      first = key;
    } else {
      errors.Forbidden(path.Child(key), "may not specify more than 1 volume type");
    }
  }
  if (first.empty()) errors.Required(path, "must specify a volume type");
  const auto require = [&](const char* source, const char* key) {
    const Object* object = GetObject(volume, {source});
    if (object == nullptr || !GetString(*object, {key}).empty()) return;
    const FieldPath at = path.Child(source);
    errors.Required(at.Child(key));
  };
  require("configMap", "name");
  require("secret", "secretName");
  require("persistentVolumeClaim", "claimName");
  require("hostPath", "path");
}

void ValidateVolumes(const Object& spec, const FieldPath& path, FieldErrors& errors) {
  const FieldPath list = path.Child("volumes");
  std::set<std::string_view> names;
  ForEachObject(spec, "volumes", [&](const Object& volume, size_t i) {
    const FieldPath at = list.Index(i);
    const FieldPath at_name = at.Child("name");
    const size_t before = errors.size();
    ValidateVolumeSource(volume, at, errors);
    const std::string_view name = GetString(volume, {"name"});
    if (name.empty()) {
      errors.Required(at_name);
    } else {
      for (const std::string& problem : DnsLabelProblems(name)) {
        errors.Invalid(at_name, name, problem);
      }
    }
    if (names.contains(name)) errors.Duplicate(at_name, name);
    // A name counts as taken only by a volume that is right.
    if (errors.size() == before) names.insert(name);
  });
}

void ValidateDns(const Object& spec, const FieldPath& path, FieldErrors& errors) {
  const std::string_view policy = GetString(spec, {"dnsPolicy"});
  if (policy.empty()) {
    errors.Required(path.Child("dnsPolicy"));
  } else if (policy != "ClusterFirst" && policy != "ClusterFirstWithHostNet" &&
             policy != "Default" && policy != "None") {
    errors.Unsupported(path.Child("dnsPolicy"), policy,
                       {"ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"});
  }
}

void ValidateDnsConfig(const Object& spec, const FieldPath& path, FieldErrors& errors) {
  const FieldPath at = path.Child("dnsConfig");
  const Object* config = GetObject(spec, {"dnsConfig"});
  if (GetString(spec, {"dnsPolicy"}) == "None") {
    if (config == nullptr) {
      return errors.Required(at, "must provide `dnsConfig` when `dnsPolicy` is None");
    }
    if (CountItems(*config, "nameservers") == 0) {
      errors.Required(at.Child("nameservers"),
                      "must provide at least one DNS nameserver when `dnsPolicy` is None");
    }
  }
  constexpr size_t kNameserversMax = 3, kSearchesMax = 32;
  if (config == nullptr) return;
  if (CountItems(*config, "nameservers") > kNameserversMax) {
    errors.Invalid(at.Child("nameservers"), *GetArray(*config, {"nameservers"}),
                   "must not have more than 3 nameservers");
  }
  if (CountItems(*config, "searches") > kSearchesMax) {
    errors.Invalid(at.Child("searches"), *GetArray(*config, {"searches"}),
                   "must not have more than 32 search paths");
  }
}

void ValidatePodSecurity(const Object& spec, const FieldPath& path, FieldErrors& errors) {
  const Object* context = GetObject(spec, {"securityContext"});
  if (context != nullptr) {
    const FieldPath at = path.Child("securityContext");
    for (const char* key : {"fsGroup", "runAsUser", "runAsGroup"}) {
      ValidateIdRange(*context, key, at, errors);
    }
    const FieldPath groups = at.Child("supplementalGroups");
    const Array* ids = GetArray(*context, {"supplementalGroups"});
    for (size_t i = 0; ids != nullptr && i < ids->size(); ++i) {
      const int64_t* id = (*ids)[i].if_int64();
      if (id != nullptr && (*id < 0 || *id > kInt32Max)) {
        errors.Invalid(groups.Index(i), *id, "must be between 0 and 2147483647, inclusive");
      }
    }
  }
  if (Get<bool>(spec, {"shareProcessNamespace"}).value_or(false) &&
      Get<bool>(spec, {"hostPID"}).value_or(false)) {
    errors.Invalid(path.Child("securityContext.shareProcessNamespace"), Value(true),
                   "ShareProcessNamespace and HostPID cannot both be enabled");
  }
}

void ValidateRestartPolicy(std::string_view policy, const FieldPath& path, FieldErrors& errors) {
  if (policy.empty()) return errors.Required(path);
  if (policy != "Always" && policy != "OnFailure" && policy != "Never") {
    errors.Unsupported(path, policy, {"Always", "OnFailure", "Never"});
  }
}

// Names that must be of one form where they are given.
void ValidateNamesOf(const Object& spec, const FieldPath& path, FieldErrors& errors) {
  const auto check = [&](const char* key, Problems (*problems)(std::string_view)) {
    const std::string_view text = GetString(spec, {key});
    if (text.empty()) return;
    for (const std::string& problem : problems(text))
      errors.Invalid(path.Child(key), text, problem);
  };
  check("serviceAccountName", SubdomainProblems);
  check("nodeName", SubdomainProblems);
  const std::optional<int64_t> deadline = GetInt(spec, "activeDeadlineSeconds");
  if (deadline && (*deadline < 1 || *deadline > kInt32Max)) {
    errors.Invalid(path.Child("activeDeadlineSeconds"), *deadline,
                   "must be between 1 and 2147483647, inclusive");
  }
  check("hostname", DnsLabelProblems);
  check("subdomain", DnsLabelProblems);
}

}  // namespace

void ValidateTolerations(const Object& spec, const FieldPath& path, FieldErrors& errors) {
  const FieldPath list = path.Child("tolerations");
  ForEachObject(spec, "tolerations", [&](const Object& each, size_t i) {
    const FieldPath at = list.Index(i);
    const FieldPath at_operator = at.Child("operator");
    const std::string_view key = GetString(each, {"key"});
    const std::string_view op = GetString(each, {"operator"});
    const std::string_view value = GetString(each, {"value"});
    const std::string_view effect = GetString(each, {"effect"});
    if (!key.empty()) ValidateLabelKey(key, at.Child("key"), errors);
    if (key.empty() && op != "Exists") {
      errors.Invalid(at_operator, op,
                     "operator must be Exists when `key` is empty, which means \"match all values "
                     "and all keys\"");
    }
    if (IsSet(each, "tolerationSeconds") && effect != "NoExecute") {
      errors.Invalid(at.Child("effect"), effect,
                     "effect must be 'NoExecute' when `tolerationSeconds` is set");
    }
    if (op.empty() || op == "Equal") {
      for (const std::string& problem : LabelValueProblems(value)) {
        errors.Invalid(at_operator, value, problem);
      }
    } else if (op == "Exists") {
      if (!value.empty()) {
        errors.Invalid(at_operator, value, "value must be empty when `operator` is 'Exists'");
      }
    } else {
      errors.Unsupported(at_operator, op, {"Equal", "Exists"});
    }
    if (!effect.empty() && effect != "NoSchedule" && effect != "PreferNoSchedule" &&
        effect != "NoExecute") {
      errors.Unsupported(at.Child("effect"), effect,
                         {"NoSchedule", "PreferNoSchedule", "NoExecute"});
    }
  });
}

void ValidatePodSpec(const Object& spec, const FieldPath& path, FieldErrors& errors) {
  ValidateVolumes(spec, path, errors);
  ValidateContainers(spec, path, errors);
  ValidateInitContainers(spec, path, errors);
  ValidateRestartPolicy(GetString(spec, {"restartPolicy"}), path.Child("restartPolicy"), errors);
  ValidateDns(spec, path, errors);
  ValidateLabels(GetObject(spec, {"nodeSelector"}), path.Child("nodeSelector"), errors);
  ValidatePodSecurity(spec, path, errors);
  ValidateDnsConfig(spec, path, errors);
  ValidateNamesOf(spec, path, errors);
  ValidateTolerations(spec, path, errors);
}

void ValidatePodTemplate(const Object& pod_template, const FieldPath& path, FieldErrors& errors) {
  // The path is without "metadata": so Kubernetes names it.
  ValidateLabels(GetObject(pod_template, {"metadata", "labels"}), path.Child("labels"), errors);
  const FieldPath at_annotations = path.Child("annotations");
  if (const Object* annotations = GetObject(pod_template, {"metadata", "annotations"})) {
    for (const auto& member : *annotations) ValidateLabelKey(member.key(), at_annotations, errors);
  }
  ValidatePodSpec(ObjectOrEmpty(pod_template, "spec"), path.Child("spec"), errors);
  if (CountItems(ObjectOrEmpty(pod_template, "spec"), "ephemeralContainers") > 0) {
    errors.Forbidden(path.Child("spec.ephemeralContainers"),
                     "ephemeral containers not allowed in pod template");
  }
}

}  // namespace fairway::kube
