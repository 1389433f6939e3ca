#include "gateway/config/config_yaml.h"

#include <yaml-cpp/yaml.h>

#include <charconv>
#include <functional>
#include <set>

#include "gateway/config/settings.h"
#include "scheduler/resources.h"

namespace fairway::gateway {

namespace {

constexpr size_t kFileBytesMax = 1u << 20;

class ConfigReader {
 public:
  ConfigReader(std::string file, ConfigResult& result) : file_(std::move(file)), result_(result) {}

  void Root(const YAML::Node& root) {
    if (root.IsNull()) return;  // an empty file sets nothing
    if (!root.IsMap()) return Wrong(root, "", "expected a mapping of sections");
    CheckDuplicates(root, "");
    for (const auto& entry : root) {
      std::string key = entry.first.Scalar();
      if (key == "clusters") {
        Clusters(entry.second);
      } else if (key == "kubernetes_runtime") {
        KubernetesRuntime(entry.second);
      } else if (IsSection(key)) {
        Section(key, entry.second);
      } else {
        Wrong(entry.first, key, "no such section; known are " + SectionNames());
      }
    }
  }

 private:
  void Wrong(const YAML::Node& at, std::string key, std::string message) {
    result_.errors.push_back(
        {file_ + ":" + std::to_string(at.Mark().line + 1), std::move(key), std::move(message)});
  }

  static bool IsSection(const std::string& name) {
    for (const Setting& setting : Settings()) {
      if (setting.key.starts_with(name + ".")) return true;
    }
    return false;
  }

  static std::string SectionNames() {
    std::set<std::string> names{"clusters", "kubernetes_runtime"};
    for (const Setting& setting : Settings()) {
      names.emplace(setting.key.substr(0, setting.key.find('.')));
    }
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
  }

  void CheckDuplicates(const YAML::Node& map, const std::string& path) {
    std::set<std::string> seen;
    for (const auto& entry : map) {
      if (!entry.first.IsScalar()) {
        Wrong(entry.first, path, "a key must be a plain word");
      } else if (!seen.insert(entry.first.Scalar()).second) {
        Wrong(entry.first, Join(path, entry.first.Scalar()), "set twice");
      }
    }
  }

  static std::string Join(const std::string& path, const std::string& key) {
    return path.empty() ? key : path + "." + key;
  }

  void Section(const std::string& name, const YAML::Node& node) {
    if (node.IsNull()) return;
    if (!node.IsMap()) return Wrong(node, name, "expected a mapping");
    CheckDuplicates(node, name);
    for (const auto& entry : node) {
      std::string key = Join(name, entry.first.Scalar());
      const Setting* setting = FindSetting(key);
      if (setting == nullptr && IsSection(key)) {
        Section(key, entry.second);
        continue;
      }
      if (setting == nullptr) {
        Wrong(entry.first, key, "no such setting");
        continue;
      }
      std::string text;
      if (entry.second.IsSequence()) {
        for (const auto& item : entry.second) text += (text.empty() ? "" : ",") + item.Scalar();
      } else if (entry.second.IsScalar()) {
        text = entry.second.Scalar();
      } else {
        Wrong(entry.second, key, "expected " + std::string(setting->expect));
        continue;
      }
      std::string wrong = setting->set(result_.config, text);
      if (!wrong.empty()) {
        Wrong(entry.second, key,
              "\"" + text + "\" is " + wrong + "; expected " + std::string(setting->expect));
      }
    }
  }

  using Fields =
      std::map<std::string, std::function<void(const std::string& path, const YAML::Node&)>>;

  // A mapping with these keys and no others.
  void Map(const std::string& path, const YAML::Node& node, const Fields& fields) {
    if (!node.IsMap()) return Wrong(node, path, "expected a mapping");
    CheckDuplicates(node, path);
    for (const auto& entry : node) {
      std::string key = entry.first.Scalar();
      auto field = fields.find(key);
      if (field == fields.end()) {
        Wrong(entry.first, Join(path, key), "no such setting");
      } else {
        field->second(Join(path, key), entry.second);
      }
    }
  }

  auto Text(std::string& out) {
    return [this, &out](const std::string& path, const YAML::Node& node) {
      if (!node.IsScalar()) return Wrong(node, path, "expected text");
      out = node.Scalar();
    };
  }

