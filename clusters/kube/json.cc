#include "clusters/kube/json.h"

#include <charconv>
#include <cstring>
#include <utility>

#include "clusters/kube/json_parsers.h"

namespace fairway::kube {

namespace {

// Walks all of `path` but its last key.
template <typename ObjectT>
ObjectT* Parent(ObjectT& doc, Path path) {
  ObjectT* object = &doc;
  for (auto key = path.begin(); key + 1 < path.end(); ++key) {
    auto* value = object->if_contains(*key);
    object = value == nullptr ? nullptr : value->if_object();
    if (object == nullptr) return nullptr;
  }
  return object;
}

template <typename ValueT, typename ObjectT>
ValueT* FindIn(ObjectT& doc, Path path) {
  if (path.size() == 0) return nullptr;
  ObjectT* parent = Parent(doc, path);
  return parent == nullptr ? nullptr : parent->if_contains(*(path.end() - 1));
}

template <typename T>
void AppendDecimal(T number, std::string& out) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

// The shortest text that reads back as the same double, and as a double: 1 is written 1.0.
void AppendDouble(double number, std::string& out) {
  char digits[40];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  const std::string_view text(digits, static_cast<size_t>(end - digits));
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

// True when none of eight bytes is a quote, a backslash or a control character: the tests of all
// eight in parallel, by the borrow that a smaller byte makes.
bool NeedsNoEscape(const char* bytes) {
  constexpr uint64_t kOnes = 0x0101010101010101u;
  constexpr uint64_t kHigh = 0x8080808080808080u;
  uint64_t word = 0;
  std::memcpy(&word, bytes, 8);
  const uint64_t quote = word ^ kOnes * '"';
  const uint64_t backslash = word ^ kOnes * '\\';
  const uint64_t found = ((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash) |
                         ((word - kOnes * 0x20) & ~word);
  return (found & kHigh) == 0;
}

void AppendEscape(unsigned char byte, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  switch (byte) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\r':
      out += "\\r";
      return;
    default:
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
  }
}

bool EqualObjects(const Object& a, const Object& b) {
  if (a.size() != b.size()) return false;
  for (const auto& member : a) {
    const Value* other = b.if_contains(member.key());
    if (other == nullptr || !Equal(member.value(), *other)) return false;
  }
  return true;
}

bool EqualArrays(const Array& a, const Array& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!Equal(a[i], b[i])) return false;
  }
  return true;
}

}  // namespace

Result<Value> ParseJson(std::string_view text, StoragePtr storage) {
  if (auto doc = ParseTaken(text, Omission(), storage)) return std::move(*doc);
  return ParseExactly(text, std::move(storage));
}

Result<Value> ParseExactly(std::string_view text, StoragePtr storage) {
  boost::json::parse_options options;
  options.max_depth = kJsonDepthMax;
  boost::json::error_code error;
  boost::json::stream_parser parser(storage, options);
  const size_t used = parser.write_some(text.data(), text.size(), error);
  if (!error && used < text.size()) error = boost::json::error::extra_data;
  if (!error) parser.finish(error);
  if (error) {
    return Fail(Error{
        .code = 400,
        .reason = "BadRequest",
        .message = "malformed JSON at byte " + std::to_string(used) + ": " + error.message()});
  }
  return parser.release();
}

void AppendJson(const Value& value, std::string& out) {
  switch (value.kind()) {
    case boost::json::kind::null:
      out += "null";
      return;
    case boost::json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      return;
    case boost::json::kind::int64:
      return AppendDecimal(value.get_int64(), out);
    case boost::json::kind::uint64:
      return AppendDecimal(value.get_uint64(), out);
    case boost::json::kind::double_:
      return AppendDouble(value.get_double(), out);
    case boost::json::kind::string:
      return AppendJsonString({value.get_string().data(), value.get_string().size()}, out);
    case boost::json::kind::array: {
      char before = '[';
      for (const Value& item : value.get_array()) {
        out += before;
        AppendJson(item, out);
        before = ',';
      }
      out += before == '[' ? "[]" : "]";
      return;
    }
    case boost::json::kind::object: {
      char before = '{';
      for (const auto& member : value.get_object()) {
        out += before;
        AppendJsonString({member.key().data(), member.key().size()}, out);
        out += ':';
        AppendJson(member.value(), out);
        before = ',';
      }
      out += before == '{' ? "{}" : "}";
      return;
    }
  }
}

std::string Serialize(const Value& value) {
  std::string out;
  out.reserve(1024);
  AppendJson(value, out);
  return out;
}

