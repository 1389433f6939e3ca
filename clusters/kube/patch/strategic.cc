// Strategic merge patch (kube-api.md 5.3). The type decides how a list is merged; directives inside
// the patch decide the rest. Unknown fields are merged like free-form JSON: the typed decode that
// follows drops or reports them. How directives behave in odd places, and the texts of the errors,
// are recorded from an API server in tests/clusters/kube/patch.
#include <algorithm>
#include <string>
#include <vector>

#include "clusters/kube/patch/element_order.h"
#include "clusters/kube/patch/go_print.h"
#include "clusters/kube/patch/patch.h"

namespace fairway::kube {

namespace {

constexpr std::string_view kPatch = "$patch";
constexpr std::string_view kRetainKeys = "$retainKeys";
constexpr std::string_view kDeletePrefix = "$deleteFromPrimitiveList/";
constexpr std::string_view kOrderPrefix = "$setElementOrder/";

// A reasonless 500, which is what most mistakes in a patch are answered with.
Error Broken(std::string message) { return Error{.code = 500, .message = std::move(message)}; }

Error BadType(const Value& directive, const Object& patch) {
  std::string shown = directive.is_string() ? GoPrint(directive)
                                            : "%!s(" + std::string(GoTypeName(directive)) + "=" +
                                                  GoPrint(directive) + ")";
  return Broken("unknown patch type: " + shown + " in map: " + GoPrint(patch));
}

Error NoKey(const Object& item, std::string_view key) {
  return Broken("map: " + GoPrint(item) +
                " does not contain declared merge key: " + std::string(key));
}

// What is new is taken as it stands, but for directives and nulls. False: nothing is to be kept.
bool Clean(Value& value) {
  if (value.is_array()) {
    Array& array = value.get_array();
    array.erase(
        std::remove_if(array.begin(), array.end(), [](Value& item) { return !Clean(item); }),
        array.end());
    return true;
  }
  if (!value.is_object()) return true;
  Object& object = value.get_object();
  if (Find(object, kPatch) != nullptr) return false;
  std::vector<std::string> gone;
  for (auto& member : object) {
    std::string_view key = member.key();
    bool directive =
        key == kRetainKeys || key.starts_with(kDeletePrefix) || key.starts_with(kOrderPrefix);
    if (directive || member.value().is_null() || !Clean(member.value())) gone.emplace_back(key);
  }
  for (const std::string& key : gone) Erase(object, key);
  return true;
}

bool IsMergedList(const Field* field) {
  return field != nullptr && field->shape == Shape::kList && field->patch_merge;
}

class Merger {
 public:
  explicit Merger(const Schema& schema) : schema_(schema) {}

  // `type` is null where the schema ends; then `items` may be the type of a map's values.
  Status MergeObject(const MessageType* type, Object& target, const Object& patch,
                     const MessageType* items = nullptr) {
    if (const Value* directive = Find(patch, kPatch)) return Directive(*directive, target, patch);
    if (Status retained = RetainKeys(target, patch); !retained) return retained;
    if (Status ordered = MergeOrdered(type, target, patch); !ordered) return ordered;
    for (const auto& [key, value] : patch) {
      std::string_view name = key;
      if (name == kRetainKeys || name.starts_with(kOrderPrefix)) continue;
      if (name.starts_with(kDeletePrefix)) {
        Status deleted = DeleteFromPrimitives(target, name.substr(kDeletePrefix.size()), value);
        if (!deleted) return deleted;
        continue;
      }
      if (Find(patch, std::string(kOrderPrefix).append(name)) != nullptr) continue;  // done
      Status merged = MergeMember(type, items, target, name, value);
      if (!merged) return merged;
    }
    return {};
  }

 private:
  static Status Directive(const Value& directive, Object& target, const Object& patch) {
    if (directive == "delete") {
      target.clear();
      return {};
    }
    if (directive != "replace") return Fail(BadType(directive, patch));
    Object replaced(patch, target.storage());
    Erase(replaced, kPatch);
    target = std::move(replaced);
    return {};
  }

