// Strategic merge patch (kube-api.md 5.3). The type decides how a list is merged; directives inside
// the patch decide the rest. Unknown fields are merged like free-form JSON: the typed decode that
// follows drops or reports them.
#include <algorithm>
#include <string>
#include <vector>

#include "clusters/kube/patch/patch.h"

namespace fairway::kube {

namespace {

constexpr std::string_view kPatch = "$patch";
constexpr std::string_view kRetainKeys = "$retainKeys";
constexpr std::string_view kDeletePrefix = "$deleteFromPrimitiveList/";
constexpr std::string_view kOrderPrefix = "$setElementOrder/";

Error Plain(int code, std::string reason, std::string message) {
  return Error{.code = code, .reason = std::move(reason), .message = std::move(message)};
}

bool IsDirective(std::string_view key) {
  return key == kPatch || key == kRetainKeys || key.starts_with(kDeletePrefix) ||
         key.starts_with(kOrderPrefix);
}

class Merger {
 public:
  explicit Merger(const Schema& schema) : schema_(schema) {}

  // `type` is null where the schema ends.
  Status MergeObject(const MessageType* type, Object& target, const Object& patch) {
    if (const Value* directive = Find(patch, kPatch)) {
      auto text = directive->is_string() ? std::string_view(directive->get_string()) : "";
      if (text == "replace") {
        target.clear();
        CopyWithoutDirectives(patch, target);
        return {};
      }
      if (text == "delete") {
        target.clear();
        return {};
      }
      if (text != "merge") {
        return Fail(Plain(400, "BadRequest",
                          "Unknown patch type found, expected: delete, replace, merge; found: " +
                              Serialize(*directive)));
      }
    }
    RetainKeys(target, patch);
    for (const auto& [key, value] : patch) {
      if (IsDirective(key)) continue;
      const Field* field = type == nullptr ? nullptr : type->Find(key);
      if (Status merged = MergeMember(field, target, key, value, patch); !merged) return merged;
    }
    return DeleteFromPrimitives(target, patch);
  }

 private:
  Status MergeMember(const Field* field, Object& target, std::string_view key, const Value& value,
                     const Object& patch) {
    if (value.is_null()) {
      Erase(target, key);
      return {};
    }
    Value* member = Find(target, key);
    if (value.is_object()) {
      if (member == nullptr || !member->is_object()) {
        // `$patch: delete` of something absent leaves nothing behind.
        const Value* directive = Find(value.get_object(), kPatch);
        if (directive != nullptr && *directive == "delete") return {};
        target.insert_or_assign(key, Object(target.storage()));
        member = Find(target, key);
      } else if (const Value* directive = Find(value.get_object(), kPatch);
                 directive != nullptr && *directive == "delete") {
        Erase(target, key);
        return {};
      }
      const MessageType* type =
          field != nullptr && field->is_message() && field->shape == Shape::kOne
              ? &schema_.message(*field)
              : nullptr;
      if (field != nullptr && field->is_message() && field->shape == Shape::kMap) {
        return MergeMap(schema_.message(*field), member->get_object(), value.get_object());
      }
      return MergeObject(type, member->get_object(), value.get_object());
    }
    if (value.is_array() && field != nullptr && field->shape == Shape::kList &&
        field->patch_merge) {
      if (member == nullptr || !member->is_array()) {
        target.insert_or_assign(key, Array(target.storage()));
        member = Find(target, key);
      }
      const Value* order = Find(patch, std::string(kOrderPrefix).append(key));
      return MergeList(*field, member->get_array(), value.get_array(), order);
    }
    target.insert_or_assign(key, Value(value, target.storage()));
    return {};
  }

  Status MergeMap(const MessageType& type, Object& target, const Object& patch) {
    for (const auto& [key, value] : patch) {
      if (IsDirective(key)) continue;
      if (value.is_null()) {
        Erase(target, key);
        continue;
      }
      Value* member = Find(target, key);
      if (member == nullptr || !member->is_object() || !value.is_object()) {
        target.insert_or_assign(key, Value(value, target.storage()));
      } else if (Status merged = MergeObject(&type, member->get_object(), value.get_object());
                 !merged) {
        return merged;
      }
    }
    return {};
  }

  Status MergeList(const Field& field, Array& target, const Array& patch, const Value* order) {
    bool replace = false;
    for (const Value& item : patch) {
      const Value* directive = item.is_object() ? Find(item.get_object(), kPatch) : nullptr;
      if (directive != nullptr && *directive == "replace") replace = true;
    }
    if (replace) target.clear();
    Status merged = field.patch_merge_key.empty() ? MergeScalars(target, patch)
                                                  : MergeItems(field, target, patch);
    if (!merged) return merged;
    if (order != nullptr && order->is_array()) Reorder(field, target, order->get_array());
    return {};
  }

  static Status MergeScalars(Array& target, const Array& patch) {
    for (const Value& item : patch) {
      if (item.is_object()) continue;  // a directive
      bool present = std::any_of(target.begin(), target.end(),
                                 [&](const Value& have) { return Equal(have, item); });
      if (!present) target.push_back(Value(item, target.storage()));
    }
    return {};
  }

