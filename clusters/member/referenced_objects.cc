#include <string.h>  // memmem

#include <algorithm>
#include <iterator>
#include <map>

#include "clusters/member/copy_manifest.h"

namespace fairway::clusters {

namespace {

// Collects references; a name that is once required stays required.
class Collector {
 public:
  void Add(std::string_view kind, std::string_view name, bool optional) {
    if (name.empty()) return;
    auto [entry, fresh] = found_.try_emplace({std::string(kind), std::string(name)}, optional);
    if (!fresh) entry->second = entry->second && optional;
  }

  // {"name": ..., "optional": ...} under `key` of `holder`, if it is there.
  void AddReference(const kube::Object& holder, std::string_view key, std::string_view kind,
                    std::string_view name_key = "name") {
    if (const kube::Object* reference = kube::GetObject(holder, {key})) {
      Add(kind, kube::GetString(*reference, {name_key}),
          kube::Get<bool>(*reference, {"optional"}).value_or(false));
    }
  }

  std::vector<ObjectRef> Take() const {
    std::vector<ObjectRef> out;
    for (const auto& [key, optional] : found_) out.push_back({key.first, key.second, optional});
    return out;
  }

 private:
  std::map<std::pair<std::string, std::string>, bool> found_;
};

template <typename Fn>
void ForEachObject(const kube::Object& holder, std::string_view key, Fn fn) {
  const kube::Array* list = kube::GetArray(holder, {key});
  for (size_t i = 0; list != nullptr && i < list->size(); ++i) {
    if (const kube::Object* item = (*list)[i].if_object()) fn(*item);
  }
}

void FromContainer(const kube::Object& container, Collector& into) {
  ForEachObject(container, "env", [&](const kube::Object& variable) {
    if (const kube::Object* from = kube::GetObject(variable, {"valueFrom"})) {
      into.AddReference(*from, "configMapKeyRef", "ConfigMap");
      into.AddReference(*from, "secretKeyRef", "Secret");
    }
  });
  ForEachObject(container, "envFrom", [&](const kube::Object& from) {
    into.AddReference(from, "configMapRef", "ConfigMap");
    into.AddReference(from, "secretRef", "Secret");
  });
}

void FromVolume(const kube::Object& volume, Collector& into) {
  into.AddReference(volume, "configMap", "ConfigMap");
  into.AddReference(volume, "secret", "Secret", "secretName");
  if (const kube::Object* projected = kube::GetObject(volume, {"projected"})) {
    ForEachObject(*projected, "sources", [&](const kube::Object& source) {
      into.AddReference(source, "configMap", "ConfigMap");
      into.AddReference(source, "secret", "Secret");
    });
  }
  // Volume plugins that take their credentials from a Secret of the pod's namespace.
  for (std::string_view plugin : {"cephfs", "rbd", "iscsi", "scaleIO", "storageos", "flexVolume"}) {
    if (const kube::Object* source = kube::GetObject(volume, {plugin})) {
      into.AddReference(*source, "secretRef", "Secret");
    }
  }
  if (const kube::Object* csi = kube::GetObject(volume, {"csi"})) {
    into.AddReference(*csi, "nodePublishSecretRef", "Secret");
  }
  if (const kube::Object* azure = kube::GetObject(volume, {"azureFile"})) {
    into.Add("Secret", kube::GetString(*azure, {"secretName"}), false);
  }
}

}  // namespace

std::vector<ObjectRef> ReferencedObjects(const kube::Value& job) {
  Collector found;
  const kube::Object* pod = kube::GetObject(job, {"spec", "template", "spec"});
  if (pod == nullptr) return {};
  for (std::string_view list : {"initContainers", "containers"}) {
    ForEachObject(*pod, list, [&](const kube::Object& one) { FromContainer(one, found); });
  }
  ForEachObject(*pod, "volumes", [&](const kube::Object& volume) { FromVolume(volume, found); });
  ForEachObject(*pod, "imagePullSecrets", [&](const kube::Object& secret) {
    // A pull secret that is missing does not keep a pod from running.
    found.Add("Secret", kube::GetString(secret, {"name"}), true);
  });
  std::string_view account = kube::GetString(*pod, {"serviceAccountName"});
  if (account.empty()) account = kube::GetString(*pod, {"serviceAccount"});
  if (account != "default") found.Add("ServiceAccount", account, false);
  return found.Take();
}

std::vector<ObjectRef> ReferencedInText(std::string_view job_json) {
  // Every member that names an object has one of these in its own name.
  constexpr std::string_view kWords[] = {"onfigMap", "ecret", "serviceAccount"};
  bool any = std::any_of(std::begin(kWords), std::end(kWords), [job_json](std::string_view word) {
    return memmem(job_json.data(), job_json.size(), word.data(), word.size()) != nullptr;
  });
  if (!any) return {};
  kube::MonotonicResource memory(job_json.size() + 1024);
  auto job = kube::ParsePruned(job_json, NotCopied(), &memory);
  return job ? ReferencedObjects(*job) : std::vector<ObjectRef>();
}

}  // namespace fairway::clusters
