// Documents: the JSON values that Kubernetes objects are handled as. One library (Boost.JSON)
// behind one header, so that the rest of the house writes kube::Value and never includes the
// library itself.
//
// Key order is kept, integers are exact (int64/uint64), depth is bounded. A document that lives for
// one request may be built in a MonotonicResource: it is then freed in one step, and every copy
// made into another storage is deep. Values are plain values; no thread may touch one while another
// writes it.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "scheduler/result.h"

namespace fairway::kube {

using Value = boost::json::value;
using Object = boost::json::object;
using Array = boost::json::array;
using String = boost::json::string;
using StoragePtr = boost::json::storage_ptr;
using MonotonicResource = boost::json::monotonic_resource;

// Deeper documents are refused. No Kubernetes type comes near; patches of free-form CRs may.
inline constexpr int kJsonDepthMax = 128;

// The path of keys from a document's root: {"spec", "template", "metadata"}.
using Path = std::initializer_list<std::string_view>;

// Parses one JSON text with no schema. 400 BadRequest with the place of the mistake. Of duplicate
// keys the last one wins.
Result<Value> ParseJson(std::string_view text, StoragePtr storage = {});

// One line, no trailing newline.
std::string Serialize(const Value& value);
void AppendJson(const Value& value, std::string& out);
// A JSON string literal with its quotes.
void AppendJsonString(std::string_view text, std::string& out);

// What stands at `path`, or nullptr where a key is missing or a parent is no object. null counts as
// present: a caller that treats null as unset asks Get or GetObject instead.
const Value* FindPath(const Value& doc, Path path);
Value* FindPath(Value& doc, Path path);
const Value* FindPath(const Object& doc, Path path);
Value* FindPath(Object& doc, Path path);

// The member `key` of an object, or nullptr.
const Value* Find(const Object& object, std::string_view key);
Value* Find(Object& object, std::string_view key);

// A scalar at `path`; nothing where it is missing or of another type. T is std::string_view (valid
// as long as the document), int64_t, bool or double (integers convert to double).
template <typename T>
std::optional<T> Get(const Object& doc, Path path);
template <>
std::optional<std::string_view> Get(const Object& doc, Path path);
template <>
std::optional<int64_t> Get(const Object& doc, Path path);
template <>
std::optional<bool> Get(const Object& doc, Path path);
template <>
std::optional<double> Get(const Object& doc, Path path);
template <typename T>
std::optional<T> Get(const Value& doc, Path path) {
  return doc.is_object() ? Get<T>(doc.get_object(), path) : std::nullopt;
}

// The text at `path`, or "" where there is none.
std::string_view GetString(const Object& doc, Path path);
std::string_view GetString(const Value& doc, Path path);
// The text that a value is, or "".
inline std::string_view TextOf(const Value& value) {
  return value.is_string() ? std::string_view(value.get_string()) : std::string_view();
}

// The object or array at `path`, or nullptr where it is missing or of another type.
const Object* GetObject(const Object& doc, Path path);
const Object* GetObject(const Value& doc, Path path);
Object* GetObject(Object& doc, Path path);
Object* GetObject(Value& doc, Path path);
const Array* GetArray(const Object& doc, Path path);
const Array* GetArray(const Value& doc, Path path);
Array* GetArray(Object& doc, Path path);
Array* GetArray(Value& doc, Path path);

// The object at `path`; made, with its parents, where it is missing or is not an object.
Object& EnsureObject(Object& doc, Path path);

// Erases a member and keeps the order of the others. False when there was none.
bool Erase(Object& object, std::string_view key);
// The same for the last key of `path`.
bool ErasePath(Object& doc, Path path);

// Deep equality; the order of an object's members does not count, 1 and 1.0 are different.
bool Equal(const Value& a, const Value& b);

// The name that Go's JSON decoder gives a value in its messages: "string", "number", "bool",
// "object", "array", "null".
std::string_view JsonTypeName(const Value& value);

}  // namespace fairway::kube