  auto Quantity(std::string& out) {
    return [this, &out](const std::string& path, const YAML::Node& node) {
      if (!node.IsScalar() || !scheduler::ParseQuantityMilli(node.Scalar())) {
        return Wrong(node, path, "expected a Kubernetes quantity such as 100m or 128Mi");
      }
      out = node.Scalar();
    };
  }

  auto Count(int64_t& out, int64_t least) {
    return [this, &out, least](const std::string& path, const YAML::Node& node) {
      int64_t value = 0;
      std::string text = node.IsScalar() ? node.Scalar() : "";
      auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (text.empty() || error != std::errc() || end != text.data() + text.size() ||
          value < least) {
        return Wrong(node, path, "expected a whole number of at least " + std::to_string(least));
      }
      out = value;
    };
  }

  void Clusters(const YAML::Node& list) {
    if (!list.IsSequence()) return Wrong(list, "clusters", "expected a list");
    size_t index = 0;
    for (const auto& node : list) {
      std::string path = "clusters[" + std::to_string(index++) + "]";
      ConfiguredCluster cluster;
      Fields fields;
      fields["name"] = Text(cluster.name);
      fields["kubeconfig"] = Text(cluster.kubeconfig);
      fields["context"] = Text(cluster.context);
      fields["labels"] = [&](const std::string& at, const YAML::Node& labels) {
        if (!labels.IsMap()) return Wrong(labels, at, "expected a mapping");
        for (const auto& label : labels)
          cluster.labels[label.first.Scalar()] = label.second.Scalar();
      };
      Map(path, node, fields);
      if (!node.IsMap()) continue;
      if (cluster.name.empty()) Wrong(node, path + ".name", "required");
      if (cluster.kubeconfig.empty()) Wrong(node, path + ".kubeconfig", "required: a path");
      result_.config.clusters.push_back(std::move(cluster));
    }
  }

  // The block of the project's seed document: one member cluster and what Jobs get by default.
  // Scaling has no meaning for Jobs; it is checked and otherwise left to the kinds that scale.
  void KubernetesRuntime(const YAML::Node& node) {
    const std::string root = "kubernetes_runtime";
    JobDefaults& defaults = result_.config.job_defaults;
    ConfiguredCluster cluster;
    cluster.name = "default";
    int64_t scaling = 0;
    Fields cluster_fields{{"config_path", Text(cluster.kubeconfig)},
                          {"context", Text(cluster.context)},
                          {"namespace", Text(result_.config.default_namespace)}};
    Fields resource_fields{{"default_cpu_request", Quantity(defaults.cpu_request)},
                           {"default_cpu_limit", Quantity(defaults.cpu_limit)},
                           {"default_memory_request", Quantity(defaults.memory_request)},
                           {"default_memory_limit", Quantity(defaults.memory_limit)}};
    Fields scaling_fields{{"min_replicas", Count(scaling, 0)},
                          {"max_replicas", Count(scaling, 1)},
                          {"target_cpu_utilization", Count(scaling, 1)}};
    Fields job_fields{{"active_deadline_seconds", Count(defaults.active_deadline_seconds, 1)},
                      {"backoff_limit", Count(defaults.backoff_limit, 0)},
                      {"completions", Count(defaults.completions, 1)},
                      {"parallelism", Count(defaults.parallelism, 1)}};
    auto map = [this](const Fields& fields) {
      return
          [this, &fields](const std::string& path, const YAML::Node& n) { Map(path, n, fields); };
    };
    Map(root, node,
        {{"cluster", map(cluster_fields)},
         {"resources", map(resource_fields)},
         {"scaling", map(scaling_fields)},
         {"jobs", map(job_fields)}});
    if (!cluster.kubeconfig.empty()) result_.config.clusters.push_back(std::move(cluster));
  }

  std::string file_;
  ConfigResult& result_;
};

}  // namespace

void LoadConfigYaml(const std::string& file_name, const std::string& text, ConfigResult& result) {
  if (text.size() > kFileBytesMax) {
    result.errors.push_back({file_name, "", "larger than 1 MiB"});
    return;
  }
  try {
    std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.size() > 1) {
      result.errors.push_back({file_name, "", "holds more than one document"});
      return;
    }
    if (!documents.empty()) ConfigReader(file_name, result).Root(documents[0]);
  } catch (const YAML::Exception& e) {
    result.errors.push_back({file_name + ":" + std::to_string(e.mark.line + 1), "", e.msg});
  }
}

}  // namespace fairway::gateway
