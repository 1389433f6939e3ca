#include "clusters/kube/schema/json_syntax.h"

#include <vector>

namespace fairway::kube {
namespace {

// A recursive-descent reader whose messages follow encoding/json's scanner. The nesting is kept in
// a vector, so that depth costs no stack.
class Scanner {
 public:
  explicit Scanner(std::string_view json) : json_(json) {}

  std::string Run();

 private:
  enum class Expect { kValue, kValueOrEnd, kKey, kKeyOrEnd, kAfterValue };

  bool Value();
  bool Text();
  bool Number();
  bool Word(std::string_view word);
  bool Digits(std::string_view context);
  bool Step(Expect& expect);
  bool AfterValue(Expect& expect);
  bool Key(Expect& expect);

  void SkipSpace() {
    while (at_ < json_.size() &&
           (json_[at_] == ' ' || json_[at_] == '\t' || json_[at_] == '\n' || json_[at_] == '\r')) {
      ++at_;
    }
  }
  bool Wrong(std::string_view context);
  bool Ended() const { return at_ >= json_.size(); }

  std::string_view json_;
  size_t at_ = 0;
  std::vector<char> open_;  // '{' or '['
  std::string error_;
};

std::string CharText(char c) {
  if (c == '\'') return R"('\'')";
  if (c == '"') return "'\"'";
  const auto byte = static_cast<unsigned char>(c);
  static constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '\n':
      return R"('\n')";
    case '\t':
      return R"('\t')";
    case '\r':
      return R"('\r')";
    case '\\':
      return R"('\\')";
    default:
      break;
  }
  if (byte < 0x20 || byte == 0x7f)
    return std::string("'\\x") + kHex[byte >> 4] + kHex[byte & 15] + "'";
  if (byte < 0x80) return std::string("'") + c + "'";
  // A byte beyond ASCII is shown as the code point of the same number.
  std::string out = "'";
  out += static_cast<char>(0xc0 | byte >> 6);
  out += static_cast<char>(0x80 | (byte & 0x3f));
  return out + "'";
}

bool Scanner::Wrong(std::string_view context) {
  if (Ended()) {
    error_ = "unexpected end of JSON input";
  } else {
    error_ = "invalid character " + CharText(json_[at_]) + " " + std::string(context);
  }
  return false;
}

bool Scanner::Word(std::string_view word) {
  for (size_t i = 0; i < word.size(); ++i, ++at_) {
    if (Ended() || json_[at_] != word[i]) {
      return Wrong("in literal " + std::string(word) + " (expecting " + CharText(word[i]) + ")");
    }
  }
  return true;
}

bool Scanner::Digits(std::string_view context) {
  if (Ended() || json_[at_] < '0' || json_[at_] > '9') return Wrong(context);
  while (!Ended() && json_[at_] >= '0' && json_[at_] <= '9') ++at_;
  return true;
}

bool Scanner::Number() {
  if (json_[at_] == '-') ++at_;
  if (!Ended() && json_[at_] == '0') {
    ++at_;
  } else if (!Digits("in numeric literal")) {
    return false;
  }
  if (!Ended() && json_[at_] == '.') {
    ++at_;
    if (!Digits("after decimal point in numeric literal")) return false;
  }
  if (!Ended() && (json_[at_] == 'e' || json_[at_] == 'E')) {
    ++at_;
    if (!Ended() && (json_[at_] == '+' || json_[at_] == '-')) ++at_;
    if (!Digits("in exponent of numeric literal")) return false;
  }
  return true;
}

bool Scanner::Text() {
  for (++at_; !Ended(); ++at_) {
    const char c = json_[at_];
    if (c == '"') {
      ++at_;
      return true;
    }
    if (static_cast<unsigned char>(c) < 0x20) return Wrong("in string literal");
    if (c != '\\') continue;
    ++at_;
    if (Ended()) break;
    if (json_[at_] != 'u') {
      if (std::string_view("\"\\/bfnrt").find(json_[at_]) == std::string_view::npos) {
        return Wrong("in string escape code");
      }
      continue;
    }
    for (int i = 0; i < 4; ++i) {
      ++at_;
      if (Ended() || isxdigit(static_cast<unsigned char>(json_[at_])) == 0) {
        return Wrong("in \\u hexadecimal character escape");
      }
    }
  }
  return Wrong("");
}

bool Scanner::Value() {
  const char c = json_[at_];
  if (c == '"') return Text();
  if (c == '-' || (c >= '0' && c <= '9')) return Number();
  if (c == 't') return Word("true");
  if (c == 'f') return Word("false");
  if (c == 'n') return Word("null");
  return Wrong("looking for beginning of value");
}

bool Scanner::Key(Expect& expect) {
  if (Ended() || json_[at_] != '"') return Wrong("looking for beginning of object key string");
  if (!Text()) return false;
  SkipSpace();
  if (Ended() || json_[at_] != ':') return Wrong("after object key");
  ++at_;
  expect = Expect::kValue;
  return true;
}

bool Scanner::AfterValue(Expect& expect) {
  if (open_.empty()) return Wrong("after top-level value");
  const bool object = open_.back() == '{';
  const char c = Ended() ? '\0' : json_[at_];
  if (c == ',') {
    ++at_;
    expect = object ? Expect::kKey : Expect::kValue;
    return true;
  }
  if (c == (object ? '}' : ']')) {
    ++at_;
    open_.pop_back();
    return true;
  }
  return Wrong(object ? "after object key:value pair" : "after array element");
}

bool Scanner::Step(Expect& expect) {
  const char c = Ended() ? '\0' : json_[at_];
  if (expect == Expect::kAfterValue) return AfterValue(expect);
  if (expect == Expect::kKey) return Key(expect);
  if ((expect == Expect::kKeyOrEnd && c == '}') || (expect == Expect::kValueOrEnd && c == ']')) {
    ++at_;
    open_.pop_back();
    expect = Expect::kAfterValue;
    return true;
  }
  if (expect == Expect::kKeyOrEnd) return Key(expect);
  if (c == '{' || c == '[') {
    ++at_;
    open_.push_back(c);
    expect = c == '{' ? Expect::kKeyOrEnd : Expect::kValueOrEnd;
    return true;
  }
  expect = Expect::kAfterValue;
  return Ended() ? Wrong("") : Value();
}

std::string Scanner::Run() {
  Expect expect = Expect::kValue;
  while (true) {
    SkipSpace();
    if (Ended() && open_.empty() && expect == Expect::kAfterValue) return {};
    if (!Step(expect)) return error_;
  }
}

}  // namespace

std::string GoSyntaxError(std::string_view json) { return Scanner(json).Run(); }

}  // namespace fairway::kube