  Status MergeMember(const MessageType* type, const MessageType* items, Object& target,
                     std::string_view key, const Value& value) {
    if (value.is_null()) {
      Erase(target, key);
      return {};
    }
    Value* member = Find(target, key);
    if (member == nullptr || member->is_object() != value.is_object() ||
        member->is_array() != value.is_array()) {
      Value fresh(value, target.storage());
      if (Clean(fresh)) target.insert_or_assign(key, std::move(fresh));
      return {};
    }
    const Field* field = type == nullptr ? nullptr : type->Find(key);
    if (value.is_object()) {
      const MessageType* below =
          field != nullptr && field->is_message() ? &schema_.message(*field) : items;
      bool is_map = field != nullptr && field->shape == Shape::kMap;
      return MergeObject(is_map ? nullptr : below, member->get_object(), value.get_object(),
                         is_map ? below : nullptr);
    }
    if (value.is_array() && IsMergedList(field)) {
      return MergeList(*field, member->get_array(), value.get_array());
    }
    *member = Value(value, target.storage());
    return {};
  }

  // Lists whose order the patch prescribes.
  Status MergeOrdered(const MessageType* type, Object& target, const Object& patch) {
    for (const auto& [directive, value] : patch) {
      if (!std::string_view(directive).starts_with(kOrderPrefix)) continue;
      if (!value.is_array()) return Fail(WrongArgument(value));
      std::string_view key = std::string_view(directive).substr(kOrderPrefix.size());
      const Field* field = type == nullptr ? nullptr : type->Find(key);
      if (type != nullptr && field == nullptr) {
        return Fail(Broken("unable to find api field in struct " + std::string(type->go_name) +
                           " for the json field \"" + std::string(key) + "\""));
      }
      const Value* items = Find(patch, key);
      if (items != nullptr && !items->is_array()) return Fail(WrongArgument(*items));
      Value* member = Find(target, key);
      bool found = member != nullptr && member->is_array();
      if (field == nullptr || (!found && items == nullptr)) continue;
      std::string_view merge_key = field->patch_merge_key;
      if (items != nullptr) {
        Status fits = CheckOrder(items->get_array(), value.get_array(), merge_key);
        if (!fits) return fits;
      }
      Array before(target.storage());
      if (found) before = member->get_array();
      if (Status merged = MergeOrderedList(*field, target, key, items); !merged) return merged;
      member = Find(target, key);
      if (member == nullptr || !member->is_array()) continue;
      Status ordered = OrderElements(member->get_array(), value.get_array(), before, merge_key);
      if (!ordered) return ordered;
    }
    return {};
  }

  Status MergeOrderedList(const Field& field, Object& target, std::string_view key,
                          const Value* items) {
    if (items == nullptr) return {};
    Value* member = Find(target, key);
    if (member == nullptr || !member->is_array() || !IsMergedList(&field)) {
      Value fresh(*items, target.storage());
      Clean(fresh);
      target.insert_or_assign(key, std::move(fresh));
      return {};
    }
    return MergeList(field, member->get_array(), items->get_array());
  }

  static Error WrongArgument(const Value& value) {
    return Broken("expected a []interface {}, but received a " + std::string(GoTypeName(value)));
  }

  Status MergeList(const Field& field, Array& target, const Array& patch) {
    if (Status alike = CheckAlike(target, patch); !alike) return alike;
    Array before(target, target.storage());
    std::string_view key = field.patch_merge_key;
    if (key.empty()) {
      for (const Value& item : patch) {
        if (item.is_object())
          return Fail(
              Broken("cannot merge lists without merge key for " + std::string(field.name)));
        bool present = std::any_of(target.begin(), target.end(),
                                   [&](const Value& have) { return Equal(have, item); });
        if (!present) target.push_back(Value(item, target.storage()));
      }
      return OrderElements(target, patch, before, key);
    }
    Array items(target.storage());
    bool replace = false;
    if (Status done = Specials(key, target, patch, items, replace); !done) return done;
    if (replace) {
      target = items;
      before = Array(target.storage());
    } else if (Status merged = MergeItems(field, target, items); !merged) {
      return merged;
    }
    return OrderElements(target, items, before, key);
  }

  // Elements of two lists that are to be one must be of one kind.
  static Status CheckAlike(const Array& target, const Array& patch) {
    const Value* first = nullptr;
    for (const Array* list : {&target, &patch}) {
      for (const Value& item : *list) {
        if (item.is_array()) return Fail(Unlike(target, patch));
        if (first == nullptr) first = &item;
        if (GoTypeName(item) != GoTypeName(*first)) return Fail(Unlike(target, patch));
      }
    }
    return {};
  }

