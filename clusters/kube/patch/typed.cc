#include "clusters/kube/patch/typed.h"

#include <algorithm>

namespace fairway::kube {

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

std::string ItemElement(const Node& list, const Value& item) {
  if (list.kind == Node::Kind::kListSet) return "v:" + Serialize(item);
  if (!item.is_object()) return {};
  std::vector<std::pair<std::string_view, std::string>> keys;
  for (const ListKey& key : list.field->list_keys) {
    const Value* value = Find(item.get_object(), key.name);
    if (value != nullptr && !value->is_null()) {
      keys.emplace_back(key.name, Serialize(*value));
    } else if (!key.default_json.empty()) {
      keys.emplace_back(key.name, std::string(key.default_json));
    } else {
      return {};
    }
  }
  std::sort(keys.begin(), keys.end());
  std::string element = "k:{";
  for (const auto& [name, value] : keys) {
    if (element.size() > 3) element += ',';
    AppendJsonString(name, element);
    element += ':';
    element += value;
  }
  return element + "}";
}

namespace {

using Kind = Node::Kind;

std::string FieldElement(std::string_view name) { return std::string("f:").append(name); }

// The parts of a value by path element, with the node each is seen as.
struct Part {
  std::string element;
  const Value* value;
  Node node;
  bool container_counts;  // the container's own path is a member when it is added
};

bool HasParts(const Node& node, const Value& value) {
  switch (node.kind) {
    case Kind::kLeaf:
      return false;
    case Kind::kStruct:
    case Kind::kMap:
      return value.is_object() && !value.get_object().empty();
    case Kind::kListSet:
    case Kind::kListMap:
      return value.is_array() && !value.get_array().empty();
  }
  return false;
}

std::vector<Part> PartsOf(const Schema& schema, const Node& node, const Value& value) {
  std::vector<Part> parts;
  if (!HasParts(node, value)) return parts;
  if (node.kind == Kind::kStruct || node.kind == Kind::kMap) {
    for (const auto& [name, member] : value.get_object()) {
      Node child;
      bool counts = true;
      if (node.kind == Kind::kMap) {
        if (node.message != nullptr) child = Node::OfMessage(*node.message);
      } else if (const Field* field = node.message->Find(name)) {
        child = Node::Of(schema, *field);
        // A struct that Go always writes is there from the start; it is never "added".
        counts = field->shape != Shape::kOne || !field->required;
      }
      parts.push_back({FieldElement(name), &member, child, counts});
    }
    return parts;
  }
  Node child = node.message != nullptr ? Node::OfMessage(*node.message) : Node{};
  for (const Value& item : value.get_array()) {
    parts.push_back({ItemElement(node, item), &item, child, true});
  }
  return parts;
}

const Part* FindPart(const std::vector<Part>& parts, std::string_view element) {
  for (const Part& part : parts) {
    if (part.element == element) return &part;
  }
  return nullptr;
}

// kube-api.md 5.4: never tracked.
bool Untracked(std::string_view element, int depth, bool in_metadata) {
  if (depth == 0) return element == "f:apiVersion" || element == "f:kind";
  if (!in_metadata) return false;
  return element == "f:name" || element == "f:namespace" || element == "f:uid" ||
         element == "f:creationTimestamp" || element == "f:selfLink" || element == "f:generation" ||
         element == "f:resourceVersion" || element == "f:managedFields" ||
         element == "f:deletionTimestamp" || element == "f:deletionGracePeriodSeconds";
}

// Drops the untracked paths of a whole object's set and what became empty thereby.
void Strip(FieldSet& set) {
  std::erase_if(set.children, [](const auto& c) { return Untracked(c.first, 0, false); });
  auto metadata = set.children.find("f:metadata");
  if (metadata == set.children.end()) return;
  FieldSet& children = metadata->second;
  children.owned = false;
  std::erase_if(children.children, [](const auto& c) { return Untracked(c.first, 1, true); });
  if (children.empty()) set.children.erase(metadata);
}

Error Untypable(std::string message) { return Error{.code = 500, .message = std::move(message)}; }

Status CollectApplied(const Schema& schema, const Node& node, const Value& value,
                      const std::string& path, FieldSet& out) {
  if (!HasParts(node, value)) {
    out.owned = true;
    return {};
  }
  bool is_list = node.kind == Kind::kListMap || node.kind == Kind::kListSet;
  for (const Part& part : PartsOf(schema, node, value)) {
    if (is_list && part.element.empty()) {
      std::string keys;
      for (const ListKey& key : node.field->list_keys) {
        keys += (keys.empty() ? "" : ", ") + std::string(key.name);
      }
      return Fail(Untypable("failed to create typed patch object: " + path +
                            ": element: associative list with keys has an element that omits key "
                            "field \"" +
                            keys + "\" (and doesn't have default value)"));
    }
    if (is_list && out.Find(part.element) != nullptr) {
      return Fail(Untypable("failed to create typed patch object: " + path +
                            ": duplicate entries for key [" + part.element.substr(2) + "]"));
    }
    FieldSet& child = out.Child(part.element);
    if (is_list) child.owned = true;
    std::string below = is_list ? path : path + "." + part.element.substr(2);
    if (Status done = CollectApplied(schema, part.node, *part.value, below, child); !done)
      return done;
  }
  return {};
}

// Everything below `value` came into being (or went): its leaves and, where they count, its
// containers.
void CollectAll(const Schema& schema, const Node& node, const Value& value, bool counts,
                FieldSet& out) {
  if (!HasParts(node, value)) {
    out.owned = true;
    return;
  }
  if (counts) out.owned = true;
  for (const Part& part : PartsOf(schema, node, value)) {
    if (part.element.empty()) continue;
    CollectAll(schema, part.node, *part.value, part.container_counts, out.Child(part.element));
  }
}

void CompareParts(const Schema& schema, const Node& node, const Value& before, const Value& after,
                  Difference& out);

void Descend(const Schema& schema, const Part& part, const Value& before, Difference& out) {
  Difference inner;
  CompareParts(schema, part.node, before, *part.value, inner);
  if (!inner.added.empty()) out.added.children.emplace(part.element, std::move(inner.added));
  if (!inner.modified.empty())
    out.modified.children.emplace(part.element, std::move(inner.modified));
  if (!inner.removed.empty()) out.removed.children.emplace(part.element, std::move(inner.removed));
}

void CompareParts(const Schema& schema, const Node& node, const Value& before, const Value& after,
                  Difference& out) {
  if (!HasParts(node, before) && !HasParts(node, after)) {
    if (!Equal(before, after)) out.modified.owned = true;
    return;
  }
  std::vector<Part> old_parts = PartsOf(schema, node, before);
  std::vector<Part> new_parts = PartsOf(schema, node, after);
  for (const Part& part : new_parts) {
    if (part.element.empty()) continue;
    if (const Part* old = FindPart(old_parts, part.element)) {
      Descend(schema, part, *old->value, out);
    } else {
      CollectAll(schema, part.node, *part.value, part.container_counts,
                 out.added.Child(part.element));
    }
  }
  for (const Part& part : old_parts) {
    if (part.element.empty() || FindPart(new_parts, part.element) != nullptr) continue;
    CollectAll(schema, part.node, *part.value, part.container_counts,
               out.removed.Child(part.element));
  }
}

void MergeNode(const Schema& schema, const Node& node, Value& live, const Value& config);

void MergeList(const Schema& schema, const Node& node, Array& live, const Array& config) {
  // The applied order leads; items that only the live list has keep their place behind the item
  // that stood before them.
  Node child = node.message != nullptr ? Node::OfMessage(*node.message) : Node{};
  std::vector<std::string> live_elements, config_elements;
  for (const Value& item : live) live_elements.push_back(ItemElement(node, item));
  for (const Value& item : config) config_elements.push_back(ItemElement(node, item));
  auto in = [](const std::vector<std::string>& list, const std::string& element) {
    return std::find(list.begin(), list.end(), element);
  };
  Array merged(live.storage());
  std::vector<bool> taken(live.size(), false);
  auto take_leftovers_after = [&](size_t from) {
    for (size_t i = from; i < live.size(); ++i) {
      if (taken[i] || in(config_elements, live_elements[i]) != config_elements.end()) break;
      taken[i] = true;
      merged.push_back(std::move(live[i]));
    }
  };
  take_leftovers_after(0);
  for (size_t c = 0; c < config.size(); ++c) {
    auto found = in(live_elements, config_elements[c]);
    if (found == live_elements.end()) {
      merged.push_back(Value(config[c], live.storage()));
      continue;
    }
    auto at = static_cast<size_t>(found - live_elements.begin());
    if (taken[at]) continue;
    taken[at] = true;
    MergeNode(schema, child, live[at], config[c]);
    merged.push_back(std::move(live[at]));
    take_leftovers_after(at + 1);
  }
  live = std::move(merged);
}

void MergeNode(const Schema& schema, const Node& node, Value& live, const Value& config) {
  bool fits = (node.kind == Kind::kStruct || node.kind == Kind::kMap)
                  ? live.is_object() && config.is_object()
                  : live.is_array() && config.is_array();
  if (node.kind == Kind::kLeaf || !fits) {
    live = Value(config, live.storage());
    return;
  }
  if (live.is_array()) {
    MergeList(schema, node, live.get_array(), config.get_array());
    return;
  }
  Object& target = live.get_object();
  for (const Part& part : PartsOf(schema, node, config)) {
    std::string_view name = std::string_view(part.element).substr(2);
    if (Value* member = Find(target, name)) {
      MergeNode(schema, part.node, *member, *part.value);
    } else {
      target.insert_or_assign(name, Value(*part.value, target.storage()));
    }
  }
}

// Returns true when nothing is left of `value` and it should go.
bool PruneNode(const Schema& schema, const Node& node, Value& value, const FieldSet& dropped,
               const FieldSet* kept) {
  bool wanted = kept != nullptr && !kept->empty();
  if (!HasParts(node, value) || (dropped.owned && !wanted)) return !wanted && dropped.owned;
  bool changed = false;
  if (value.is_object()) {
    Object& object = value.get_object();
    std::vector<std::string> gone;
    for (const Part& part : PartsOf(schema, node, value)) {
      const FieldSet* below = dropped.Find(part.element);
      if (below == nullptr) continue;
      std::string name = part.element.substr(2);
      const FieldSet* keep = kept == nullptr ? nullptr : kept->Find(part.element);
      if (PruneNode(schema, part.node, *Find(object, name), *below, keep)) gone.push_back(name);
    }
    for (const std::string& name : gone) Erase(object, name);
    changed = !gone.empty();
    return changed && object.empty() && !wanted;
  }
  Array& array = value.get_array();
  Node child = node.message != nullptr ? Node::OfMessage(*node.message) : Node{};
  for (size_t i = 0; i < array.size();) {
    std::string element = ItemElement(node, array[i]);
    const FieldSet* below = dropped.Find(element);
    const FieldSet* keep = kept == nullptr ? nullptr : kept->Find(element);
    if (below != nullptr && PruneNode(schema, child, array[i], *below, keep)) {
      array.erase(array.begin() + static_cast<std::ptrdiff_t>(i));
      changed = true;
    } else {
      ++i;
    }
  }
  return changed && array.empty() && !wanted;
}

}  // namespace

Result<FieldSet> FieldsOf(const Schema& schema, const MessageType& type, const Value& config) {
  FieldSet set;
  Node root{Kind::kStruct, &type, nullptr};
  if (Status done = CollectApplied(schema, root, config, "", set); !done) return Fail(done.error());
  set.owned = false;
  Strip(set);
  return set;
}

Difference Compare(const Schema& schema, const MessageType& type, const Value* before,
                   const Value& after) {
  Difference out;
  Node root{Kind::kStruct, &type, nullptr};
  if (before == nullptr) {
    CollectAll(schema, root, after, false, out.added);
  } else {
    CompareParts(schema, root, *before, after, out);
  }
  for (FieldSet* set : {&out.added, &out.modified, &out.removed}) Strip(*set);
  return out;
}

void MergeInto(const Schema& schema, const MessageType& type, Value& live, const Value& config) {
  MergeNode(schema, Node{Kind::kStruct, &type, nullptr}, live, config);
}

void Prune(const Schema& schema, const MessageType& type, Value& doc, const FieldSet& dropped,
           const FieldSet& kept) {
  PruneNode(schema, Node{Kind::kStruct, &type, nullptr}, doc, dropped, &kept);
}

}  // namespace fairway::kube
