// The ownership of a whole new object, written down while walking it once (typed.h). No set is
// built: on the path of every create this costs as much as copying the object's keys.
#include <algorithm>
#include <string>
#include <vector>

#include "clusters/kube/patch/item_index.h"
#include "clusters/kube/patch/typed.h"

namespace fairway::kube {

namespace {

using Kind = Node::Kind;

class OwnershipWriter {
 public:
  OwnershipWriter(const Schema& schema, bool custom, const StoragePtr& storage)
      : schema_(schema), custom_(custom), storage_(storage) {}

  // The members of an object. `old` says that the object itself was there before, as the structs
  // are that Go keeps without a pointer; then those that are empty are nothing new.
  void Members(const Node& node, const Object& from, bool old, bool in_metadata, Object& out) {
    out.reserve(from.size() + 1);
    const size_t base = order_.size();
    for (const auto& member : from) order_.push_back(&member);
    std::sort(order_.begin() + static_cast<std::ptrdiff_t>(base), order_.end(),
              [](const Member* a, const Member* b) { return a->key() < b->key(); });
    for (size_t i = base; i < base + from.size(); ++i) {
      const Member& member = *order_[i];
      std::string_view name = member.key();
      const Field* field = node.kind == Kind::kStruct ? node.message->Find(name) : nullptr;
      if (old && depth_ < 2 && (depth_ == 0 || in_metadata) && IsUntracked(name, depth_ == 1)) {
        continue;
      }
      bool was_there = old && !custom_ && field != nullptr && WasThere(*field);
      if (was_there && IsZero(member.value())) continue;
      Node child = node.kind == Kind::kMap ? node.Item()
                   : field == nullptr      ? Node{}
                                           : Node::Of(schema_, *field);
      bool metadata = depth_ == 0 && name == "metadata";
      ++depth_;
      Object below(storage_);
      if (child.HasParts(member.value())) {
        Parts(child, member.value(), was_there || metadata, metadata, below);
        if (below.empty() && metadata) {
          --depth_;
          continue;
        }
      }
      --depth_;
      out.emplace(Spelled(name), std::move(below));
    }
    order_.resize(base);
  }

 private:
  using Member = boost::json::key_value_pair;

  void Parts(const Node& node, const Value& value, bool old, bool in_metadata, Object& out) {
    // "." says that the container itself is owned beside its parts.
    if (!old) out.emplace(".", Object(storage_));
    if (node.is_object()) return Members(node, value.get_object(), old, in_metadata, out);
    const Array& list = value.get_array();
    out.reserve(list.size() + 1);
    for (const Value& item : list) {
      spelled_.clear();
      AppendItemElement(node, item, spelled_);
      if (spelled_.empty()) continue;
      // The place first: the walk below uses the scratch text again.
      auto [place, is_new] = out.emplace(spelled_, Object(storage_));
      Object& below = place->value().get_object();
      if (!is_new) {
        // Items that share an element are one leaf.
        below.clear();
      } else if (node.Item().HasParts(item)) {
        Parts(node.Item(), item, false, false, below);
      }
    }
  }

  // A struct without a pointer, or a field that Go always writes.
  static bool WasThere(const Field& field) {
    if (field.pointer) return false;
    return field.required || (field.shape == Shape::kOne && field.is_message());
  }

  static bool IsZero(const Value& value) {
    switch (value.kind()) {
      case boost::json::kind::null:
        return true;
      case boost::json::kind::object:
        return value.get_object().empty();
      case boost::json::kind::string:
        return value.get_string().empty();
      case boost::json::kind::bool_:
        return !value.get_bool();
      case boost::json::kind::int64:
        return value.get_int64() == 0;
      default:
        return false;
    }
  }

  std::string_view Spelled(std::string_view name) {
    spelled_.assign("f:");
    spelled_.append(name);
    return spelled_;
  }

  const Schema& schema_;
  bool custom_;
  StoragePtr storage_;
  int depth_ = 0;
  std::string spelled_;
  // The members of the objects on the way here, by name: one stack for the whole walk.
  std::vector<const Member*> order_;
};

}  // namespace

Value CreatedFieldsV1(const Schema& schema, const MessageType& type, const Value& doc,
                      const StoragePtr& storage) {
  Object out(storage);
  if (doc.is_object()) {
    OwnershipWriter(schema, IsCustomType(schema, type), storage)
        .Members(Node::Root(type), doc.get_object(), true, false, out);
  }
  return out;
}

}  // namespace fairway::kube
