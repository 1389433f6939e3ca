#include <set>
#include <string>

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/names.h"
#include "clusters/kube/kinds/pod_spec.h"

namespace fairway::kube {
namespace {

void ValidatePortNumber(const FieldPath& path, int64_t number, FieldErrors& errors) {
  if (number < 1 || number > 65535) {
    errors.Invalid(path, number, "must be between 1 and 65535, inclusive");
  }
}

void ValidatePorts(const Object& container, const FieldPath& path, FieldErrors& errors) {
  std::set<std::string_view> names;
  ForEachObject(container, "ports", [&](const Object& port, size_t i) {
    const FieldPath at = path.Index(i);
    const std::string_view name = GetString(port, {"name"});
    if (!name.empty()) {
      const Problems problems = PortNameProblems(name);
      errors.InvalidAll(at.Child("name"), name, problems);
      if (problems.empty() && !names.insert(name).second) errors.Duplicate(at.Child("name"), name);
    }
    const int64_t number = GetInt(port, "containerPort").value_or(0);
    if (number == 0) {
      errors.Required(at.Child("containerPort"));
    } else {
      ValidatePortNumber(at.Child("containerPort"), number, errors);
    }
    const int64_t host = GetInt(port, "hostPort").value_or(0);
    if (host != 0) ValidatePortNumber(at.Child("hostPort"), host, errors);
    const std::string_view protocol = GetString(port, {"protocol"});
    if (protocol.empty()) {
      errors.Required(at.Child("protocol"));
    } else if (protocol != "TCP" && protocol != "UDP" && protocol != "SCTP") {
      errors.Unsupported(at.Child("protocol"), protocol, {"SCTP", "TCP", "UDP"});
    }
  });
}

// A reference to one key of a ConfigMap or Secret.
void ValidateKeyRef(const Object& ref, const FieldPath& path, FieldErrors& errors) {
  const std::string_view name = GetString(ref, {"name"});
  const std::string_view key = GetString(ref, {"key"});
  // An empty name is malformed rather than missing: so the API server tells it.
  errors.InvalidAll(path.Child("name"), name, SubdomainProblems(name));
  if (key.empty()) {
    errors.Required(path.Child("key"));
  } else {
    errors.InvalidAll(path.Child("key"), key, ConfigKeyProblems(key));
  }
}

void ValidateValueFrom(const Object& variable, const FieldPath& path, FieldErrors& errors) {
  const Object* from = GetObject(variable, {"valueFrom"});
  if (from == nullptr) return;
  size_t sources = 0;
  for (const auto& member : *from) sources += member.value().is_null() ? 0 : 1;
  for (const char* key : {"configMapKeyRef", "secretKeyRef"}) {
    if (const Object* ref = GetObject(*from, {key})) ValidateKeyRef(*ref, path.Child(key), errors);
  }
  if (sources == 0) {
    errors.Invalid(path, "",
                   "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, "
                   "`secretKeyRef` or `fileKeyRef`");
  } else if (!GetString(variable, {"value"}).empty()) {
    errors.Invalid(path, "", "may not be specified when `value` is not empty");
  } else if (sources > 1) {
    errors.Invalid(path, "", "may not have more than one field specified at a time");
  }
}

void ValidateEnv(const Object& container, const FieldPath& path, FieldErrors& errors) {
  const FieldPath list = path.Child("env");
  ForEachObject(container, "env", [&](const Object& variable, size_t i) {
    const FieldPath at = list.Index(i);
    const std::string_view name = GetString(variable, {"name"});
    if (name.empty()) {
      errors.Required(at.Child("name"));
    } else {
      errors.InvalidAll(at.Child("name"), name, EnvNameProblems(name));
    }
    ValidateValueFrom(variable, at.Child("valueFrom"), errors);
  });
  const FieldPath from = path.Child("envFrom");
  ForEachObject(container, "envFrom", [&](const Object& source, size_t i) {
    const FieldPath at = from.Index(i);
    int sources = 0;
    for (const char* key : {"configMapRef", "secretRef"}) {
      const Object* ref = GetObject(source, {key});
      if (ref == nullptr) continue;
      ++sources;
      const FieldPath at_ref = at.Child(key);
      if (GetString(*ref, {"name"}).empty()) errors.Required(at_ref.Child("name"));
    }
    if (sources == 0) {
      errors.Invalid(from, "", "must specify one of: `configMapRef` or `secretRef`");
    } else if (sources > 1) {
      errors.Invalid(from, "", "may not have more than one field specified at a time");
    }
  });
}

void ValidateMounts(const Object& spec, const Object& container, const FieldPath& path,
                    FieldErrors& errors) {
  std::set<std::string_view> volumes, paths;
  ForEachObject(spec, "volumes",
                [&](const Object& volume, size_t) { volumes.insert(GetString(volume, {"name"})); });
  ForEachObject(container, "volumeMounts", [&](const Object& mount, size_t i) {
    const FieldPath at = path.Index(i);
    const std::string_view name = GetString(mount, {"name"});
    const std::string_view where = GetString(mount, {"mountPath"});
    if (name.empty()) errors.Required(at.Child("name"));
    if (!volumes.contains(name)) errors.NotFound(at.Child("name"), name);
    if (where.empty()) errors.Required(at.Child("mountPath"));
    if (!paths.insert(where).second) errors.Invalid(at.Child("mountPath"), where, "must be unique");
    if (!GetString(mount, {"subPath"}).empty() && !GetString(mount, {"subPathExpr"}).empty()) {
      errors.Invalid(at.Child("subPathExpr"), GetString(mount, {"subPathExpr"}),
                     "subPathExpr and subPath are mutually exclusive");
    }
  });
}

void ValidateSecurity(const Object& container, const FieldPath& path, FieldErrors& errors) {
  const Object* context = GetObject(container, {"securityContext"});
  if (context == nullptr) return;
  for (const char* key : {"runAsUser", "runAsGroup"}) {
    const std::optional<int64_t> id = GetInt(*context, key);
    if (id && (*id < 0 || *id > 2147483647)) {
      errors.Invalid(path.Child(key), *id, "must be between 0 and 2147483647, inclusive");
    }
  }
  if (Get<bool>(*context, {"privileged"}).value_or(false) &&
      !Get<bool>(*context, {"allowPrivilegeEscalation"}).value_or(true)) {
    errors.Invalid(path, *context,
                   "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
  }
}

// Rules of containers and init containers alike.
void ValidateContainer(const Object& spec, const Object& container, const FieldPath& path,
                       FieldErrors& errors) {
  const std::string_view name = GetString(container, {"name"});
  if (name.empty()) {
    errors.Required(path.Child("name"));
  } else {
    errors.InvalidAll(path.Child("name"), name, DnsLabelProblems(name));
  }
  if (GetString(container, {"image"}).empty()) errors.Required(path.Child("image"));
  const std::string_view message = GetString(container, {"terminationMessagePolicy"});
  if (message.empty()) {
    errors.Required(path.Child("terminationMessagePolicy"));
  } else if (message != "File" && message != "FallbackToLogsOnError") {
    errors.Unsupported(path.Child("terminationMessagePolicy"), message,
                       {"File", "FallbackToLogsOnError"});
  }
  ValidatePorts(container, path.Child("ports"), errors);
  ValidateEnv(container, path, errors);
  ValidateMounts(spec, container, path.Child("volumeMounts"), errors);
  const std::string_view pull = GetString(container, {"imagePullPolicy"});
  if (pull.empty()) {
    errors.Required(path.Child("imagePullPolicy"));
  } else if (pull != "Always" && pull != "IfNotPresent" && pull != "Never") {
    errors.Unsupported(path.Child("imagePullPolicy"), pull, {"Always", "IfNotPresent", "Never"});
  }
  ValidateResourceRequirements(ObjectOrEmpty(container, "resources"), path.Child("resources"),
                               errors);
  ValidateSecurity(container, path.Child("securityContext"), errors);
}

void ValidateProbe(const Object& container, const char* key, const FieldPath& path,
                   FieldErrors& errors) {
  const Object* probe = GetObject(container, {key});
  if (probe == nullptr) return;
  const FieldPath at = path.Child(key);
  int handlers = 0;
  for (const char* handler : {"exec", "httpGet", "tcpSocket", "grpc"}) {
    if (!IsSet(*probe, handler)) continue;
    if (++handlers > 1)
      errors.Forbidden(at.Child(handler), "may not specify more than 1 handler type");
  }
  if (handlers == 0) errors.Required(at, "must specify a handler type");
  for (const char* number : {"initialDelaySeconds", "timeoutSeconds", "periodSeconds",
                             "successThreshold", "failureThreshold"}) {
    errors.NonNegative(at.Child(number), GetInt(*probe, number).value_or(0));
  }
  const std::string_view name(key);
  if (name != "readinessProbe" && GetInt(*probe, "successThreshold").value_or(1) != 1) {
    errors.Invalid(at.Child("successThreshold"), *GetInt(*probe, "successThreshold"), "must be 1");
  }
}

}  // namespace

void ValidateContainers(const Object& spec, const FieldPath& path, FieldErrors& errors) {
  const FieldPath list = path.Child("containers");
  if (CountItems(spec, "containers") == 0) return errors.Required(list);
  std::set<std::string_view> names;
  ForEachObject(spec, "containers", [&](const Object& container, size_t i) {
    const FieldPath at = list.Index(i);
    ValidateContainer(spec, container, at, errors);
    const std::string_view name = GetString(container, {"name"});
    if (!names.insert(name).second) errors.Duplicate(at.Child("name"), name);
    for (const char* probe : {"livenessProbe", "readinessProbe", "startupProbe"}) {
      ValidateProbe(container, probe, at, errors);
    }
  });
}

void ValidateInitContainers(const Object& spec, const FieldPath& path, FieldErrors& errors) {
  const FieldPath list = path.Child("initContainers");
  std::set<std::string_view> names;
  ForEachObject(spec, "containers", [&](const Object& container, size_t) {
    names.insert(GetString(container, {"name"}));
  });
  ForEachObject(spec, "initContainers", [&](const Object& container, size_t i) {
    const FieldPath at = list.Index(i);
    ValidateContainer(spec, container, at, errors);
    const bool sidecar = GetString(container, {"restartPolicy"}) == "Always";
    const std::string_view name = GetString(container, {"name"});
    const bool repeated = names.contains(name);
    if (!name.empty()) names.insert(name);
    if (repeated) errors.Duplicate(at.Child("name"), name);
    for (const char* key : {"lifecycle", "livenessProbe", "readinessProbe", "startupProbe"}) {
      if (sidecar && std::string_view(key) != "lifecycle")
        ValidateProbe(container, key, at, errors);
      if (sidecar || !IsSet(container, key)) continue;
      errors.Forbidden(at.Child(key),
                       "may not be set for init containers without restartPolicy=Always");
    }
  });
}

}  // namespace fairway::kube
