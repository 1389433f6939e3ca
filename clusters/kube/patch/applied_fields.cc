// Which fields an applied configuration sets, and whether it fits the schema (typed.h).
#include <algorithm>
#include <string>
#include <vector>

#include "clusters/kube/patch/go_print.h"
#include "clusters/kube/patch/item_index.h"
#include "clusters/kube/patch/typed.h"

namespace fairway::kube {

namespace {

using Kind = Node::Kind;

// One message lists at most so many mistakes.
constexpr size_t kMistakesMax = 100;

class Applied {
 public:
  explicit Applied(const Schema& schema) : schema_(schema) {}

  // An empty object is owned itself, an empty list is nothing at all.
  void Values(const Node& node, const Value& value, const std::string& path, FieldSet& out) {
    if (node.kind == Kind::kLeaf || value.is_null()) {
      out.owned = true;
    } else if (node.is_object()) {
      if (!value.is_object()) return Mistake(path, "expected map, got &{" + GoPrint(value) + "}");
      if (value.get_object().empty()) out.owned = true;
      Objects(node, value.get_object(), path, out);
    } else {
      if (!value.is_array()) return Mistake(path, "expected list, got &{" + GoPrint(value) + "}");
      Lists(node, value, path, out);
    }
  }

  std::vector<std::string> TakeMistakes() {
    std::sort(mistakes_.begin(), mistakes_.end());
    return std::move(mistakes_);
  }

 private:
  void Mistake(const std::string& path, const std::string& what) {
    if (mistakes_.size() < kMistakesMax) mistakes_.push_back(path + ": " + what);
  }

  void Objects(const Node& node, const Object& object, const std::string& path, FieldSet& out) {
    for (const auto& member : object) {
      std::string_view name = member.key();
      std::string below = std::string(path).append(".").append(name);
      if (node.kind == Kind::kStruct && node.message->Find(name) == nullptr) {
        // An API server looks no further in this object.
        return Mistake(below, "field not declared in schema");
      }
      FieldSet& child = out.Child(std::string("f:").append(name));
      Values(node.Member(schema_, name), member.value(), below, child);
      const Field* field = node.kind == Kind::kMap ? node.field : node.message->Find(name);
      if (node.kind == Kind::kMap || field->shape == Shape::kOne) {
        Scalar(*field, member.value(), below);
      }
      if (node.kind == Kind::kMap) child.owned = true;
      if (child.empty()) out.children.erase(std::string("f:").append(name));
    }
  }

  void Lists(const Node& node, const Value& value, const std::string& path, FieldSet& out) {
    const Array& list = value.get_array();
    const ItemIndex index(node, &value);
    for (size_t i = 0; i < list.size(); ++i) {
      const std::string& element = index.element(i);
      if (element.empty()) {
        Mistake(path, "element " + std::to_string(i) + ": " + WhyNoElement(node, list[i]));
        continue;
      }
      std::string shown = FieldSet::ShowElement(element);
      FieldSet item;
      item.owned = true;
      Values(node.Item(), list[i], path + shown, item);
      if (node.kind == Kind::kListSet) Scalar(*node.field, list[i], path + shown);
      if (!index.IsFirst(i)) continue;
      if (index.Count(element) > 1) Mistake(path, "duplicate entries for key " + shown);
      out.Child(element) = std::move(item);
    }
  }

  void Scalar(const Field& field, const Value& value, const std::string& path) {
    if (value.is_null()) return;
    switch (field.type) {
      case FieldType::kBool:
        if (!value.is_bool()) Mistake(path, "expected boolean, got &{" + GoPrint(value) + "}");
        return;
      case FieldType::kInt32:
      case FieldType::kInt64:
      case FieldType::kDouble:
        if (value.is_number()) return;
        return Mistake(path,
                       "expected numeric (int or float), got " + std::string(GoTypeName(value)));
      case FieldType::kString:
      case FieldType::kBytes:
      case FieldType::kTime:
      case FieldType::kMicroTime:
        if (value.is_string()) return;
        return Mistake(
            path, "expected string, got &value.valueUnstructured{Value:" + GoSyntax(value) + "}");
      default:
        return;
    }
  }

  static std::string WhyNoElement(const Node& node, const Value& item) {
    if (!item.is_object()) return "associative list with keys may not have non-map elements";
    std::string missing;
    for (const ListKey& key : node.field->list_keys) {
      const Value* value = Find(item.get_object(), key.name);
      if (value == nullptr && key.default_json.empty() && missing.empty()) missing = key.name;
    }
    return "associative list with keys has an element that omits key field \"" + missing +
           "\" (and doesn't have default value)";
  }

  const Schema& schema_;
  std::vector<std::string> mistakes_;
};

// "failed to create typed patch object (default/j; batch/v1, Kind=Job): ..."
Error Untypable(const Value& config, const std::vector<std::string>& mistakes) {
  std::string version(GetString(config, {"apiVersion"}));
  if (version.find('/') == std::string::npos) version.insert(0, "/");
  std::string message = "failed to create typed patch object (";
  message.append(GetString(config, {"metadata", "namespace"})).append("/");
  message.append(GetString(config, {"metadata", "name"})).append("; ").append(version);
  message.append(", Kind=").append(GetString(config, {"kind"})).append("): ");
  if (mistakes.size() > 1) message += "errors:";
  for (const std::string& mistake : mistakes) {
    message += (mistakes.size() > 1 ? "\n  " : "") + mistake;
  }
  return Error{.code = 500, .message = std::move(message)};
}

}  // namespace

Result<FieldSet> FieldsOf(const Schema& schema, const MessageType& type, const Value& config) {
  FieldSet set;
  Applied applied(schema);
  applied.Values(Node::Root(type), config, "", set);
  std::vector<std::string> mistakes = applied.TakeMistakes();
  if (!mistakes.empty()) return Fail(Untypable(config, mistakes));
  StripUntracked(set);
  return set;
}

}  // namespace fairway::kube
