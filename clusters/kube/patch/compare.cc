// How two documents differ, field by field (typed.h). Path elements are only spelled out for what
// does differ: most of a large object is equal, and comparing it costs no memory.
#include <string>

#include "clusters/kube/patch/item_index.h"
#include "clusters/kube/patch/typed.h"

namespace fairway::kube {

namespace {

using Kind = Node::Kind;

std::string FieldElement(std::string_view name) { return std::string("f:").append(name); }

const Object& EmptyObject() {
  static const Object* const kEmpty = new Object();
  return *kEmpty;
}

const Object& ObjectOf(const Value* value) {
  return value != nullptr && value->is_object() ? value->get_object() : EmptyObject();
}

// What a struct holds in a field that the document does not show, as Go would: an empty struct, and
// null or a zero where the field is always written. Null where there is nothing.
const Value* ZeroOf(const Field* field) {
  static const Value* const kStruct = new Value(Object());
  static const Value* const kNull = new Value(nullptr);
  static const Value* const kText = new Value("");
  static const Value* const kNumber = new Value(0);
  static const Value* const kFalse = new Value(false);
  if (field == nullptr || field->pointer) return nullptr;
  if (field->shape == Shape::kOne && field->is_message()) return kStruct;
  if (!field->required) return nullptr;
  if (field->shape != Shape::kOne) return kNull;
  switch (field->type) {
    case FieldType::kString:
      return kText;
    case FieldType::kInt32:
    case FieldType::kInt64:
      return kNumber;
    case FieldType::kBool:
      return kFalse;
    default:
      return kNull;
  }
}

class Comparison {
 public:
  Comparison(const Schema& schema, bool custom) : schema_(schema), custom_(custom) {}

  // At least one of the two is there.
  void Values(const Node& node, const Value* before, const Value* after, Difference& out) const {
    bool parts = (before != nullptr && node.HasParts(*before)) ||
                 (after != nullptr && node.HasParts(*after));
    if (parts && node.is_object()) {
      Objects(node, before, after, out);
    } else if (parts) {
      Lists(node, before, after, out);
    } else if (before != nullptr && after != nullptr && !Equal(*before, *after)) {
      out.modified.owned = true;
    }
    if (before == nullptr) out.added.owned = true;
    if (after == nullptr) out.removed.owned = true;
  }

 private:
  void Objects(const Node& node, const Value* before, const Value* after, Difference& out) const {
    const Object& old_members = ObjectOf(before);
    const Object& new_members = ObjectOf(after);
    for (const auto& member : new_members) {
      std::string_view name = member.key();
      const Field* field = FieldOf(node, name);
      const Value* old = Find(old_members, name);
      if (old == nullptr && before != nullptr && !custom_) old = ZeroOf(field);
      Member(node, name, old, &member.value(), out);
    }
    for (const auto& member : old_members) {
      std::string_view name = member.key();
      if (Find(new_members, name) != nullptr) continue;
      const Value* now = after == nullptr || custom_ ? nullptr : ZeroOf(FieldOf(node, name));
      Member(node, name, &member.value(), now, out);
    }
  }

  static const Field* FieldOf(const Node& node, std::string_view name) {
    return node.kind == Kind::kStruct ? node.message->Find(name) : nullptr;
  }

  void Member(const Node& node, std::string_view name, const Value* before, const Value* after,
              Difference& out) const {
    Difference inner;
    Values(node.Member(schema_, name), before, after, inner);
    if (!inner.empty()) Hang(std::move(inner), FieldElement(name), out);
  }

  void Lists(const Node& node, const Value* before, const Value* after, Difference& out) const {
    const ItemIndex old_items(node, before), new_items(node, after);
    for (size_t i = 0; i < new_items.size(); ++i) {
      const std::string& element = new_items.element(i);
      if (element.empty() || !new_items.IsFirst(i)) continue;
      Items(node, element, {old_items, before}, {new_items, after}, out);
    }
    for (size_t i = 0; i < old_items.size(); ++i) {
      const std::string& element = old_items.element(i);
      if (element.empty() || !old_items.IsFirst(i) || new_items.Has(element)) continue;
      Items(node, element, {old_items, before}, {new_items, after}, out);
    }
  }

  struct Side {
    const ItemIndex& index;
    const Value* list;

    const Value* First(const std::string& element) const {
      size_t at = index.First(element);
      return at == index.size() ? nullptr : &list->get_array()[at];
    }
  };

  // One element of two lists. Items that share an element, which only updates can make, are one
  // leaf together.
  void Items(const Node& node, const std::string& element, const Side& before, const Side& after,
             Difference& out) const {
    size_t old_count = before.index.Count(element), new_count = after.index.Count(element);
    Difference inner;
    if (old_count <= 1 && new_count <= 1) {
      Values(node.Item(), before.First(element), after.First(element), inner);
    } else if (old_count >= 2 && new_count >= 2) {
      inner.modified.owned = !SameItems(element, before, after);
    } else if (old_count >= 2) {
      if (new_count == 1) Values(node.Item(), nullptr, after.First(element), inner);
      inner.removed.owned = true;
    } else {
      if (old_count == 1) Values(node.Item(), before.First(element), nullptr, inner);
      inner.added.owned = true;
    }
    if (!inner.empty()) Hang(std::move(inner), element, out);
  }

  static bool SameItems(const std::string& element, const Side& before, const Side& after) {
    size_t j = after.index.First(element);
    for (size_t i = before.index.First(element); i < before.index.size(); ++i) {
      if (before.index.element(i) != element) continue;
      while (j < after.index.size() && after.index.element(j) != element) ++j;
      if (j == after.index.size()) return false;
      if (!Equal(before.list->get_array()[i], after.list->get_array()[j])) return false;
      ++j;
    }
    while (j < after.index.size() && after.index.element(j) != element) ++j;
    return j == after.index.size();
  }

  static void Hang(Difference inner, const std::string& element, Difference& out) {
    if (!inner.added.empty()) out.added.Child(element) = std::move(inner.added);
    if (!inner.modified.empty()) out.modified.Child(element) = std::move(inner.modified);
    if (!inner.removed.empty()) out.removed.Child(element) = std::move(inner.removed);
  }

  const Schema& schema_;
  bool custom_;
};

}  // namespace

Difference Compare(const Schema& schema, const MessageType& type, const Value* before,
                   const Value& after) {
  static const Value* const kNothing = new Value(Object());
  Difference out;
  Comparison(schema, IsCustomType(schema, type))
      .Values(Node::Root(type), before == nullptr ? kNothing : before, &after, out);
  for (FieldSet* set : {&out.added, &out.modified, &out.removed}) StripUntracked(*set);
  return out;
}

}  // namespace fairway::kube
