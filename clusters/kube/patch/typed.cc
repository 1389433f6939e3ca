#include "clusters/kube/patch/typed.h"

namespace fairway::kube {

namespace {
using Kind = Node::Kind;
}  // namespace

Node Node::OfMessage(const MessageType& message) {
  if (message.atomic || message.fields.empty()) return {};
  return {Kind::kStruct, &message, nullptr};
}

Node Node::Of(const Schema& schema, const Field& field) {
  const MessageType* message = field.is_message() ? &schema.message(field) : nullptr;
  switch (field.shape) {
    case Shape::kOne:
      return field.atomic || message == nullptr ? Node{} : OfMessage(*message);
    case Shape::kMap:
      return field.atomic ? Node{} : Node{Kind::kMap, message, &field};
    case Shape::kList:
      if (field.list_type == ListType::kSet) return {Kind::kListSet, nullptr, &field};
      if (field.list_type == ListType::kMap) return {Kind::kListMap, message, &field};
      return {};
  }
  return {};
}

Node Node::Member(const Schema& schema, std::string_view name) const {
  if (kind == Kind::kMap) return Item();
  if (kind != Kind::kStruct) return {};
  const Field* known = message->Find(name);
  return known == nullptr ? Node{} : Of(schema, *known);
}

bool Node::HasParts(const Value& value) const {
  if (is_object()) return value.is_object() && !value.get_object().empty();
  if (is_list()) return value.is_array() && !value.get_array().empty();
  return false;
}

namespace {

// A key that an item leaves out has its zero value where Go always writes the field.
std::string_view MissingKey(const Node& list, const ListKey& key) {
  if (!key.default_json.empty()) return key.default_json;
  const Field* field = list.message == nullptr ? nullptr : list.message->Find(key.name);
  if (field == nullptr || !field->required) return {};
  bool is_text = field->type == FieldType::kString;
  return is_text ? "\"\"" : "0";
}

}  // namespace

void AppendItemElement(const Node& list, const Value& item, std::string& out) {
  if (list.kind == Kind::kListSet) {
    out += "v:";
    return AppendJson(item, out);
  }
  if (!item.is_object()) return;
  const size_t begin = out.size();
  const std::vector<ListKey>& keys = list.field->list_keys;
  out += "k:{";
  // By name; there are one or two.
  std::string_view last;
  for (size_t i = 0; i < keys.size(); ++i) {
    const ListKey* next = nullptr;
    for (const ListKey& key : keys) {
      if ((i == 0 || key.name > last) && (next == nullptr || key.name < next->name)) next = &key;
    }
    if (next == nullptr) break;
    last = next->name;
    if (i > 0) out += ',';
    AppendJsonString(next->name, out);
    out += ':';
    const Value* value = Find(item.get_object(), next->name);
    if (value != nullptr && !value->is_null()) {
      AppendJson(*value, out);
      continue;
    }
    std::string_view missing = MissingKey(list, *next);
    if (missing.empty()) return out.resize(begin);
    out += missing;
  }
  out += '}';
}

std::string ItemElement(const Node& list, const Value& item) {
  std::string element;
  AppendItemElement(list, item, element);
  return element;
}

bool IsCustomType(const Schema& schema, const MessageType& type) {
  for (const KindInfo& kind : schema.kinds()) {
    if (kind.message == type.id) return kind.custom;
  }
  return false;
}

bool IsUntracked(std::string_view field, bool in_metadata) {
  if (!in_metadata) return field == "apiVersion" || field == "kind";
  return field == "name" || field == "namespace" || field == "uid" ||
         field == "creationTimestamp" || field == "selfLink" || field == "generation" ||
         field == "resourceVersion" || field == "managedFields" || field == "deletionTimestamp" ||
         field == "deletionGracePeriodSeconds";
}

void StripUntracked(FieldSet& set) {
  auto untracked = [](bool in_metadata) {
    return [in_metadata](const auto& child) {
      std::string_view element = child.first;
      return element.starts_with("f:") && IsUntracked(element.substr(2), in_metadata);
    };
  };
  set.owned = false;
  std::erase_if(set.children, untracked(false));
  auto metadata = set.children.find("f:metadata");
  if (metadata == set.children.end()) return;
  metadata->second.owned = false;
  std::erase_if(metadata->second.children, untracked(true));
  if (metadata->second.empty()) set.children.erase(metadata);
}

}  // namespace fairway::kube
