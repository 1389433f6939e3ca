#include "gateway/api/yaml_text.h"

#include <algorithm>
#include <string_view>

namespace fairway::gateway::api {

namespace {

// A text that needs no quotes: a word that starts with a letter and holds nothing that YAML reads.
bool IsPlainYaml(std::string_view text) {
  constexpr std::string_view kTyped[] = {"y",  "yes", "n",   "no",    "true",
                                         "on", "off", "nul", "false", "null"};
  if (text.empty() || text.size() > 128) return false;
  bool safe = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '/';
  });
  char first = text.front();
  bool letter = (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z');
  if (!safe || !letter) return false;
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return std::find(std::begin(kTyped), std::end(kTyped), lower) == std::end(kTyped);
}

void AppendText(std::string_view text, std::string& out) {
  if (IsPlainYaml(text)) {
    out += text;
  } else {
    kube::AppendJsonString(text, out);  // a JSON string is a double-quoted YAML scalar
  }
}

bool IsNested(const kube::Value& value) {
  return (value.is_object() && !value.get_object().empty()) ||
         (value.is_array() && !value.get_array().empty());
}

void AppendScalar(const kube::Value& value, std::string& out) {
  if (value.is_string()) {
    AppendText(value.get_string(), out);
  } else {
    kube::AppendJson(value, out);
  }
}

// `inline_first`: the first line continues one that "- " has begun.
void Append(const kube::Value& value, size_t indent, bool inline_first, std::string& out) {
  bool first = inline_first;
  auto begin_line = [&] {
    if (!first) out.append(indent, ' ');
    first = false;
  };
  if (value.is_object()) {
    for (const auto& member : value.get_object()) {
      begin_line();
      AppendText(member.key(), out);
      out += ':';
      if (IsNested(member.value())) {
        out += '\n';
        Append(member.value(), indent + (member.value().is_array() ? 0 : 2), false, out);
      } else {
        out += ' ';
        AppendScalar(member.value(), out);
        out += '\n';
      }
    }
    return;
  }
  for (const kube::Value& item : value.get_array()) {
    begin_line();
    out += "- ";
    if (IsNested(item)) {
      Append(item, indent + 2, true, out);
    } else {
      AppendScalar(item, out);
      out += '\n';
    }
  }
}

}  // namespace

std::string ToYaml(const kube::Value& doc) {
  std::string out;
  if (IsNested(doc)) {
    Append(doc, 0, false, out);
  } else {
    AppendScalar(doc, out);
    out += '\n';
  }
  return out;
}

}  // namespace fairway::gateway::api