void AppendJsonString(std::string_view text, std::string& out) {
  out += '"';
  size_t plain = 0;  // where the stretch that needs no escape begins
  for (size_t i = 0; i < text.size(); ++i) {
    while (i + 8 <= text.size() && NeedsNoEscape(text.data() + i)) i += 8;
    if (i == text.size()) break;
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    out.append(text, plain, i - plain);
    AppendEscape(byte, out);
    plain = i + 1;
  }
  out.append(text, plain);
  out += '"';
}

const Value* FindPath(const Object& doc, Path path) { return FindIn<const Value>(doc, path); }
Value* FindPath(Object& doc, Path path) { return FindIn<Value>(doc, path); }
const Value* FindPath(const Value& doc, Path path) {
  if (path.size() == 0) return &doc;
  return doc.is_object() ? FindPath(doc.get_object(), path) : nullptr;
}
Value* FindPath(Value& doc, Path path) {
  if (path.size() == 0) return &doc;
  return doc.is_object() ? FindPath(doc.get_object(), path) : nullptr;
}

const Value* Find(const Object& object, std::string_view key) { return object.if_contains(key); }
Value* Find(Object& object, std::string_view key) { return object.if_contains(key); }

template <>
std::optional<std::string_view> Get(const Object& doc, Path path) {
  const Value* value = FindPath(doc, path);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  const String& text = value->get_string();
  return std::string_view(text.data(), text.size());
}

template <>
std::optional<int64_t> Get(const Object& doc, Path path) {
  const Value* value = FindPath(doc, path);
  if (value == nullptr || !value->is_int64()) return std::nullopt;
  return value->get_int64();
}

template <>
std::optional<bool> Get(const Object& doc, Path path) {
  const Value* value = FindPath(doc, path);
  if (value == nullptr || !value->is_bool()) return std::nullopt;
  return value->get_bool();
}

template <>
std::optional<double> Get(const Object& doc, Path path) {
  const Value* value = FindPath(doc, path);
  if (value == nullptr) return std::nullopt;
  if (value->is_double()) return value->get_double();
  if (value->is_int64()) return static_cast<double>(value->get_int64());
  if (value->is_uint64()) return static_cast<double>(value->get_uint64());
  return std::nullopt;
}

std::string_view GetString(const Object& doc, Path path) {
  return Get<std::string_view>(doc, path).value_or(std::string_view());
}
std::string_view GetString(const Value& doc, Path path) {
  return Get<std::string_view>(doc, path).value_or(std::string_view());
}

const Object* GetObject(const Object& doc, Path path) {
  if (path.size() == 0) return &doc;
  const Value* value = FindPath(doc, path);
  return value == nullptr ? nullptr : value->if_object();
}
const Object* GetObject(const Value& doc, Path path) {
  return doc.is_object() ? GetObject(doc.get_object(), path) : nullptr;
}
Object* GetObject(Object& doc, Path path) {
  if (path.size() == 0) return &doc;
  Value* value = FindPath(doc, path);
  return value == nullptr ? nullptr : value->if_object();
}
Object* GetObject(Value& doc, Path path) {
  return doc.is_object() ? GetObject(doc.get_object(), path) : nullptr;
}

const Array* GetArray(const Object& doc, Path path) {
  const Value* value = FindPath(doc, path);
  return value == nullptr ? nullptr : value->if_array();
}
const Array* GetArray(const Value& doc, Path path) {
  const Value* value = FindPath(doc, path);
  return value == nullptr ? nullptr : value->if_array();
}
Array* GetArray(Object& doc, Path path) {
  Value* value = FindPath(doc, path);
  return value == nullptr ? nullptr : value->if_array();
}
Array* GetArray(Value& doc, Path path) {
  Value* value = FindPath(doc, path);
  return value == nullptr ? nullptr : value->if_array();
}

Object& EnsureObject(Object& doc, Path path) {
  Object* object = &doc;
  for (const std::string_view key : path) {
    Value& value = (*object)[key];
    object = value.is_object() ? &value.get_object() : &value.emplace_object();
  }
  return *object;
}

bool Erase(Object& object, std::string_view key) { return object.stable_erase(key) != 0; }

bool ErasePath(Object& doc, Path path) {
  if (path.size() == 0) return false;
  Object* parent = Parent(doc, path);
  return parent != nullptr && Erase(*parent, *(path.end() - 1));
}

bool Equal(const Value& a, const Value& b) {
  if (a.is_object()) return b.is_object() && EqualObjects(a.get_object(), b.get_object());
  if (a.is_array()) return b.is_array() && EqualArrays(a.get_array(), b.get_array());
  if (a.is_double() != b.is_double()) return false;
  return a == b;
}

std::string_view JsonTypeName(const Value& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return "null";
    case boost::json::kind::bool_:
      return "bool";
    case boost::json::kind::string:
      return "string";
    case boost::json::kind::array:
      return "array";
    case boost::json::kind::object:
      return "object";
    default:
      return "number";
  }
}

}  // namespace fairway::kube
