#include "clusters/kube/kinds/names.h"

#include <algorithm>

#include "clusters/kube/schema/leaf.h"

namespace fairway::kube {
namespace {

constexpr size_t kLabelMax = 63;
constexpr size_t kSubdomainMax = 253;
constexpr size_t kPortNameMax = 15;

constexpr std::string_view kSubdomainText =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', "
    "and must start and end with an alphanumeric character (e.g. 'example.com', regex used for "
    "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr std::string_view kLabelText =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must "
    "start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for "
    "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
constexpr std::string_view kLabel1035Text =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', "
    "regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
constexpr std::string_view kKeyText =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    "validation "
    "is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr std::string_view kValueText =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or "
    "'12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
constexpr std::string_view kConfigKeyText =
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name', "
    " "
    "or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
constexpr std::string_view kEnvNameText =
    "a valid environment variable name must consist only of printable ASCII characters other than "
    "'='";

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsLowerAlnum(char c) { return IsLower(c) || IsDigit(c); }
bool IsAlnum(char c) { return IsLowerAlnum(c) || (c >= 'A' && c <= 'Z'); }
bool IsKeyChar(char c) { return IsAlnum(c) || c == '-' || c == '_' || c == '.'; }

bool LooksLikeLabel(std::string_view text) {
  return !text.empty() && IsLowerAlnum(text.front()) && IsLowerAlnum(text.back()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return IsLowerAlnum(c) || c == '-'; });
}

bool LooksLikeSubdomain(std::string_view text) {
  while (true) {
    const size_t dot = text.find('.');
    if (!LooksLikeLabel(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool LooksLikeKey(std::string_view text) {
  return !text.empty() && IsAlnum(text.front()) && IsAlnum(text.back()) &&
         std::all_of(text.begin(), text.end(), IsKeyChar);
}

// Kubernetes counts bytes in both cases, but says so only for labels.
std::string TooManyCharacters(size_t limit) {
  return "must be no more than " + std::to_string(limit) + " characters";
}
std::string TooManyBytes(size_t limit) {
  return "must be no more than " + std::to_string(limit) + " bytes";
}

void AddPathStepProblems(std::string_view text, Problems& out) {
  if (text == ".") {
    out.push_back("must not be '.'");
  } else if (text == "..") {
    out.push_back("must not be '..'");
  } else if (text.starts_with("..")) {
    out.push_back("must not start with '..'");
  }
}

}  // namespace

bool IsDnsLabel(std::string_view text) { return text.size() <= kLabelMax && LooksLikeLabel(text); }

bool IsSubdomain(std::string_view text) {
  return text.size() <= kSubdomainMax && LooksLikeSubdomain(text);
}

bool IsLabelValue(std::string_view text) {
  return text.empty() || (text.size() <= kLabelMax && LooksLikeKey(text));
}

Problems DnsLabelProblems(std::string_view text) {
  Problems out;
  if (text.size() > kLabelMax) out.push_back(TooManyCharacters(kLabelMax));
  if (!LooksLikeLabel(text)) {
    out.emplace_back(LooksLikeSubdomain(text) ? "must not contain dots" : kLabelText);
  }
  return out;
}

Problems Dns1035LabelProblems(std::string_view text) {
  Problems out;
  if (text.size() > kLabelMax) out.push_back(TooManyCharacters(kLabelMax));
  if (!LooksLikeLabel(text) || !IsLower(text.front())) out.emplace_back(kLabel1035Text);
  return out;
}

Problems SubdomainProblems(std::string_view text) {
  Problems out;
  if (text.size() > kSubdomainMax) out.push_back(TooManyCharacters(kSubdomainMax));
  if (!LooksLikeSubdomain(text)) out.emplace_back(kSubdomainText);
  return out;
}

Problems LabelKeyProblems(std::string_view text) {
  Problems out;
  const size_t slash = text.find('/');
  std::string_view name = text;
  if (slash != std::string_view::npos) {
    const std::string_view prefix = text.substr(0, slash);
    name = text.substr(slash + 1);
    if (name.find('/') != std::string_view::npos) {
      out.push_back("a valid label key " + std::string(kKeyText) +
                    " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')");
      return out;
    }
    if (prefix.empty()) out.push_back("prefix part must be non-empty");
    if (!prefix.empty()) {
      if (prefix.size() > kSubdomainMax) {
        out.push_back("prefix part " + TooManyBytes(kSubdomainMax));
      }
      if (!LooksLikeSubdomain(prefix)) out.push_back("prefix part " + std::string(kSubdomainText));
    }
  }
  if (name.empty()) {
    out.push_back("name part must be non-empty");
  } else if (name.size() > kLabelMax) {
    out.push_back("name part " + TooManyBytes(kLabelMax));
  }
  if (!LooksLikeKey(name)) out.push_back("name part " + std::string(kKeyText));
  return out;
}

Problems LabelValueProblems(std::string_view text) {
  Problems out;
  if (IsLabelValue(text)) return out;
  if (text.size() > kLabelMax) out.push_back(TooManyBytes(kLabelMax));
  if (!LooksLikeKey(text)) out.emplace_back(kValueText);
  return out;
}

Problems PathSegmentProblems(std::string_view text) {
  if (text == "." || text == "..") return {"may not be '" + std::string(text) + "'"};
  Problems out;
  for (const char* part : {"/", "%"}) {
    if (text.find(part) != std::string_view::npos) {
      out.push_back(std::string("may not contain '") + part + "'");
    }
  }
  return out;
}

Problems ConfigKeyProblems(std::string_view text) {
  Problems out;
  if (text.size() > kSubdomainMax) out.push_back(TooManyCharacters(kSubdomainMax));
  if (text.empty() || !std::all_of(text.begin(), text.end(), IsKeyChar)) {
    out.emplace_back(kConfigKeyText);
  }
  AddPathStepProblems(text, out);
  return out;
}

Problems EnvNameProblems(std::string_view text) {
  if (text.empty()) return {"environment variable name must be non-empty"};
  for (char c : text) {
    if (c < ' ' || c > '~' || c == '=') return {std::string(kEnvNameText)};
  }
  return {};
}

Problems PortNameProblems(std::string_view text) {
  Problems out;
  if (text.size() > kPortNameMax) out.push_back(TooManyCharacters(kPortNameMax));
  const bool chars =
      std::all_of(text.begin(), text.end(), [](char c) { return IsLowerAlnum(c) || c == '-'; });
  if (!chars) {
    out.push_back("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  }
  if (std::none_of(text.begin(), text.end(), IsLower)) {
    out.push_back("must contain at least one letter (a-z)");
  }
  if (text.find("--") != std::string_view::npos) {
    out.push_back("must not contain consecutive hyphens");
  }
  if (!text.empty() && (text.front() == '-' || text.back() == '-')) {
    out.push_back("must not begin or end with a hyphen");
  }
  return out;
}

}  // namespace fairway::kube
