// The configuration: every mistake is told at once with its place, precedence is flags,
// environment, file, defaults, and the seed's block is accepted as it stands.
#include <gtest/gtest.h>

#include "gateway/config/config.h"

namespace fairway::gateway {
namespace {

ConfigResult LoadFile(const std::string& text) {
  ConfigSources sources;
  sources.file_name = "fairway.yaml";
  sources.file_text = text;
  return LoadConfig(sources);
}

TEST(ConfigLoadTest, NothingConfiguredWorks) {
  ConfigResult result = LoadConfig({});
  EXPECT_TRUE(result.errors.empty());
  EXPECT_EQ(result.config.listen, "127.0.0.1:7443");
  EXPECT_EQ(result.config.data_directory, "fairway-data");
}

TEST(ConfigLoadTest, AllMistakesComeAtOnceWithLineAndKey) {
  ConfigResult result = LoadFile(
      "server:\n"
      "  listen: nowhere\n"
      "  colour: red\n"
      "store:\n"
      "  watchHistorySeconds: soon\n"
      "nonsense: 1\n");
  ASSERT_EQ(result.errors.size(), 4u) << FormatConfigErrors(result.errors);
  EXPECT_EQ(result.errors[0].where, "fairway.yaml:2");
  EXPECT_EQ(result.errors[0].key, "server.listen");
  EXPECT_EQ(result.errors[1].where, "fairway.yaml:3");
  EXPECT_EQ(result.errors[1].key, "server.colour");
  EXPECT_EQ(result.errors[2].where, "fairway.yaml:5");
  EXPECT_EQ(result.errors[3].where, "fairway.yaml:6");
}

TEST(ConfigLoadTest, BrokenYamlNamesItsLine) {
  ConfigResult result = LoadFile("server:\n  listen: [1\n");
  ASSERT_EQ(result.errors.size(), 1u);
  EXPECT_TRUE(result.errors[0].where.starts_with("fairway.yaml:"));
}

TEST(ConfigLoadTest, FlagsWinOverEnvironmentOverFile) {
  ConfigSources sources;
  sources.file_name = "f";
  sources.file_text =
      "server: {listen: '127.0.0.1:1', tokenFile: from-file}\nlog: {level: error}\n";
  sources.environment = {{"FAIRWAY_SERVER_LISTEN", "127.0.0.1:2"}, {"FAIRWAY_LOG_LEVEL", "debug"}};
  sources.flags = {{"listen", "127.0.0.1:3"}};
  ConfigResult result = LoadConfig(sources);
  ASSERT_TRUE(result.errors.empty()) << FormatConfigErrors(result.errors);
  EXPECT_EQ(result.config.listen, "127.0.0.1:3");
  EXPECT_EQ(result.config.log_level, "debug");
  EXPECT_EQ(result.config.token_file, "from-file");
}

TEST(ConfigLoadTest, UnknownEnvironmentAndFlagsAreMistakes) {
  ConfigSources sources;
  sources.environment = {{"FAIRWAY_SERVER_LISTNE", "x"}};
  sources.flags = {{"bogus", "1"}};
  EXPECT_EQ(LoadConfig(sources).errors.size(), 2u);
}

TEST(ConfigLoadTest, SettingAKeyTwiceIsAMistake) {
  ConfigResult result = LoadFile("log:\n  level: info\n  level: error\n");
  ASSERT_EQ(result.errors.size(), 1u);
  EXPECT_EQ(result.errors[0].message, "set twice");
}

TEST(ConfigLoadTest, TheSeedsBlockIsAcceptedAsItStands) {
  ConfigResult result = LoadFile(
      "kubernetes_runtime:\n"
      "  cluster:\n"
      "    config_path: \"~/.kube/config\"\n"
      "    context: \"flext-production\"\n"
      "    namespace: \"flext\"\n"
      "  resources:\n"
      "    default_cpu_request: \"100m\"\n"
      "    default_cpu_limit: \"1000m\"\n"
      "    default_memory_request: \"128Mi\"\n"
      "    default_memory_limit: \"1Gi\"\n"
      "  scaling:\n"
      "    min_replicas: 1\n"
      "    max_replicas: 50\n"
      "    target_cpu_utilization: 70\n"
      "  jobs:\n"
      "    active_deadline_seconds: 3600\n"
      "    backoff_limit: 3\n"
      "    completions: 1\n"
      "    parallelism: 1\n");
  ASSERT_TRUE(result.errors.empty()) << FormatConfigErrors(result.errors);
  ASSERT_EQ(result.config.clusters.size(), 1u);
  EXPECT_EQ(result.config.clusters[0].kubeconfig, "~/.kube/config");
  EXPECT_EQ(result.config.clusters[0].context, "flext-production");
  EXPECT_EQ(result.config.job_defaults.cpu_request, "100m");
  EXPECT_EQ(result.config.job_defaults.active_deadline_seconds, 3600);
  EXPECT_EQ(result.config.default_namespace, "flext");
}

TEST(ConfigLoadTest, ClustersNeedANameAndAKubeconfigAndDifferentNames) {
  ConfigResult result = LoadFile(
      "clusters:\n"
      "- name: a\n"
      "  kubeconfig: k\n"
      "  labels: {region: eu}\n"
      "- kubeconfig: k\n"
      "- name: a\n"
      "  kubeconfig: k\n");
  EXPECT_EQ(result.errors.size(), 2u) << FormatConfigErrors(result.errors);
  EXPECT_EQ(result.config.clusters[0].labels.at("region"), "eu");
}

}  // namespace
}  // namespace fairway::gateway
