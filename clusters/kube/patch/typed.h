// Operations on documents that follow the schema field by field: which fields a document sets, how
// two documents differ, and how an applied configuration is merged and pruned. The building blocks
// of server-side apply (kube-api.md 5.3, 5.4). Pure; any thread.
//
// The rules are those of Kubernetes' structured merge, as recorded from an API server in
// tests/clusters/kube/patch: what Go keeps as a struct (no pointer) is there even when a document
// does not show it, so it is never added or removed as such.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "clusters/kube/json.h"
#include "clusters/kube/patch/field_set.h"
#include "clusters/kube/schema/schema.h"

namespace fairway::kube {

// How apply sees one value: as one leaf, or as something with parts of its own.
struct Node {
  enum class Kind : uint8_t { kLeaf, kStruct, kMap, kListSet, kListMap };
  Kind kind = Kind::kLeaf;
  const MessageType* message =
      nullptr;                   // kStruct, and the item type of kMap and kListMap (may be null)
  const Field* field = nullptr;  // kMap, kListSet, kListMap

  static Node Root(const MessageType& message) { return {Kind::kStruct, &message, nullptr}; }
  static Node Of(const Schema& schema, const Field& field);
  static Node OfMessage(const MessageType& message);

  bool is_object() const { return kind == Kind::kStruct || kind == Kind::kMap; }
  bool is_list() const { return kind == Kind::kListSet || kind == Kind::kListMap; }
  // The node of a member of an object; a leaf where the schema does not know the name.
  Node Member(const Schema& schema, std::string_view name) const;
  // The node of a list's items.
  Node Item() const { return message == nullptr ? Node{} : OfMessage(*message); }
  // True when `value` has parts that count on their own: not a leaf, of the right shape, not empty.
  bool HasParts(const Value& value) const;
};

// The path element of a list item: k:{...} or v:...; empty when the item lacks a key that has
// neither a default nor a zero value.
std::string ItemElement(const Node& list, const Value& item);
void AppendItemElement(const Node& list, const Value& item, std::string& out);

// Whether the values of this type are unstructured to an API server: nothing is there that the
// document does not show.
bool IsCustomType(const Schema& schema, const MessageType& type);

// True for what nobody ever owns: apiVersion, kind, and the fields of metadata that the server
// keeps. `in_metadata` tells which of the two levels.
bool IsUntracked(std::string_view field, bool in_metadata);
// Removes the untracked paths from the set of a whole object.
void StripUntracked(FieldSet& set);

// Every field that `config` sets, as an apply of it would own them. What does not fit the schema is
// a 500 without a reason, as the API server has it.
Result<FieldSet> FieldsOf(const Schema& schema, const MessageType& type, const Value& config);

// Every field of an object that did not exist before, as FieldsV1; the same as Compare(nullptr)'s
// `added`, at a fraction of the price. This is on the path of every create.
Value CreatedFieldsV1(const Schema& schema, const MessageType& type, const Value& doc,
                      const StoragePtr& storage);

struct Difference {
  FieldSet added, modified, removed;
  bool empty() const { return added.empty() && modified.empty() && removed.empty(); }
};
// What changed from `before` (null: nothing was there) to `after`.
Difference Compare(const Schema& schema, const MessageType& type, const Value* before,
                   const Value& after);

// Merges `config` into `live`: leaves are replaced, lists with keys and sets are merged by item.
void MergeInto(const Schema& schema, const MessageType& type, Value& live, const Value& config);

// Removes from `doc` what its last applied configuration owned (`last`) and nobody owns now
// (`managed`: the sets of all managers together). A list item goes as a whole once no manager owns
// the item itself.
void Prune(const Schema& schema, const MessageType& type, Value& doc, const FieldSet& last,
           const FieldSet& managed);

}  // namespace fairway::kube
