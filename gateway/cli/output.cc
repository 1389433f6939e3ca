#include "gateway/cli/output.h"

#include <algorithm>
#include <cstdio>

#include "clusters/kube/time.h"

namespace fairway::gateway {

using kube::Value;

std::string FormatTable(const std::vector<std::string>& columns,
                        const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const std::string& column : columns) widths.push_back(column.size());
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  auto line = [&](const std::vector<std::string>& cells) {
    for (size_t i = 0; i < cells.size(); ++i) {
      text += cells[i];
      if (i + 1 < cells.size()) text += std::string(widths[i] - cells[i].size() + 3, ' ');
    }
    text += '\n';
  };
  line(columns);
  for (const auto& row : rows) line(row);
  return text;
}

namespace {

void WriteJson(const Value& value, int depth, std::string& out) {
  std::string pad(static_cast<size_t>(depth) * 4, ' ');
  if (value.is_object() && !value.get_object().empty()) {
    out += "{\n";
    size_t left = value.get_object().size();
    for (const auto& [key, member] : value.get_object()) {
      out += pad + "    ";
      kube::AppendJsonString(key, out);
      out += ": ";
      WriteJson(member, depth + 1, out);
      out += --left == 0 ? "\n" : ",\n";
    }
    out += pad + "}";
  } else if (value.is_array() && !value.get_array().empty()) {
    out += "[\n";
    size_t left = value.get_array().size();
    for (const Value& item : value.get_array()) {
      out += pad + "    ";
      WriteJson(item, depth + 1, out);
      out += --left == 0 ? "\n" : ",\n";
    }
    out += pad + "]";
  } else {
    kube::AppendJson(value, out);
  }
}

// Plain only where YAML cannot take the word for something else.
std::string YamlScalar(const Value& value) {
  if (!value.is_string()) return kube::Serialize(value);
  std::string_view text = value.get_string();
  bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.' ||
           c == '/';
  });
  static constexpr std::string_view kWords[] = {"true", "false", "null", "yes", "no",
                                                "on",   "off",   "y",    "n"};
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  plain = plain && std::find(std::begin(kWords), std::end(kWords), lower) == std::end(kWords) &&
          std::isalpha(static_cast<unsigned char>(text[0]));
  std::string quoted;
  if (!plain) kube::AppendJsonString(text, quoted);
  return plain ? std::string(text) : quoted;
}

bool IsBlock(const Value& value) {
  return (value.is_object() && !value.get_object().empty()) ||
         (value.is_array() && !value.get_array().empty());
}

void WriteYaml(const Value& value, int depth, std::string& out) {
  std::string pad(static_cast<size_t>(depth) * 2, ' ');
  if (value.is_object()) {
    for (const auto& [key, member] : value.get_object()) {
      out += pad + YamlScalar(Value(key)) + ":";
      if (IsBlock(member)) {
        out += "\n";
        WriteYaml(member, member.is_array() ? depth : depth + 1, out);
      } else {
        out += " " + YamlScalar(member) + "\n";
      }
    }
    return;
  }
  for (const Value& item : value.get_array()) {
    if (!IsBlock(item)) {
      out += pad + "- " + YamlScalar(item) + "\n";
      continue;
    }
    std::string block;
    WriteYaml(item, depth + 1, block);
    block.replace(static_cast<size_t>(depth) * 2, 2, "- ");
    out += block;
  }
}

}  // namespace

std::string FormatDocument(const Value& doc, std::string_view format) {
  std::string text;
  if (format == "yaml" && IsBlock(doc)) {
    WriteYaml(doc, 0, text);
    return text;
  }
  WriteJson(doc, 0, text);
  return text + "\n";
}

std::string Age(std::string_view rfc3339, int64_t now_ms) {
  return kube::HumanAge(rfc3339, Instant{now_ms});
}

int PrintLocalError(const Error& error) {
  std::fprintf(stderr, "error: %s\n", error.message.c_str());
  return 1;
}

int PrintError(const Error& error) {
  bool from_server = !error.reason.empty() && error.code >= 400;
  if (!from_server) return PrintLocalError(error);
  std::fprintf(stderr, "Error from server (%s): %s\n", error.reason.c_str(), error.message.c_str());
  return 1;
}

int PrintUsage(const char* usage, const std::string& mistake) {
  if (!mistake.empty()) std::fprintf(stderr, "error: %s\n", mistake.c_str());
  std::fputs(usage, stderr);
  return 1;
}

}  // namespace fairway::gateway
