#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "clusters/kube/errors.h"
#include "clusters/kube/patch/patch.h"

namespace fairway::kube {

namespace {

// The patch is well formed, but this document does not take it.
Error Refused() {
  return Error{.code = 422,
               .reason = "Invalid",
               .message = "the server rejected our request due to an error in our request"};
}

Result<std::vector<std::string>> SplitPointer(std::string_view pointer) {
  std::vector<std::string> tokens;
  if (pointer.empty()) return tokens;
  // What stands before the first slash is not looked at.
  size_t first = pointer.find('/');
  if (first == std::string_view::npos) return Fail(Refused());
  for (size_t at = first; at != std::string_view::npos && at < pointer.size();) {
    size_t end = pointer.find('/', at + 1);
    std::string_view raw = pointer.substr(
        at + 1, end == std::string_view::npos ? std::string_view::npos : end - at - 1);
    std::string token;
    for (size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] == '~' && i + 1 < raw.size() && (raw[i + 1] == '0' || raw[i + 1] == '1')) {
        token += raw[++i] == '0' ? '~' : '/';
      } else {
        token += raw[i];
      }
    }
    tokens.push_back(std::move(token));
    at = end;
  }
  return tokens;
}

// An array index in [0, limit], or nothing. "-" is the place behind the last item.
std::optional<size_t> Index(const std::string& token, size_t limit, size_t size) {
  if (token == "-") return size <= limit ? std::optional<size_t>(size) : std::nullopt;
  size_t index = 0;
  // From the end: -1 is the last place.
  if (token.size() > 1 && token.front() == '-') {
    auto [stop, bad] = std::from_chars(token.data() + 1, token.data() + token.size(), index);
    bool fits = bad == std::errc() && stop == token.data() + token.size() && index > 0;
    return fits && index <= limit + 1 ? std::optional<size_t>(limit + 1 - index) : std::nullopt;
  }
  auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (error != std::errc() || end != token.data() + token.size()) return std::nullopt;
  return index <= limit ? std::optional<size_t>(index) : std::nullopt;
}

Value* Step(Value& at, const std::string& token) {
  if (at.is_object()) return Find(at.get_object(), token);
  if (at.is_array() && !at.get_array().empty()) {
    Array& array = at.get_array();
    auto index = Index(token, array.size() - 1, array.size());
    return index ? &array[*index] : nullptr;
  }
  return nullptr;
}

Value* Walk(Value& doc, const std::vector<std::string>& tokens, size_t count) {
  Value* at = &doc;
  for (size_t i = 0; i < count && at != nullptr; ++i) at = Step(*at, tokens[i]);
  return at;
}

size_t DepthOf(const Value& value) {
  size_t below = 0;
  if (value.is_object()) {
    for (const auto& member : value.get_object()) below = std::max(below, DepthOf(member.value()));
  } else if (value.is_array()) {
    for (const Value& item : value.get_array()) below = std::max(below, DepthOf(item));
  } else {
    return 0;
  }
  return below + 1;
}

