#include <algorithm>

#include "clusters/kube/errors.h"
#include "clusters/kube/selector.h"

namespace fairway::kube {
namespace {

struct Term {
  std::string key, value;
  bool negated = false;
};

tl::unexpected<Error> BadSelector(std::string_view term) {
  return Fail(BadRequest("invalid selector: '" + std::string(term) + "'; can't understand '" +
                         std::string(term) + "'"));
}

// Splits at commas that no backslash protects.
std::vector<std::string_view> SplitTerms(std::string_view text) {
  std::vector<std::string_view> terms;
  size_t start = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == ',') {
      terms.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  terms.push_back(text.substr(start));
  return terms;
}

Result<std::string> Unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      if (text[i] == '=' || text[i] == ',') {
        return Fail(BadRequest("invalid field selector: unescaped character in value: " +
                               std::string(1, text[i])));
      }
      out += text[i];
      continue;
    }
    if (i + 1 == text.size()) {
      return Fail(BadRequest("invalid field selector: invalid escape sequence: \\"));
    }
    const char next = text[++i];
    if (next != '\\' && next != ',' && next != '=') {
      return Fail(
          BadRequest(std::string("invalid field selector: invalid escape sequence: \\") + next));
    }
    out += next;
  }
  return out;
}

// `a!=b`, `a==b` or `a=b`, at the first operator that stands free.
Result<Term> ParseTerm(std::string_view term) {
  for (size_t i = 0; i < term.size(); ++i) {
    if (term[i] == '\\') {
      ++i;
      continue;
    }
    const std::string_view rest = term.substr(i);
    const size_t length = rest.starts_with("!=") || rest.starts_with("==") ? 2
                          : rest.starts_with("=")                          ? 1
                                                                           : 0;
    if (length == 0) continue;
    Result<std::string> value = Unescape(rest.substr(length));
    if (!value) return Fail(value.error());
    return Term{std::string(term.substr(0, i)), std::move(*value), rest[0] == '!'};
  }
  return BadSelector(term);
}

// Where the value of a field label stands in a document, when not at the path that it spells.
std::string_view PathOf(const KindInfo& kind, std::string_view label) {
  if (kind.kind == "Job" && label == "status.successful") return "status.succeeded";
  if (kind.kind == "Event") {
    if (label == "source") return "source.component";
    // One storage, in the core form (kinds/events.h).
    if (label == "reportingController") return "reportingComponent";
  }
  if (kind.kind == "Pod" && label == "status.podIPs") return "status.podIP";
  return label;
}

std::vector<std::string> SplitPath(std::string_view path) {
  std::vector<std::string> keys;
  while (true) {
    const size_t dot = path.find('.');
    keys.emplace_back(path.substr(0, dot));
    if (dot == std::string_view::npos) return keys;
    path.remove_prefix(dot + 1);
  }
}

Status CheckLabel(const KindInfo& kind, const Term& term) {
  const std::string& key = term.key;
  if (key == "metadata.name" || (kind.namespaced && key == "metadata.namespace")) return {};
  const auto& known = kind.selectable_fields;
  if (std::find(known.begin(), known.end(), key) == known.end()) {
    if (kind.kind == "Pod") return Fail(BadRequest("field label not supported: " + key));
    if (kind.kind == "Job") {
      return Fail(BadRequest("field label " + GoQuote(key) + " not supported for Job"));
    }
    if (known.empty()) {
      return Fail(BadRequest(GoQuote(key) +
                             " is not a known field selector: only \"metadata.name\", "
                             "\"metadata.namespace\""));
    }
    return Fail(BadRequest("field label not supported: " + key));
  }
  if (key == "status.successful" &&
      (term.value.empty() || !std::all_of(term.value.begin(), term.value.end(),
                                          [](char c) { return c >= '0' && c <= '9'; }))) {
    return Fail(BadRequest("strconv.Atoi: parsing " + GoQuote(term.value) + ": invalid syntax"));
  }
  return {};
}

// The value of a field as selectors compare it: absent fields are "", or the zero of their type.
bool TextEquals(const Value* value, const std::string& wanted) {
  if (value == nullptr || value->is_null()) {
    return wanted.empty() || wanted == "0" || wanted == "false";
  }
  switch (value->kind()) {
    case boost::json::kind::string:
      return value->get_string() == wanted;
    case boost::json::kind::bool_:
      return wanted == (value->get_bool() ? "true" : "false");
    case boost::json::kind::int64:
      return wanted == std::to_string(value->get_int64());
    case boost::json::kind::uint64:
      return wanted == std::to_string(value->get_uint64());
    default:
      return false;
  }
}

const Value* Walk(const Object& doc, const std::vector<std::string>& path) {
  const Object* object = &doc;
  for (size_t i = 0; i < path.size(); ++i) {
    const Value* value = object->if_contains(path[i]);
    if (value == nullptr || i + 1 == path.size()) return value;
    object = value->if_object();
    if (object == nullptr) return nullptr;
  }
  return nullptr;
}

}  // namespace

Result<FieldSelector> FieldSelector::Parse(std::string_view text, const KindInfo& kind) {
  FieldSelector selector;
  for (std::string_view piece : SplitTerms(text)) {
    if (piece.empty()) continue;
    const Result<Term> term = ParseTerm(piece);
    if (!term) return Fail(term.error());
    if (Status status = CheckLabel(kind, *term); !status) return Fail(status.error());
    if (!term->negated && term->key == "metadata.name") selector.name_ = term->value;
    if (!term->negated && term->key == "metadata.namespace") selector.ns_ = term->value;
    selector.requirements_.push_back(
        {SplitPath(PathOf(kind, term->key)), term->value, term->negated});
  }
  return selector;
}

bool FieldSelector::Matches(const Object& doc) const {
  return std::all_of(requirements_.begin(), requirements_.end(), [&](const Requirement& each) {
    return TextEquals(Walk(doc, each.path), each.value) != each.negated;
  });
}

}  // namespace fairway::kube