  Status MergeItems(const Field& field, Array& target, const Array& patch) {
    const MessageType* type = field.is_message() ? &schema_.message(field) : nullptr;
    for (const Value& item : patch) {
      if (!item.is_object()) {
        return Fail(Plain(400, "BadRequest",
                          "cannot merge a non-object into the list " + std::string(field.name)));
      }
      const Object& fields = item.get_object();
      const Value* directive = Find(fields, kPatch);
      if (directive != nullptr && *directive == "replace") continue;
      const Value* key = Find(fields, field.patch_merge_key);
      if (key == nullptr) {
        return Fail(Plain(500, "",
                          GoMap(fields) + " does not contain declared merge key: " +
                              std::string(field.patch_merge_key)));
      }
      auto have = FindItem(field, target, *key);
      if (directive != nullptr && *directive == "delete") {
        if (have != target.end()) target.erase(have);
      } else if (have != target.end()) {
        if (Status merged = MergeObject(type, have->get_object(), fields); !merged) return merged;
      } else {
        Object fresh(target.storage());
        if (Status merged = MergeObject(type, fresh, fields); !merged) return merged;
        target.push_back(std::move(fresh));
      }
    }
    return {};
  }

  static Array::iterator FindItem(const Field& field, Array& list, const Value& key) {
    return std::find_if(list.begin(), list.end(), [&](const Value& item) {
      if (!item.is_object()) return false;
      const Value* have = Find(item.get_object(), field.patch_merge_key);
      return have != nullptr && Equal(*have, key);
    });
  }

  // Items named in the order come in that order; the others keep their place relative to the item
  // that stood before them.
  static void Reorder(const Field& field, Array& list, const Array& order) {
    auto rank = [&](const Value& item) -> int {
      for (size_t i = 0; i < order.size(); ++i) {
        const Value& wanted = order[i];
        if (field.patch_merge_key.empty()) {
          if (Equal(wanted, item)) return static_cast<int>(i);
          continue;
        }
        if (!wanted.is_object() || !item.is_object()) continue;
        const Value* a = Find(wanted.get_object(), field.patch_merge_key);
        const Value* b = Find(item.get_object(), field.patch_merge_key);
        if (a != nullptr && b != nullptr && Equal(*a, *b)) return static_cast<int>(i);
      }
      return -1;
    };
    struct Placed {
      int rank;
      Value value;
    };
    std::vector<Placed> items;
    int last = -1;
    for (Value& item : list) {
      int r = rank(item);
      if (r >= 0) last = r;
      items.push_back({r >= 0 ? r : last, std::move(item)});
    }
    std::stable_sort(items.begin(), items.end(),
                     [](const Placed& a, const Placed& b) { return a.rank < b.rank; });
    list.clear();
    for (Placed& item : items) list.push_back(std::move(item.value));
  }

  // $retainKeys: only the listed members of the target stay; what the patch brings is in the list.
  static void RetainKeys(Object& target, const Object& patch) {
    const Value* keys = Find(patch, kRetainKeys);
    if (keys == nullptr || !keys->is_array()) return;
    std::vector<std::string> drop;
    for (const auto& [name, value] : target) {
      bool kept = std::any_of(
          keys->get_array().begin(), keys->get_array().end(),
          [&, &n = name](const Value& k) { return k.is_string() && k.get_string() == n; });
      if (!kept) drop.emplace_back(name);
    }
    for (const std::string& name : drop) Erase(target, name);
  }

  static Status DeleteFromPrimitives(Object& target, const Object& patch) {
    for (const auto& [key, value] : patch) {
      if (!std::string_view(key).starts_with(kDeletePrefix)) continue;
      if (!value.is_array()) {
        return Fail(Plain(400, "BadRequest", "invalid value of " + std::string(key)));
      }
      Value* list = Find(target, std::string_view(key).substr(kDeletePrefix.size()));
      if (list == nullptr || !list->is_array()) continue;
      Array& items = list->get_array();
      for (const Value& gone : value.get_array()) {
        auto end = std::remove_if(items.begin(), items.end(),
                                  [&](const Value& item) { return Equal(item, gone); });
        items.erase(end, items.end());
      }
    }
    return {};
  }

  static void CopyWithoutDirectives(const Object& from, Object& to) {
    for (const auto& [key, value] : from) {
      if (!IsDirective(key) && !value.is_null())
        to.insert_or_assign(key, Value(value, to.storage()));
    }
  }

  // Go prints a map in its messages as map[key:value ...].
  static std::string GoMap(const Object& object) {
    std::vector<std::string> parts;
    for (const auto& [key, value] : object) {
      parts.push_back(std::string(key) + ":" +
                      (value.is_string() ? std::string(value.get_string()) : Serialize(value)));
    }
    std::sort(parts.begin(), parts.end());
    std::string text = "map: map[";
    for (size_t i = 0; i < parts.size(); ++i) text += (i == 0 ? "" : " ") + parts[i];
    return text + "]";
  }

  const Schema& schema_;
};

}  // namespace

Result<Value> ApplyStrategicMerge(const Schema& schema, const MessageType& type, const Value& doc,
                                  const Value& patch) {
  if (!patch.is_object()) {
    return Fail(Plain(400, "BadRequest",
                      "error decoding patch: json: cannot unmarshal " +
                          std::string(JsonTypeName(patch)) +
                          " into Go value of type map[string]interface {}"));
  }
  Value result(doc, doc.storage());
  if (!result.is_object()) result = Object(doc.storage());
  Status merged = Merger(schema).MergeObject(&type, result.get_object(), patch.get_object());
  if (!merged) return Fail(merged.error());
  return result;
}

}  // namespace fairway::kube