Status Add(Value& doc, const std::vector<std::string>& path, Value value) {
  // Operations must not build what no parser would take.
  if (path.size() + DepthOf(value) > static_cast<size_t>(kJsonDepthMax)) return Fail(Refused());
  if (path.empty()) {
    doc = std::move(value);
    return {};
  }
  Value* parent = Walk(doc, path, path.size() - 1);
  if (parent == nullptr) return Fail(Refused());
  if (parent->is_object()) {
    parent->get_object().insert_or_assign(path.back(), std::move(value));
    return {};
  }
  if (!parent->is_array()) return Fail(Refused());
  Array& array = parent->get_array();
  auto index = Index(path.back(), array.size(), array.size());
  if (!index) return Fail(Refused());
  array.insert(array.begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
  return {};
}

Status Remove(Value& doc, const std::vector<std::string>& path) {
  if (path.empty()) return Fail(Refused());
  Value* parent = Walk(doc, path, path.size() - 1);
  if (parent == nullptr || Step(*parent, path.back()) == nullptr) return Fail(Refused());
  if (parent->is_object()) {
    Erase(parent->get_object(), path.back());
    return {};
  }
  Array& array = parent->get_array();
  auto index = Index(path.back(), array.size() - 1, array.size());
  array.erase(array.begin() + static_cast<std::ptrdiff_t>(*index));
  return {};
}

// `copied` counts the bytes of all copies: a document may not double itself without end.
Status ApplyOne(Value& doc, const Object& operation, size_t& copied) {
  std::string_view op = GetString(operation, {"op"});
  const Value* path_text = Find(operation, "path");
  if (path_text == nullptr) return Fail(Refused());
  if (!path_text->is_string()) {
    return Fail(BadRequest("error decoding patch: json: cannot unmarshal " +
                           std::string(JsonTypeName(*path_text)) +
                           " into Go struct field jsonPatchOp.path of type string"));
  }
  auto path = SplitPointer(path_text->get_string());
  if (!path) return Fail(path.error());

  if (op == "remove") return Remove(doc, *path);
  if (op == "move" || op == "copy") {
    const Value* from_text = Find(operation, "from");
    if (from_text == nullptr || !from_text->is_string()) {
      return Fail(Refused());
    }
    auto from = SplitPointer(from_text->get_string());
    if (!from) return Fail(from.error());
    Value* source = Walk(doc, *from, from->size());
    if (source == nullptr) return Fail(Refused());
    if (op == "copy") {
      copied += Serialize(*source).size();
      if (copied > kJsonPatchCopyBytesMax) return Fail(Refused());
    }
    Value copy(*source, doc.storage());
    if (op == "move") {
      bool into_itself =
          path->size() > from->size() && std::equal(from->begin(), from->end(), path->begin());
      if (into_itself) return Fail(Refused());
      if (Status removed = Remove(doc, *from); !removed) return removed;
    }
    return Add(doc, *path, std::move(copy));
  }

  const Value* value = Find(operation, "value");
  if (op != "add" && op != "replace" && op != "test") {
    return Fail(Refused());
  }
  static const Value* const kNull = new Value(nullptr);
  if (value == nullptr) value = kNull;
  if (op == "add") return Add(doc, *path, Value(*value, doc.storage()));
  Value* target = Walk(doc, *path, path->size());
  if (op == "test") {
    bool same = target == nullptr ? value->is_null() : Equal(*target, *value);
    if (!same) return Fail(Refused());
    return {};
  }
  if (target == nullptr) {
    // A member that is missing is made; an item is not.
    Value* parent = Walk(doc, *path, path->size() - 1);
    if (parent == nullptr || !parent->is_object()) return Fail(Refused());
    return Add(doc, *path, Value(*value, doc.storage()));
  }
  *target = Value(*value, doc.storage());
  return {};
}

}  // namespace

Result<Value> ApplyJsonPatch(const Value& doc, const Value& operations) {
  if (!operations.is_array()) {
    return Fail(BadRequest("error decoding patch: json: cannot unmarshal " +
                           std::string(JsonTypeName(operations)) +
                           " into Go value of type []handlers.jsonPatchOp"));
  }
  const Array& list = operations.get_array();
  if (list.size() > kJsonPatchOpsMax) {
    return Fail(Error{.code = 413,
                      .reason = "RequestEntityTooLarge",
                      .message = "The allowed maximum operations in a JSON patch is " +
                                 std::to_string(kJsonPatchOpsMax) + ", got " +
                                 std::to_string(list.size())});
  }
  Value result(doc, doc.storage());
  size_t copied = 0;
  for (const Value& operation : list) {
    if (!operation.is_object())
      return Fail(BadRequest("error decoding patch: json: cannot unmarshal " +
                             std::string(JsonTypeName(operation)) +
                             " into Go value of type handlers.jsonPatchOp"));
    if (Status applied = ApplyOne(result, operation.get_object(), copied); !applied) {
      return Fail(applied.error());
    }
  }
  return result;
}

void ApplyMergePatch(Value& doc, const Value& patch) {
  if (!patch.is_object()) {
    doc = Value(patch, doc.storage());
    return;
  }
  if (!doc.is_object()) doc = Object(doc.storage());
  Object& target = doc.get_object();
  for (const auto& [key, value] : patch.get_object()) {
    if (value.is_null()) {
      Erase(target, key);
    } else if (Value* member = Find(target, key)) {
      ApplyMergePatch(*member, value);
    } else {
      // A new member is merged too: nulls inside it must not be stored.
      Value fresh(target.storage());
      ApplyMergePatch(fresh, value);
      target.insert_or_assign(key, std::move(fresh));
    }
  }
}

}  // namespace fairway::kube
