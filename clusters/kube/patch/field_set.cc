#include "clusters/kube/patch/field_set.h"

namespace fairway::kube {

FieldSet& FieldSet::Child(std::string_view element) {
  auto found = children.find(element);
  if (found != children.end()) return found->second;
  return children.emplace(std::string(element), FieldSet{}).first->second;
}

const FieldSet* FieldSet::Find(std::string_view element) const {
  auto found = children.find(element);
  return found == children.end() ? nullptr : &found->second;
}

void FieldSet::Union(const FieldSet& other) {
  owned = owned || other.owned;
  for (const auto& [element, child] : other.children) Child(element).Union(child);
}

void FieldSet::Subtract(const FieldSet& other) {
  if (other.owned) owned = false;
  for (const auto& [element, child] : other.children) {
    auto mine = children.find(element);
    if (mine == children.end()) continue;
    mine->second.Subtract(child);
    if (mine->second.empty()) children.erase(mine);
  }
}

FieldSet FieldSet::Intersection(const FieldSet& other) const {
  FieldSet result;
  result.owned = owned && other.owned;
  for (const auto& [element, child] : children) {
    const FieldSet* theirs = other.Find(element);
    if (theirs == nullptr) continue;
    FieldSet common = child.Intersection(*theirs);
    if (!common.empty()) result.children.emplace(element, std::move(common));
  }
  return result;
}

Value FieldSet::ToFieldsV1(StoragePtr storage) const {
  Object object(storage);
  if (owned && !children.empty()) object.emplace(".", Object(storage));
  for (const auto& [element, child] : children) {
    object.emplace(element, child.ToFieldsV1(storage));
  }
  return object;
}

FieldSet FieldSet::FromFieldsV1(const Value& fields) {
  FieldSet set;
  if (!fields.is_object()) return set;
  for (const auto& [element, child] : fields.get_object()) {
    if (element == ".") {
      set.owned = true;
      continue;
    }
    FieldSet decoded = FromFieldsV1(child);
    // A leaf is written as {}: the path itself is the member.
    if (decoded.children.empty()) decoded.owned = true;
    set.children.emplace(std::string(element), std::move(decoded));
  }
  return set;
}

// k:{"containerPort":80,"protocol":"TCP"} is shown as [containerPort=80,protocol="TCP"].
std::string FieldSet::ShowElement(std::string_view element) {
  if (element.size() < 2 || element[1] != ':') return "[" + std::string(element) + "]";
  std::string body(element.substr(2));
  switch (element.front()) {
    case 'f':
      return "." + body;
    case 'v':
      return "[=" + body + "]";
    case 'k':
      break;
    default:
      return "[" + body + "]";
  }
  auto keys = ParseJson(body);
  if (!keys || !keys->is_object()) return "[" + body + "]";
  std::string text = "[";
  for (const auto& key : keys->get_object()) {
    if (text.size() > 1) text += ",";
    text.append(key.key()).append("=").append(Serialize(key.value()));
  }
  return text + "]";
}

void FieldSet::AppendPaths(const std::string& prefix, std::vector<std::string>& paths) const {
  for (const auto& [element, child] : children) {
    if (child.owned) paths.push_back(prefix + ShowElement(element));
  }
  for (const auto& [element, child] : children) {
    if (!child.children.empty()) child.AppendPaths(prefix + ShowElement(element), paths);
  }
}

}  // namespace fairway::kube
