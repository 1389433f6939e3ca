// The only file of clusters/ that sees yaml-cpp.
#include "clusters/kube/schema/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <map>
#include <streambuf>
#include <string>
#include <utility>

#include "clusters/kube/schema/check_kind.h"
#include "clusters/kube/schema/leaf.h"
#include "clusters/kube/schema/yaml_scalar.h"

namespace fairway::kube {
namespace {

// Memory that anchors (which keep copies) and aliases (which make more) may take in one document.
constexpr size_t kAliasBytesMax = size_t{16} << 20;
constexpr size_t kValueBytes = 32;
constexpr std::string_view kTagPrefix = "tag:yaml.org,2002:";

// Ends the parse from inside a callback; caught in Parse.
struct Stop {
  std::string message;
};

// Reads a string_view as a stream without a copy.
class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // streambuf never writes to its get area
    setg(begin, begin, begin + text.size());
  }
};

// About what a copy of a value costs.
size_t CopyBytes(const Value& value) {
  size_t bytes = kValueBytes;
  if (value.is_string()) {
    bytes += value.get_string().size();
  } else if (value.is_array()) {
    for (const Value& item : value.get_array()) bytes += CopyBytes(item);
  } else if (value.is_object()) {
    for (const auto& member : value.get_object()) {
      bytes += member.key().size() + CopyBytes(member.value());
    }
  }
  return bytes;
}

// yaml-cpp takes a quoted scalar that the text's end cuts off for a whole one. False when at `pos`
// a quote is opened and never closed; it all is well.
bool IsQuoteClosed(std::string_view text, size_t pos) {
  if (pos >= text.size() || (text[pos] != '"' && text[pos] != '\'')) return true;
  const char quote = text[pos];
  for (++pos; pos < text.size(); ++pos) {
    if (quote == '"' && text[pos] == '\\') {
      ++pos;
    } else if (text[pos] == quote) {
      if (quote == '"' || pos + 1 == text.size() || text[pos + 1] != quote) return true;
      ++pos;  // '' is a quote inside
    }
  }
  return false;
}

// Builds one document from the parser's events.
class DocumentBuilder : public YAML::EventHandler {
 public:
  DocumentBuilder(std::string_view text, StoragePtr storage)
      : text_(text), storage_(std::move(storage)) {}

  Value TakeRoot() { return std::move(root_); }
  const YAML::Mark& start() const { return start_; }

  void OnDocumentStart(const YAML::Mark& mark) override { start_ = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Add(mark, anchor, Value(nullptr, storage_), "");
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override;
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override;
  void OnMapEnd() override { Close(); }

 private:
  // A list or map that is being filled.
  struct Open {
    Value value;
    YAML::anchor_t anchor = 0;
    YAML::Mark mark;
    bool has_key = false;
    bool merges = false;  // the key is `<<`
    std::string key;
    std::vector<Value> merged;  // what `<<` brought; written keys win
  };

  [[noreturn]] void Fail(const YAML::Mark& mark, const std::string& what) {
    throw Stop{"yaml: line " + std::to_string(mark.line + 1) + ": " + what};
  }
  void Charge(const YAML::Mark& mark, const Value& value) {
    copied_bytes_ += CopyBytes(value);
    if (copied_bytes_ > kAliasBytesMax) Fail(mark, "document contains excessive aliasing");
  }
  void Begin(const YAML::Mark& mark, YAML::anchor_t anchor, Value value);
  void Close();
  // A finished value: the next key or member of what is open. `plain` is its text when it was a
  // plain scalar.
  void Add(const YAML::Mark& mark, YAML::anchor_t anchor, Value value, std::string_view plain);
  void AddKey(const YAML::Mark& mark, const Value& value, std::string_view plain);
  void AddMember(const YAML::Mark& mark, Value value);
  static void Merge(Open& open);

  std::string_view text_;
  StoragePtr storage_;
  YAML::Mark start_;
  Value root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Value> anchors_;
  size_t copied_bytes_ = 0;
};

void DocumentBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  const auto it = anchors_.find(anchor);
  if (it == anchors_.end()) Fail(mark, "anchor value contains itself");
  Charge(mark, it->second);
  Add(mark, 0, Value(it->second, storage_), "");
}

void DocumentBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag,
                               YAML::anchor_t anchor, const std::string& text) {
  Value value(storage_);
  // "?" is a plain scalar, "!" a quoted one; the short tags may say otherwise.
  const bool plain = tag == "?" || tag.empty();
  if (tag == "!" && !IsQuoteClosed(text_, static_cast<size_t>(std::max(mark.pos, 0)))) {
    Fail(mark, "found unexpected end of stream");
  }
  // The library turns \N and \_ into single bytes, which no JSON may hold.
  if (!IsUtf8(text)) Fail(mark, "an escape that does not give UTF-8; write \\u0085 or \\u00a0");
  std::string_view type = tag;
  if (type.substr(0, kTagPrefix.size()) == kTagPrefix) type.remove_prefix(kTagPrefix.size());
  if (plain || type == "int" || type == "float" || type == "bool" || type == "null") {
    if (!ResolvePlainScalar(text, value)) Fail(mark, "JSON has no number " + text);
  } else {
    value.emplace_string().assign(text.data(), text.size());
  }
  Add(mark, anchor, std::move(value), plain ? std::string_view(text) : std::string_view());
}

void DocumentBuilder::OnSequenceStart(const YAML::Mark& mark, const std::string&,
                                      YAML::anchor_t anchor, YAML::EmitterStyle::value) {
  Begin(mark, anchor, Value(Array(storage_)));
}

void DocumentBuilder::OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                                 YAML::EmitterStyle::value) {
  Begin(mark, anchor, Value(Object(storage_)));
}

