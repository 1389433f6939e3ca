#include <algorithm>
#include <cctype>

#include "gateway/config/config.h"
#include "gateway/config/config_yaml.h"
#include "gateway/config/settings.h"

namespace fairway::gateway {

namespace {

// server.tokenFile -> FAIRWAY_SERVER_TOKENFILE
std::string EnvironmentName(std::string_view key) {
  std::string name = "FAIRWAY_";
  for (char c : key) name += c == '.' ? '_' : static_cast<char>(std::toupper(c));
  return name;
}

void Set(const Setting& setting, std::string_view text, std::string where, ConfigResult& result) {
  std::string wrong = setting.set(result.config, text);
  if (wrong.empty()) return;
  result.errors.push_back(
      {std::move(where), std::string(setting.key),
       "\"" + std::string(text) + "\" is " + wrong + "; expected " + std::string(setting.expect)});
}

void LoadEnvironment(const std::map<std::string, std::string>& environment, ConfigResult& result) {
  for (const auto& [name, value] : environment) {
    const auto& settings = Settings();
    auto found = std::find_if(settings.begin(), settings.end(), [&n = name](const Setting& s) {
      return EnvironmentName(s.key) == n;
    });
    if (found == settings.end()) {
      result.errors.push_back({name, "", "no such setting; see fairway serve --help"});
    } else {
      Set(*found, value, name, result);
    }
  }
}

void LoadFlags(const std::vector<std::pair<std::string, std::string>>& flags,
               ConfigResult& result) {
  for (const auto& [flag, value] : flags) {
    const Setting* setting = FindFlag(flag);
    if (setting == nullptr) {
      result.errors.push_back({"--" + flag, "", "unknown flag; see fairway serve --help"});
    } else {
      Set(*setting, value, "--" + flag, result);
    }
  }
}

// What only makes sense together.
void CheckTogether(const Config& config, std::vector<ConfigError>& errors) {
  if (config.certificate_file.empty() != config.key_file.empty()) {
    errors.push_back({"", "server.certificateFile",
                      "server.certificateFile and server.keyFile must be set together"});
  }
  for (size_t i = 0; i < config.clusters.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (config.clusters[i].name == config.clusters[j].name) {
        errors.push_back({"", "clusters[" + std::to_string(i) + "].name",
                          "\"" + config.clusters[i].name + "\" is used twice"});
      }
    }
  }
}

}  // namespace

std::string FormatConfigErrors(const std::vector<ConfigError>& errors) {
  std::string text;
  for (const ConfigError& error : errors) {
    if (!error.where.empty()) text += error.where + ": ";
    if (!error.key.empty()) text += error.key + ": ";
    text += error.message + "\n";
  }
  return text;
}

ConfigResult LoadConfig(const ConfigSources& sources) {
  ConfigResult result;
  if (!sources.file_name.empty()) LoadConfigYaml(sources.file_name, sources.file_text, result);
  LoadEnvironment(sources.environment, result);
  LoadFlags(sources.flags, result);
  CheckTogether(result.config, result.errors);
  return result;
}

std::string ConfigReference() {
  Config defaults;
  std::string text;
  for (const Setting& setting : Settings()) {
    text += std::string(setting.key);
    if (!setting.flag.empty()) text += "  (--" + std::string(setting.flag) + ")";
    text += "\n    " + std::string(setting.help) + "\n    expects " + std::string(setting.expect);
    std::string value = setting.show(defaults);
    if (!value.empty()) text += "; default " + value;
    text += "; environment " + EnvironmentName(setting.key) + "\n";
  }
  return text;
}

}  // namespace fairway::gateway
