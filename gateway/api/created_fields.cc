#include "gateway/api/created_fields.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "clusters/kube/patch/typed.h"

namespace fairway::gateway::api {

namespace {

using kube::Node;
using Kind = kube::Node::Kind;

// Paths that nobody owns, sorted.
constexpr std::string_view kUntrackedMetadata[] = {
    "creationTimestamp", "deletionGracePeriodSeconds",
    "deletionTimestamp", "generation",
    "managedFields",     "name",
    "namespace",         "resourceVersion",
    "selfLink",          "uid"};

bool HasParts(const Node& node, const kube::Value& value) {
  if (node.kind == Kind::kLeaf) return false;
  if (node.kind == Kind::kStruct || node.kind == Kind::kMap) {
    return value.is_object() && !value.get_object().empty();
  }
  return value.is_array() && !value.get_array().empty();
}

class Collector {
 public:
  Collector(const kube::Schema& schema, kube::StoragePtr storage)
      : schema_(schema), storage_(std::move(storage)) {}

  // The members of `object` that `wanted` lets through, as FieldsV1.
  template <typename Wanted>
  kube::Object Struct(const Node& node, const kube::Object& object, bool counts, Wanted wanted) {
    kube::Object out(storage_);
    out.reserve(object.size() + 1);
    if (counts) out.emplace(".", kube::Object(storage_));
    for (const auto& member : object) {
      std::string_view name = member.key();
      if (!wanted(name)) continue;
      bool child_counts = true;
      Node child = Child(node, name, child_counts);
      key_.assign("f:").append(name);
      // The place first: the walk below uses the scratch key again.
      kube::Value& slot = out.emplace(key_, nullptr).first->value();
      slot = Fields(child, member.value(), child_counts);
    }
    return out;
  }

  kube::Object Fields(const Node& node, const kube::Value& value, bool counts) {
    if (!HasParts(node, value)) return kube::Object(storage_);
    if (value.is_object()) {
      return Struct(node, value.get_object(), counts, [](std::string_view) { return true; });
    }
    return List(node, value.get_array(), counts);
  }

 private:
  Node Child(const Node& node, std::string_view name, bool& counts) const {
    if (node.kind == Kind::kMap) {
      return node.message == nullptr ? Node() : Node::OfMessage(*node.message);
    }
    const kube::Field* field = node.message->Find(name);
    if (field == nullptr) return {};
    // A struct that is always written is there from the start; it is never "added".
    counts = field->shape != kube::Shape::kOne || !field->required;
    return Node::Of(schema_, *field);
  }

  kube::Object List(const Node& node, const kube::Array& items, bool counts) {
    kube::Object out(storage_);
    out.reserve(items.size() + 1);
    if (counts) out.emplace(".", kube::Object(storage_));
    Node child = node.message == nullptr ? Node() : Node::OfMessage(*node.message);
    for (const kube::Value& item : items) {
      std::string element = kube::ItemElement(node, item);
      if (!element.empty()) out.emplace(element, Fields(child, item, true));
    }
    return out;
  }

  const kube::Schema& schema_;
  const kube::StoragePtr storage_;
  std::string key_;
};

}  // namespace

void TrackCreation(const kube::Schema& schema, const kube::MessageType& type, kube::Value& doc,
                   const kube::Writer& writer) {
  kube::StoragePtr storage = doc.storage();
  Collector collector(schema, storage);
  kube::Object& object = doc.get_object();
  Node root = Node::OfMessage(type);
  auto tracked = [](std::string_view name) {
    return name != "apiVersion" && name != "kind" && name != "metadata";
  };
  kube::Object fields = collector.Struct(root, object, false, tracked);
  const kube::Field* meta_field = type.Find("metadata");
  if (const kube::Object* metadata = kube::GetObject(object, {"metadata"});
      metadata != nullptr && meta_field != nullptr) {
    auto owned = [](std::string_view name) {
      return !std::binary_search(std::begin(kUntrackedMetadata), std::end(kUntrackedMetadata),
                                 name);
    };
    kube::Object of_metadata =
        collector.Struct(Node::Of(schema, *meta_field), *metadata, false, owned);
    if (!of_metadata.empty()) fields.emplace("f:metadata", std::move(of_metadata));
  }
  kube::Object& metadata = kube::EnsureObject(object, {"metadata"});
  kube::Erase(metadata, "managedFields");
  if (fields.empty()) return;
  kube::Object entry(storage);
  entry.emplace("manager", writer.manager);
  entry.emplace("operation", "Update");
  entry.emplace("apiVersion", writer.api_version);
  entry.emplace("time", writer.time);
  entry.emplace("fieldsType", "FieldsV1");
  entry.emplace("fieldsV1", std::move(fields));
  kube::Array entries(storage);
  entries.push_back(std::move(entry));
  metadata.emplace("managedFields", std::move(entries));
}

}  // namespace fairway::gateway::api
