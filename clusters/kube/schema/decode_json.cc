// Beside pruned_json.cc the only file that sees simdjson.
#include <simdjson.h>

#include <cstring>
#include <memory>

#include "clusters/kube/json_parsers.h"
#include "clusters/kube/schema/decode.h"
#include "clusters/kube/schema/decode_walk.h"
#include "clusters/kube/schema/json_syntax.h"

namespace fairway::kube {
namespace {

namespace dom = simdjson::dom;

// simdjson reads past the end of its input and keeps its tapes between calls: one buffer and one
// parser per thread.
class ThreadParser {
 public:
  simdjson::error_code Parse(std::string_view json, dom::element& out) {
    const size_t needed = json.size() + simdjson::SIMDJSON_PADDING;
    if (needed > size_) {
      size_ = std::max(needed, kParserBytesFirst);
      buffer_ = std::make_unique<char[]>(size_);
    }
    std::memcpy(buffer_.get(), json.data(), json.size());
    std::memset(buffer_.get() + json.size(), 0, simdjson::SIMDJSON_PADDING);
    if (parser_.capacity() < json.size()) {
      if (const auto error = parser_.allocate(size_, kJsonDepthMax)) return error;
    }
    return parser_.parse(buffer_.get(), json.size(), false).get(out);
  }

  void Trim() {
    if (size_ <= kParserBytesKept) return;
    size_ = 0;
    buffer_.reset();
    parser_ = dom::parser();
    builder_ = std::make_unique<Builder>();
  }

  Builder& builder() { return *builder_; }

 private:
  dom::parser parser_;
  std::unique_ptr<Builder> builder_ = std::make_unique<Builder>();
  std::unique_ptr<char[]> buffer_;
  size_t size_ = 0;
};

struct SimdIn {
  using Element = dom::element;

  static JsonType Type(Element e) {
    switch (e.type()) {
      case dom::element_type::NULL_VALUE:
        return JsonType::kNull;
      case dom::element_type::BOOL:
        return JsonType::kBool;
      case dom::element_type::INT64:
        return JsonType::kInt;
      case dom::element_type::UINT64:
        return JsonType::kUint;
      case dom::element_type::DOUBLE:
        return JsonType::kDouble;
      case dom::element_type::STRING:
        return JsonType::kText;
      case dom::element_type::ARRAY:
        return JsonType::kArray;
      case dom::element_type::OBJECT:
        return JsonType::kObject;
    }
    return JsonType::kNull;
  }
  static bool Bool(Element e) { return e.get_bool().value_unsafe(); }
  static int64_t Int(Element e) { return e.get_int64().value_unsafe(); }
  static uint64_t Uint(Element e) { return e.get_uint64().value_unsafe(); }
  static double Double(Element e) { return e.get_double().value_unsafe(); }
  static std::string_view Text(Element e) { return e.get_string().value_unsafe(); }
  // simdjson counts up to 2^24 - 1 only; the size is a hint and a test for emptiness.
  static size_t Size(Element e) {
    if (e.is_object()) {
      const dom::object object = e.get_object().value_unsafe();
      return object.size();
    }
    const dom::array array = e.get_array().value_unsafe();
    return array.size();
  }
  template <typename F>
  static bool EachMember(Element e, F&& f) {
    const dom::object object = e.get_object().value_unsafe();  // keeps it alive over the loop
    for (const dom::key_value_pair member : object) {
      if (!f(member.key, member.value)) return false;
    }
    return true;
  }
  template <typename F>
  static bool EachItem(Element e, F&& f) {
    const dom::array array = e.get_array().value_unsafe();
    for (const Element item : array) {
      if (!f(item)) return false;
    }
    return true;
  }
};

ThreadParser& ParserOfThread() {
  static thread_local ThreadParser parser;
  return parser;
}

std::string ParserMessage(simdjson::error_code error, std::string_view json) {
  if (const std::string syntax = GoSyntaxError(json); !syntax.empty()) return syntax;
  if (error == simdjson::DEPTH_ERROR) return "exceeded max depth";
  if (error == simdjson::UTF8_ERROR) return "invalid UTF-8";
  if (error == simdjson::STRING_ERROR) return "invalid escape in a string";
  if (error == simdjson::NUMBER_ERROR) return "a number is out of range";
  return simdjson::error_message(error);
}

}  // namespace

Result<Decoded> DecodeJson(const Schema& schema, TypeId type, std::string_view json,
                           const DecodeOptions& options) {
  ThreadParser& parser = ParserOfThread();
  dom::element root;
  if (const auto error = parser.Parse(json, root)) {
    parser.Trim();
    return Fail(Error{
        .code = 400,
        .reason = "BadRequest",
        .message = "couldn't get version/kind; json parse error: " + ParserMessage(error, json)});
  }
  Result<Decoded> decoded = TypedWalk<SimdIn>(schema, options, parser.builder()).Run(type, root);
  parser.Trim();
  return decoded;
}

}  // namespace fairway::kube
