#include "clusters/kubeconfig/yaml_fields.h"

#include <fmt/core.h>

#include <charconv>
#include <cmath>

#include "clusters/kube/json.h"

namespace fairway::clusters {

namespace {

constexpr int kDepthMax = 64;
// Anchors can make a small text denote a huge tree; what is beyond becomes null.
constexpr size_t kJsonBytesMax = 256u << 10;

Error BadYaml(std::string message) {
  Error error;
  error.code = 400;
  error.reason = "BadRequest";
  error.message = std::move(message);
  return error;
}

bool IsJsonNumber(const std::string& text) {
  double value = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return false;
  size_t first = text.starts_with('-') ? 1 : 0;
  bool digit = first < text.size() && text[first] >= '0' && text[first] <= '9';
  bool leading_zero = text.size() > first + 1 && text[first] == '0' && text[first + 1] != '.';
  return digit && !leading_zero && text.back() != '.';
}

void AppendScalar(const YAML::Node& node, std::string& out) {
  const std::string& text = node.Scalar();
  // Tag "!" means that the scalar was quoted.
  bool plain = node.Tag() != "!";
  if (plain && (text == "true" || text == "false" || IsJsonNumber(text))) {
    out += text;
  } else if (plain && (text.empty() || text == "null" || text == "~")) {
    out += "null";
  } else {
    kube::AppendJsonString(text, out);
  }
}

void AppendYaml(const YAML::Node& node, std::string& out, int depth) {
  if (depth > kDepthMax || out.size() > kJsonBytesMax || !node.IsDefined() || node.IsNull()) {
    out += "null";
  } else if (node.IsScalar()) {
    AppendScalar(node, out);
  } else if (node.IsSequence()) {
    out += '[';
    for (size_t i = 0; i < node.size(); ++i) {
      if (i > 0) out += ',';
      AppendYaml(node[i], out, depth + 1);
    }
    out += ']';
  } else {
    out += '{';
    bool first = true;
    for (const auto& entry : node) {
      if (!first) out += ',';
      first = false;
      kube::AppendJsonString(entry.first.IsScalar() ? entry.first.Scalar() : "", out);
      out += ':';
      AppendYaml(entry.second, out, depth + 1);
    }
    out += '}';
  }
}

}  // namespace

Result<YAML::Node> ParseYaml(std::string_view text) {
  try {
    return YAML::Load(std::string(text));
  } catch (const std::exception& problem) {
    return Fail(BadYaml(fmt::format("not YAML: {}", problem.what())));
  }
}

std::string YamlToJson(const YAML::Node& node) {
  std::string out;
  AppendYaml(node, out, 0);
  return out;
}

YamlFields::YamlFields(YAML::Node node, std::string path, std::vector<ErrorCause>& causes)
    : node_(std::move(node)), path_(std::move(path)), causes_(causes) {
  if (!empty() && !node_.IsMap()) {
    causes_.push_back({"FieldValueTypeInvalid", "want a mapping", path_});
    node_.reset(YAML::Node());
  }
}

YAML::Node YamlFields::Find(const std::string& key) const {
  // Not operator[]: that would add the key to the document.
  if (node_.IsDefined() && node_.IsMap()) {
    for (const auto& entry : node_) {
      if (entry.first.IsScalar() && entry.first.Scalar() == key) return entry.second;
    }
  }
  return YAML::Node();
}

bool YamlFields::Has(const std::string& key) const { return !Find(key).IsNull(); }
YAML::Node YamlFields::Raw(const std::string& key) const { return Find(key); }

std::string YamlFields::PathOf(const std::string& key) const {
  return path_.empty() ? key : path_ + "." + key;
}

std::string YamlFields::Text(const std::string& key) {
  YAML::Node node = Find(key);
  if (node.IsNull()) return "";
  if (!node.IsScalar()) {
    Note("FieldValueTypeInvalid", key, "want a string");
    return "";
  }
  return node.Scalar();
}

bool YamlFields::Flag(const std::string& key) {
  YAML::Node node = Find(key);
  if (node.IsNull()) return false;
  bool is_flag = node.IsScalar() && (node.Scalar() == "true" || node.Scalar() == "false");
  if (!is_flag) Note("FieldValueTypeInvalid", key, "want true or false");
  return is_flag && node.Scalar() == "true";
}

YamlFields YamlFields::Map(const std::string& key) {
  return YamlFields(Find(key), PathOf(key), causes_);
}

std::vector<YamlFields> YamlFields::List(const std::string& key) {
  std::vector<YamlFields> out;
  YAML::Node node = Find(key);
  if (node.IsNull()) return out;
  if (!node.IsSequence()) {
    Note("FieldValueTypeInvalid", key, "want a list");
    return out;
  }
  for (size_t i = 0; i < node.size(); ++i) {
    out.emplace_back(node[i], fmt::format("{}[{}]", PathOf(key), i), causes_);
  }
  return out;
}

std::vector<std::string> YamlFields::Texts(const std::string& key) {
  std::vector<std::string> out;
  YAML::Node node = Find(key);
  if (node.IsNull()) return out;
  bool good = node.IsSequence();
  for (size_t i = 0; good && i < node.size(); ++i) {
    good = node[i].IsScalar();
    if (good) out.push_back(node[i].Scalar());
  }
  if (!good) Note("FieldValueTypeInvalid", key, "want a list of strings");
  return out;
}

std::vector<std::pair<std::string, std::vector<std::string>>> YamlFields::TextLists(
    const std::string& key) {
  std::vector<std::pair<std::string, std::vector<std::string>>> out;
  YAML::Node node = Find(key);
  YamlFields map(node, PathOf(key), causes_);
  if (map.empty()) return out;
  for (const auto& entry : node) {
    if (entry.first.IsScalar()) {
      out.emplace_back(entry.first.Scalar(), map.Texts(entry.first.Scalar()));
    }
  }
  return out;
}

void YamlFields::Note(std::string_view reason, const std::string& key, std::string message) {
  causes_.push_back({std::string(reason), std::move(message), key.empty() ? path_ : PathOf(key)});
}
void YamlFields::Invalid(const std::string& key, std::string message) {
  Note("FieldValueInvalid", key, std::move(message));
}
void YamlFields::Forbidden(const std::string& key, std::string message) {
  Note("FieldValueForbidden", key, std::move(message));
}
void YamlFields::Required(const std::string& key, std::string message) {
  Note("FieldValueRequired", key, std::move(message));
}

}  // namespace fairway::clusters