  static Error Unlike(const Array& target, const Array& patch) {
    return Broken("list element types are not identical: [" + GoPrint(Value(target)) + " " +
                  GoPrint(Value(patch)) + "]");
  }

  // Carries out the directives among the items of a list; the others go to `items`.
  static Status Specials(std::string_view key, Array& target, const Array& patch, Array& items,
                         bool& replace) {
    for (const Value& item : patch) {
      const Object& fields = item.get_object();
      const Value* directive = Find(fields, kPatch);
      if (directive == nullptr) {
        items.push_back(Value(item, target.storage()));
      } else if (*directive == "delete") {
        const Value* value = Find(fields, key);
        if (value == nullptr) return Fail(NoKey(fields, key));
        target.erase(std::remove_if(target.begin(), target.end(),
                                    [&](const Value& have) { return HasKey(have, key, *value); }),
                     target.end());
      } else if (*directive == "replace") {
        replace = true;
      } else if (*directive == "merge") {
        return Fail(Broken("merging lists cannot yet be specified in the patch"));
      } else {
        return Fail(BadType(*directive, fields));
      }
    }
    return {};
  }

  static bool HasKey(const Value& item, std::string_view key, const Value& value) {
    const Value* have = item.is_object() ? Find(item.get_object(), key) : nullptr;
    return have != nullptr && Equal(*have, value);
  }

  Status MergeItems(const Field& field, Array& target, const Array& items) {
    const MessageType* type = field.is_message() ? &schema_.message(field) : nullptr;
    for (const Value& item : items) {
      const Object& fields = item.get_object();
      const Value* key = Find(fields, field.patch_merge_key);
      if (key == nullptr) return Fail(NoKey(fields, field.patch_merge_key));
      auto have = std::find_if(target.begin(), target.end(), [&](const Value& candidate) {
        return HasKey(candidate, field.patch_merge_key, *key);
      });
      if (have == target.end()) {
        Value fresh(item, target.storage());
        if (Clean(fresh)) target.push_back(std::move(fresh));
      } else if (Status merged = MergeObject(type, have->get_object(), fields); !merged) {
        return merged;
      }
    }
    return {};
  }

  // $retainKeys: only the listed members of the target stay; what the patch brings must be listed.
  static Status RetainKeys(Object& target, const Object& patch) {
    const Value* keys = Find(patch, kRetainKeys);
    if (keys == nullptr) return {};
    Error refused{
        .code = 400, .reason = "BadRequest", .message = "invalid patch format of retainKeys"};
    if (!keys->is_array()) return Fail(refused);
    auto listed = [&](std::string_view name) {
      return std::any_of(keys->get_array().begin(), keys->get_array().end(), [&](const Value& k) {
        return k.is_string() && std::string_view(k.get_string()) == name;
      });
    };
    for (const auto& [key, value] : patch) {
      std::string_view name = key;
      bool directive =
          name == kRetainKeys || name.starts_with(kDeletePrefix) || name.starts_with(kOrderPrefix);
      if (!directive && !value.is_null() && !listed(name)) return Fail(refused);
    }
    std::vector<std::string> drop;
    for (const auto& member : target) {
      if (!listed(member.key())) drop.emplace_back(member.key());
    }
    for (const std::string& name : drop) Erase(target, name);
    return {};
  }

  static Status DeleteFromPrimitives(Object& target, std::string_view key, const Value& gone) {
    Value* list = Find(target, key);
    if (list == nullptr || !list->is_array() || !gone.is_array()) return {};
    Array& items = list->get_array();
    for (const Value& value : gone.get_array()) {
      items.erase(std::remove_if(items.begin(), items.end(),
                                 [&](const Value& item) { return Equal(item, value); }),
                  items.end());
    }
    return {};
  }

  const Schema& schema_;
};

}  // namespace

Result<Value> ApplyStrategicMerge(const Schema& schema, const MessageType& type, const Value& doc,
                                  const Value& patch) {
  if (!patch.is_object()) {
    return Fail(Error{.code = 400,
                      .reason = "BadRequest",
                      .message = "json: cannot unmarshal " + std::string(JsonTypeName(patch)) +
                                 " into Go value of type map[string]interface {}"});
  }
  Value result(doc, doc.storage());
  if (!result.is_object()) result = Object(doc.storage());
  Status merged = Merger(schema).MergeObject(&type, result.get_object(), patch.get_object());
  if (!merged) return Fail(merged.error());
  return result;
}

}  // namespace fairway::kube
