#include <algorithm>
#include <set>
#include <string>

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/table/columns.h"
#include "clusters/kube/time.h"

namespace fairway::kube {
namespace {

std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string Join(const std::vector<std::string>& texts, std::string_view separator) {
  std::string out;
  for (const std::string& text : texts) {
    if (!out.empty()) out += separator;
    out += text;
  }
  return out;
}

std::string NodeStatus(const Object& node) {
  std::string status = "Unknown";
  ForEachObject(ObjectOrEmpty(node, "status"), "conditions", [&](const Object& each, size_t) {
    if (GetString(each, {"type"}) != "Ready") return;
    status = GetString(each, {"status"}) == "True" ? "Ready" : "NotReady";
  });
  if (Get<bool>(node, {"spec", "unschedulable"}).value_or(false)) status += ",SchedulingDisabled";
  return status;
}

std::string NodeRoles(const Object& node) {
  constexpr std::string_view kPrefix = "node-role.kubernetes.io/";
  std::set<std::string> roles;
  const Object* labels = GetObject(node, {"metadata", "labels"});
  if (labels == nullptr) return "<none>";
  for (const auto& [key, value] : *labels) {
    const std::string_view name(key);
    if (name.starts_with(kPrefix) && name.size() > kPrefix.size()) {
      roles.emplace(name.substr(kPrefix.size()));
    } else if (name == "kubernetes.io/role" && !TextOf(value).empty()) {
      roles.emplace(TextOf(value));
    }
  }
  return roles.empty() ? "<none>" : Join({roles.begin(), roles.end()}, ",");
}

std::string NodeAddress(const Object& node, std::string_view type) {
  std::string found = "<none>";
  ForEachObject(ObjectOrEmpty(node, "status"), "addresses", [&](const Object& each, size_t) {
    if (found == "<none>" && GetString(each, {"type"}) == type) {
      found = GetString(each, {"address"});
    }
  });
  return found;
}

std::string EventSource(const Object& event) {
  std::string_view component = GetString(event, {"source", "component"});
  if (component.empty()) component = GetString(event, {"deprecatedSource", "component"});
  if (component.empty()) component = GetString(event, {"reportingComponent"});
  if (component.empty()) component = GetString(event, {"reportingController"});
  std::string_view instance = GetString(event, {"source", "host"});
  if (instance.empty()) instance = GetString(event, {"deprecatedSource", "host"});
  if (instance.empty()) instance = GetString(event, {"reportingInstance"});
  std::string out(component);
  if (!instance.empty()) out.append(", ").append(instance);
  return out;
}

// The first of two names of one field: core and events.k8s.io spell many differently.
std::string_view Either(const Object& doc, std::string_view core, std::string_view newer) {
  const std::string_view text = GetString(doc, {core});
  return text.empty() ? GetString(doc, {newer}) : text;
}

}  // namespace

void FillNode(const Object& doc, Instant now, Array& cells) {
  const Object& info = ObjectOrEmpty(ObjectOrEmpty(doc, "status"), "nodeInfo");
  const std::string_view kernel = GetString(info, {"kernelVersion"});
  std::string kernel_text(kernel.empty() ? "<unknown>" : kernel);
  const std::string_view architecture = GetString(info, {"architecture"});
  if (!architecture.empty()) kernel_text += " (" + std::string(architecture) + ")";
  cells.push_back(NameCell(doc));
  cells.emplace_back(NodeStatus(doc));
  cells.emplace_back(NodeRoles(doc));
  cells.push_back(AgeCell(doc, now));
  cells.push_back(TextCell(info, {"kubeletVersion"}));
  cells.emplace_back(NodeAddress(doc, "InternalIP"));
  cells.emplace_back(NodeAddress(doc, "ExternalIP"));
  cells.push_back(TextCell(info, {"osImage"}, "<unknown>"));
  cells.emplace_back(kernel_text);
  cells.push_back(TextCell(info, {"containerRuntimeVersion"}, "<unknown>"));
}

void FillEvent(const Object& doc, Instant now, Array& cells) {
  std::string_view first = Either(doc, "firstTimestamp", "deprecatedFirstTimestamp");
  if (first.empty()) first = GetString(doc, {"eventTime"});
  std::string_view last = Either(doc, "lastTimestamp", "deprecatedLastTimestamp");
  if (last.empty()) last = first;
  int64_t count = GetInt(doc, "count").value_or(GetInt(doc, "deprecatedCount").value_or(0));
  if (const Object* series = GetObject(doc, {"series"})) {
    last = GetString(*series, {"lastObservedTime"});
    count = GetInt(*series, "count").value_or(0);
  } else if (count == 0) {
    count = 1;
  }
  const Object& core_object = ObjectOrEmpty(doc, "involvedObject");
  const Object& object = core_object.empty() ? ObjectOrEmpty(doc, "regarding") : core_object;
  std::string target = Lower(GetString(object, {"kind"}));
  const std::string_view name = GetString(object, {"name"});
  if (!name.empty()) target.append("/").append(name);
  cells.emplace_back(HumanAge(last, now));
  cells.push_back(TextCell(doc, {"type"}));
  cells.push_back(TextCell(doc, {"reason"}));
  cells.emplace_back(target);
  cells.push_back(TextCell(object, {"fieldPath"}));
  cells.emplace_back(EventSource(doc));
  cells.emplace_back(Trim(Either(doc, "message", "note")));
  cells.emplace_back(HumanAge(first, now));
  cells.emplace_back(count);
  cells.push_back(NameCell(doc));
}

void FillRoleBinding(const Object& doc, Instant now, Array& cells) {
  std::vector<std::string> users, groups, accounts;
  ForEachObject(doc, "subjects", [&](const Object& subject, size_t) {
    const std::string_view kind = GetString(subject, {"kind"});
    const std::string name(GetString(subject, {"name"}));
    if (kind == "User") users.push_back(name);
    if (kind == "Group") groups.push_back(name);
    if (kind == "ServiceAccount") {
      accounts.push_back(std::string(GetString(subject, {"namespace"})) + "/" + name);
    }
  });
  cells.push_back(NameCell(doc));
  cells.emplace_back(std::string(GetString(doc, {"roleRef", "kind"})) + "/" +
                     std::string(GetString(doc, {"roleRef", "name"})));
  cells.push_back(AgeCell(doc, now));
  for (const auto& names : {users, groups, accounts}) cells.emplace_back(Join(names, ", "));
}

void FillPodTemplate(const Object& doc, Instant, Array& cells) {
  const Object& pod_template = ObjectOrEmpty(doc, "template");
  const Object& spec = ObjectOrEmpty(pod_template, "spec");
  std::vector<std::string> labels;
  if (const Object* found = GetObject(pod_template, {"metadata", "labels"})) {
    for (const auto& [key, value] : *found) {
      labels.push_back(std::string(key) + "=" + std::string(TextOf(value)));
    }
  }
  std::sort(labels.begin(), labels.end());
  cells.push_back(NameCell(doc));
  cells.emplace_back(ContainerNames(spec));
  cells.emplace_back(ContainerImages(spec));
  cells.emplace_back(labels.empty() ? "<none>" : Join(labels, ","));
}

void FillClaim(const Object& doc, Instant now, Array& cells) {
  const bool deleting = !GetString(doc, {"metadata", "deletionTimestamp"}).empty();
  const bool bound = !GetString(doc, {"spec", "volumeName"}).empty();
  std::vector<std::string> modes;
  ForEachText(ObjectOrEmpty(doc, "status"), "accessModes", [&](std::string_view mode, size_t) {
    // ReadWriteOnce is RWO, ReadWriteOncePod RWOP: the initials.
    std::string initials;
    for (char c : mode) {
      if (c >= 'A' && c <= 'Z') initials += c;
    }
    modes.push_back(initials);
  });
  cells.push_back(NameCell(doc));
  cells.push_back(deleting ? Value("Terminating") : TextCell(doc, {"status", "phase"}));
  cells.push_back(TextCell(doc, {"spec", "volumeName"}));
  cells.push_back(bound ? TextCell(doc, {"status", "capacity", "storage"}) : Value(""));
  cells.emplace_back(bound ? Join(modes, ",") : "");
  cells.push_back(TextCell(doc, {"spec", "storageClassName"}));
  cells.push_back(TextCell(doc, {"spec", "volumeAttributesClassName"}, "<unset>"));
  cells.push_back(AgeCell(doc, now));
  cells.push_back(TextCell(doc, {"spec", "volumeMode"}, "<unset>"));
}

}  // namespace fairway::kube
