#include "clusters/kube/selector.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "clusters/kube/errors.h"
#include "clusters/kube/kinds/metadata.h"
#include "clusters/kube/kinds/names.h"

namespace fairway::kube {
namespace {

using SelectorOp = LabelSelector::Op;

enum class Token : uint8_t {
  kEnd,
  kText,
  kIn,
  kNotIn,
  kEquals,
  kDoubleEquals,
  kNotEquals,
  kGreater,
  kLess,
  kNot,
  kComma,
  kOpen,
  kClose
};

struct Lexeme {
  Token token = Token::kEnd;
  std::string_view text;
};

bool IsSpecial(char c) {
  return c == '=' || c == '!' || c == '(' || c == ')' || c == ',' || c == '>' || c == '<';
}

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// One step of lookahead over the words and signs of a selector.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : rest_(text) { current_ = Read(); }

  const Lexeme& peek() const { return current_; }
  Lexeme Take() {
    const Lexeme taken = current_;
    current_ = Read();
    return taken;
  }

 private:
  Lexeme Read() {
    while (!rest_.empty() && IsSpace(rest_[0])) rest_.remove_prefix(1);
    if (rest_.empty()) return {};
    if (IsSpecial(rest_[0])) return ReadSign();
    size_t length = 0;
    while (length < rest_.size() && !IsSpecial(rest_[length]) && !IsSpace(rest_[length])) ++length;
    const std::string_view word = Cut(length);
    if (word == "in") return {Token::kIn, word};
    if (word == "notin") return {Token::kNotIn, word};
    return {Token::kText, word};
  }

  Lexeme ReadSign() {
    if (rest_.starts_with("==")) return {Token::kDoubleEquals, Cut(2)};
    if (rest_.starts_with("!=")) return {Token::kNotEquals, Cut(2)};
    const std::string_view sign = Cut(1);
    switch (sign[0]) {
      case '=':
        return {Token::kEquals, sign};
      case '!':
        return {Token::kNot, sign};
      case '(':
        return {Token::kOpen, sign};
      case ')':
        return {Token::kClose, sign};
      case ',':
        return {Token::kComma, sign};
      case '>':
        return {Token::kGreater, sign};
      default:
        return {Token::kLess, sign};
    }
  }

  std::string_view Cut(size_t length) {
    const std::string_view taken = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return taken;
  }

