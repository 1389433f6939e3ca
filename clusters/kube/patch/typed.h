// Operations on documents that follow the schema field by field: which fields a document sets, how
// two documents differ, and how an applied configuration is merged and pruned. The building blocks
// of server-side apply (kube-api.md 5.3, 5.4). Pure; any thread.
#pragma once

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

  static Node Of(const Schema& schema, const Field& field);
  static Node OfMessage(const MessageType& message);
};

// The path element of a list item: k:{...} or v:...; empty when an item of a kListMap lacks its
// keys.
std::string ItemElement(const Node& list, const Value& item);

// Every field that `config` sets, as an apply of it would own them. An item of a kListMap without
// its keys or with keys that occur twice is a 500, as the API server has it.
Result<FieldSet> FieldsOf(const Schema& schema, const MessageType& type, const Value& config);

struct Difference {
  FieldSet added, modified, removed;
};
// What changed from `before` (null: nothing was there) to `after`.
Difference Compare(const Schema& schema, const MessageType& type, const Value* before,
                   const Value& after);

// Merges `config` into `live`: leaves are replaced, lists with keys and sets are merged by item.
void MergeInto(const Schema& schema, const MessageType& type, Value& live, const Value& config);

// Removes from `doc` what is in `dropped` and in nobody's `kept`.
void Prune(const Schema& schema, const MessageType& type, Value& doc, const FieldSet& dropped,
           const FieldSet& kept);

}  // namespace fairway::kube