void DocumentBuilder::Begin(const YAML::Mark& mark, YAML::anchor_t anchor, Value value) {
  if (open_.size() >= static_cast<size_t>(kJsonDepthMax)) Fail(mark, "exceeded max depth");
  Open& open = open_.emplace_back();
  open.value = std::move(value);
  open.anchor = anchor;
  open.mark = mark;
}

void DocumentBuilder::Close() {
  Open open = std::move(open_.back());
  open_.pop_back();
  Merge(open);
  Add(open.mark, open.anchor, std::move(open.value), "");
}

void DocumentBuilder::Merge(Open& open) {
  for (Value& from : open.merged) {
    for (auto& member : from.get_object()) {
      open.value.get_object().emplace(member.key(), std::move(member.value()));
    }
  }
}

void DocumentBuilder::Add(const YAML::Mark& mark, YAML::anchor_t anchor, Value value,
                          std::string_view plain) {
  if (anchor != 0) {
    Charge(mark, value);
    anchors_[anchor] = value;
  }
  if (open_.empty()) {
    root_ = std::move(value);
    return;
  }
  Open& open = open_.back();
  if (open.value.is_array()) {
    open.value.get_array().push_back(std::move(value));
  } else if (!open.has_key) {
    AddKey(mark, value, plain);
  } else {
    AddMember(mark, std::move(value));
  }
}

void DocumentBuilder::AddKey(const YAML::Mark& mark, const Value& value, std::string_view plain) {
  Open& open = open_.back();
  open.merges = plain == "<<";
  if (value.is_string()) {
    open.key.assign(value.get_string().data(), value.get_string().size());
  } else if (value.is_structured() || value.is_null()) {
    Fail(mark, "a key must be a text");
  } else {
    open.key = Serialize(value);
  }
  open.has_key = true;
  if (!open.merges && open.value.get_object().contains(open.key)) {
    Fail(mark, "key \"" + open.key + "\" already set in map");
  }
}

void DocumentBuilder::AddMember(const YAML::Mark& mark, Value value) {
  Open& open = open_.back();
  open.has_key = false;
  if (!open.merges) {
    open.value.get_object().emplace(open.key, std::move(value));
    return;
  }
  const char* const kWrong = "map merge requires map or sequence of maps as the value";
  if (value.is_object()) {
    open.merged.push_back(std::move(value));
    return;
  }
  if (!value.is_array()) Fail(mark, kWrong);
  for (Value& item : value.get_array()) {
    if (!item.is_object()) Fail(mark, kWrong);
    open.merged.push_back(std::move(item));
  }
}

Error CannotConvert(std::string message) {
  return Error{.code = 400,
               .reason = "BadRequest",
               .message = "error converting YAML to JSON: " + std::move(message)};
}

}  // namespace

bool LooksLikeJson(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

Result<std::vector<Value>> ParseYamlStream(std::string_view text, StoragePtr storage) {
  if (text.size() > kYamlBytesMax) return Fail(CannotConvert("yaml: the text is too large"));
  if (!IsUtf8(text)) return Fail(CannotConvert("yaml: invalid UTF-8"));
  // Besides being forbidden, a zero among the first bytes makes yaml-cpp read the text as UTF-16
  // or 32.
  if (text.find('\0') != std::string_view::npos) {
    return Fail(CannotConvert("yaml: control characters are not allowed"));
  }
  std::vector<Value> documents;
  try {
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    int last_start = -1;
    while (parser) {
      DocumentBuilder builder(text, storage);
      if (!parser.HandleNextDocument(builder)) break;
      // yaml-cpp does not step over a token that begins no node: it would find the same empty
      // document for ever.
      if (builder.start().pos == last_start) {
        return Fail(CannotConvert("yaml: line " + std::to_string(builder.start().line + 1) +
                                  ": did not find expected node content"));
      }
      last_start = builder.start().pos;
      Value root = builder.TakeRoot();
      if (!root.is_null()) documents.push_back(std::move(root));
    }
  } catch (const Stop& stop) {
    return Fail(CannotConvert(stop.message));
  } catch (const YAML::Exception& e) {
    return Fail(CannotConvert("yaml: line " + std::to_string(e.mark.line + 1) + ": " + e.msg));
  } catch (const std::exception& e) {
    return Fail(CannotConvert(std::string("yaml: ") + e.what()));
  }
  return documents;
}

Result<Value> ParseYaml(std::string_view text, StoragePtr storage) {
  Result<std::vector<Value>> documents = ParseYamlStream(text, std::move(storage));
  if (!documents) return Fail(std::move(documents.error()));
  if (documents->size() > 1)
    return Fail(CannotConvert("yaml: the text holds more than one document"));
  if (documents->empty()) return Value(nullptr);
  return std::move(documents->front());
}

Result<Decoded> DecodeYamlObject(const Schema& schema, const KindInfo& kind, std::string_view text,
                                 const DecodeOptions& options) {
  if (LooksLikeJson(text)) return DecodeObject(schema, kind, text, options);
  const Result<Value> value = ParseYaml(text);
  if (!value) return Fail(Unrecognized(kind, value.error().message, text));
  Result<Decoded> decoded = DecodeValue(schema, kind.message, *value, options);
  if (!decoded) {
    if (IsSyntaxError(decoded.error())) {
      return Fail(Unrecognized(kind, decoded.error().message, text));
    }
    return Fail(CannotBeHandled(kind.kind, kind.version, kind, decoded.error().message));
  }
  Status fits = CheckKind(schema, kind, text, decoded->document.get_object());
  if (!fits) return Fail(std::move(fits.error()));
  return decoded;
}

}  // namespace fairway::kube