  std::string_view rest_;
  Lexeme current_;
};

tl::unexpected<Error> Unparsable(const std::string& message) {
  return Fail(BadRequest("unable to parse requirement: " + message));
}

std::string Found(const Lexeme& found, std::string_view expected) {
  return "found '" + std::string(found.text) + "', expected: " + std::string(expected);
}

// Inside a requirement, and between two of them.
tl::unexpected<Error> Unexpected(const Lexeme& found, std::string_view expected) {
  return Unparsable(Found(found, expected));
}
tl::unexpected<Error> Misplaced(const Lexeme& found, std::string_view expected) {
  return Fail(BadRequest(Found(found, expected)));
}

std::optional<int64_t> ParseInteger(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// The checks that a finished requirement goes through; `path` names it in messages.
Status Check(LabelSelector::Requirement& requirement) {
  FieldErrors errors;
  ValidateLabelKey(requirement.key, FieldPath("key"), errors);
  const Value shown(boost::json::value_from(requirement.values));
  switch (requirement.op) {
    case SelectorOp::kIn:
    case SelectorOp::kNotIn:
      if (requirement.values.empty()) {
        errors.Invalid(FieldPath("values"), shown,
                       "for 'in', 'notin' operators, values set can't be empty");
      }
      break;
    case SelectorOp::kExists:
    case SelectorOp::kDoesNotExist:
      if (!requirement.values.empty()) {
        errors.Invalid(FieldPath("values"), shown,
                       "values set must be empty for exists and does not exist");
      }
      break;
    case SelectorOp::kGreater:
    case SelectorOp::kLess: {
      const auto number = requirement.values.size() == 1 ? ParseInteger(requirement.values[0])
                                                         : std::optional<int64_t>();
      if (requirement.values.size() != 1) {
        errors.Invalid(FieldPath("values"), shown,
                       "for 'Gt', 'Lt' operators, exactly one value is required");
      } else if (!number) {
        static constexpr FieldPath kValues("values");
        errors.Invalid(kValues.Index(0), requirement.values[0],
                       "for 'Gt', 'Lt' operators, the value must be an integer");
      }
      requirement.number = number.value_or(0);
      break;
    }
  }
  static constexpr FieldPath kValues("values");
  for (size_t i = 0; i < requirement.values.size(); ++i) {
    const FieldPath at = kValues.Index(i);
    for (const std::string& problem : LabelValueProblems(requirement.values[i])) {
      errors.Invalid(at.Key(requirement.key), requirement.values[i], problem);
    }
  }
  if (!errors.empty()) return Unparsable(AggregateText(errors.causes()));
  std::sort(requirement.values.begin(), requirement.values.end());
  return {};
}

// (a,b,) after in and notin; empty entries mean the empty value.
Result<std::vector<std::string>> ParseValueSet(Lexer& lexer) {
  if (lexer.peek().token != Token::kOpen) {
    return Unparsable("found '" + std::string(lexer.peek().text) + "' expected: '('");
  }
  lexer.Take();
  std::set<std::string> values;
  bool open = true;  // a value may follow
  while (true) {
    const Lexeme next = lexer.peek();
    if (next.token == Token::kText || next.token == Token::kIn || next.token == Token::kNotIn) {
      if (!open) return Unexpected(next, "',' or ')'");
      values.emplace(next.text);
      open = false;
    } else if (next.token == Token::kComma) {
      if (open) values.emplace();
      open = true;
    } else if (next.token == Token::kClose) {
      if (open) values.emplace();
      lexer.Take();
      return std::vector<std::string>(values.begin(), values.end());
    } else {
      return Unexpected(next, "',', ')' or identifier");
    }
    lexer.Take();
  }
}

// The single value after =, ==, !=, > and <; none means the empty value.
Result<std::string> ParseValue(Lexer& lexer) {
  const Lexeme next = lexer.peek();
  if (next.token == Token::kEnd || next.token == Token::kComma) return std::string();
  if (next.token != Token::kText && next.token != Token::kIn && next.token != Token::kNotIn) {
    return Unexpected(next, "identifier");
  }
  lexer.Take();
  return std::string(next.text);
}

bool StartsRequirement(const Lexeme& next) {
  return next.token == Token::kText || next.token == Token::kIn || next.token == Token::kNotIn ||
         next.token == Token::kNot;
}

Result<LabelSelector::Requirement> ParseRequirement(Lexer& lexer) {
  LabelSelector::Requirement requirement;
  const bool negated = lexer.peek().token == Token::kNot;
  if (negated) lexer.Take();
  const Lexeme key = lexer.peek();
  if (key.token != Token::kText && key.token != Token::kIn && key.token != Token::kNotIn) {
    return Unexpected(key, "identifier");
  }
  lexer.Take();
  requirement.key = key.text;
  requirement.op = negated ? SelectorOp::kDoesNotExist : SelectorOp::kExists;
  const Lexeme sign = lexer.peek();
  if (sign.token == Token::kEnd || sign.token == Token::kComma) {
    if (Status status = Check(requirement); !status) return Fail(status.error());
    return requirement;
  }
  if (negated) return Misplaced(sign, "',' or 'end of string'");
  lexer.Take();
  Result<std::vector<std::string>> values = std::vector<std::string>();
  switch (sign.token) {
    case Token::kIn:
    case Token::kNotIn:
      requirement.op = sign.token == Token::kIn ? SelectorOp::kIn : SelectorOp::kNotIn;
      values = ParseValueSet(lexer);
      break;
    case Token::kEquals:
    case Token::kDoubleEquals:
    case Token::kNotEquals:
    case Token::kGreater:
    case Token::kLess: {
      requirement.op = sign.token == Token::kNotEquals ? SelectorOp::kNotIn
                       : sign.token == Token::kGreater ? SelectorOp::kGreater
                       : sign.token == Token::kLess    ? SelectorOp::kLess
                                                       : SelectorOp::kIn;
      Result<std::string> value = ParseValue(lexer);
      if (!value) return Fail(value.error());
      values->push_back(std::move(*value));
      break;
    }
    default:
      return Unexpected(sign, "in, notin, =, ==, !=, gt, lt");
  }
  if (!values) return Fail(values.error());
  requirement.values = std::move(*values);
  if (Status status = Check(requirement); !status) return Fail(status.error());
  return requirement;
}

const Value* FindLabel(const Object* labels, std::string_view key) {
  return labels == nullptr ? nullptr : Find(*labels, key);
}

std::string_view LabelText(const Value& value) {
  return value.is_string() ? std::string_view(value.get_string()) : std::string_view();
}

bool Holds(const LabelSelector::Requirement& requirement, const Object* labels) {
  const Value* label = FindLabel(labels, requirement.key);
  switch (requirement.op) {
    case SelectorOp::kExists:
      return label != nullptr;
    case SelectorOp::kDoesNotExist:
      return label == nullptr;
    case SelectorOp::kIn:
      return label != nullptr && std::binary_search(requirement.values.begin(),
                                                    requirement.values.end(), LabelText(*label));
    case SelectorOp::kNotIn:
      return label == nullptr || !std::binary_search(requirement.values.begin(),
                                                     requirement.values.end(), LabelText(*label));
    case SelectorOp::kGreater:
    case SelectorOp::kLess: {
      const auto number = label == nullptr ? std::nullopt : ParseInteger(LabelText(*label));
      if (!number) return false;
      return requirement.op == SelectorOp::kGreater ? *number > requirement.number
                                                    : *number < requirement.number;
    }
  }
  return false;
}

}  // namespace

Result<LabelSelector> LabelSelector::Parse(std::string_view text) {
  LabelSelector selector;
  Lexer lexer(text);
  if (lexer.peek().token != Token::kEnd && !StartsRequirement(lexer.peek())) {
    return Misplaced(lexer.peek(), "!, identifier, or 'end of string'");
  }
  while (lexer.peek().token != Token::kEnd) {
    Result<Requirement> requirement = ParseRequirement(lexer);
    if (!requirement) return Fail(requirement.error());
    selector.requirements_.push_back(std::move(*requirement));
    if (lexer.peek().token == Token::kEnd) break;
    if (lexer.peek().token != Token::kComma) {
      return Misplaced(lexer.peek(), "',' or 'end of string'");
    }
    lexer.Take();
    if (!StartsRequirement(lexer.peek())) return Misplaced(lexer.peek(), "identifier after ','");
  }
  std::sort(selector.requirements_.begin(), selector.requirements_.end(),
            [](const Requirement& a, const Requirement& b) { return a.key < b.key; });
  return selector;
}

Result<LabelSelector> LabelSelector::FromObject(const Object& object) {
  LabelSelector selector;
  if (const Object* labels = GetObject(object, {"matchLabels"})) {
    for (const auto& [key, value] : *labels) {
      selector.requirements_.push_back({key, SelectorOp::kIn, {std::string(LabelText(value))}, 0});
    }
  }
  const Array* expressions = GetArray(object, {"matchExpressions"});
  for (size_t i = 0; expressions != nullptr && i < expressions->size(); ++i) {
    const Object* each = (*expressions)[i].if_object();
    if (each == nullptr) continue;
    Requirement requirement;
    requirement.key = GetString(*each, {"key"});
    const std::string_view op = GetString(*each, {"operator"});
    if (op == "In") {
      requirement.op = SelectorOp::kIn;
    } else if (op == "NotIn") {
      requirement.op = SelectorOp::kNotIn;
    } else if (op == "Exists") {
      requirement.op = SelectorOp::kExists;
    } else if (op == "DoesNotExist") {
      requirement.op = SelectorOp::kDoesNotExist;
    } else {
      return Fail(BadRequest(GoQuote(op) + " is not a valid label selector operator"));
    }
    if (const Array* values = GetArray(*each, {"values"})) {
      for (const Value& value : *values) requirement.values.emplace_back(LabelText(value));
    }
    if (Status status = Check(requirement); !status) return Fail(status.error());
    selector.requirements_.push_back(std::move(requirement));
  }
  return selector;
}

std::string LabelSelector::Text() const {
  std::string out;
  for (const Requirement& each : requirements_) {
    if (!out.empty()) out += ',';
    if (each.op == SelectorOp::kDoesNotExist) out += '!';
    out += each.key;
    switch (each.op) {
      case SelectorOp::kIn:
        // Kubernetes shows a single value of `in` like an equality.
        out += each.values.size() == 1 ? "=" : " in ";
        break;
      case SelectorOp::kNotIn:
        out += each.values.size() == 1 ? "!=" : " notin ";
        break;
      case SelectorOp::kGreater:
        out += ">";
        break;
      case SelectorOp::kLess:
        out += "<";
        break;
      case SelectorOp::kExists:
      case SelectorOp::kDoesNotExist:
        continue;
    }
    const bool list = each.values.size() != 1;
    if (list) out += '(';
    for (size_t i = 0; i < each.values.size(); ++i) out += (i > 0 ? "," : "") + each.values[i];
    if (list) out += ')';
  }
  return out;
}

bool LabelSelector::Matches(const Object* labels) const {
  return std::all_of(requirements_.begin(), requirements_.end(),
                     [&](const Requirement& each) { return Holds(each, labels); });
}

bool LabelSelector::MatchesDocument(const Object& doc) const {
  return empty() || Matches(GetObject(doc, {"metadata", "labels"}));
}

}  // namespace fairway::kube
