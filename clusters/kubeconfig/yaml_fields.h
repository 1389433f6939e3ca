// YamlFields: reads a YAML mapping key by key and collects every mistake with its key path. JSON is
// read as the YAML that it is. Thread: any, one at a time. yaml-cpp's exceptions end in ParseYaml
// and in the members here.
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>
#include <string_view>
#include <vector>

#include "scheduler/result.h"

namespace fairway::clusters {

Result<YAML::Node> ParseYaml(std::string_view text);

// The JSON of a YAML value: quoted scalars are strings; plain ones null, booleans or numbers where
// they look like it (YAML 1.2 core schema).
std::string YamlToJson(const YAML::Node& node);

class YamlFields {
 public:
  YamlFields(YAML::Node node, std::string path, std::vector<ErrorCause>& causes);

  // "" / false / an empty reader when the key is missing; a wrong type is noted and read as such.
  std::string Text(const std::string& key);
  bool Flag(const std::string& key);
  YamlFields Map(const std::string& key);
  std::vector<YamlFields> List(const std::string& key);
  std::vector<std::string> Texts(const std::string& key);
  std::vector<std::pair<std::string, std::vector<std::string>>> TextLists(const std::string& key);

  bool Has(const std::string& key) const;
  YAML::Node Raw(const std::string& key) const;
  bool empty() const { return !node_.IsDefined() || node_.IsNull(); }
  std::string PathOf(const std::string& key) const;
  const std::string& path() const { return path_; }

  void Invalid(const std::string& key, std::string message);
  void Forbidden(const std::string& key, std::string message);
  void Required(const std::string& key, std::string message);

 private:
  YAML::Node Find(const std::string& key) const;
  void Note(std::string_view reason, const std::string& key, std::string message);

  YAML::Node node_;
  std::string path_;
  std::vector<ErrorCause>& causes_;
};

}  // namespace fairway::clusters
