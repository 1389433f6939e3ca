#include "clusters/kubeconfig/kubeconfig.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "clusters/kubeconfig/base64.h"
#include "tests/clusters/http/test_pki_fixture.h"

namespace fairway::clusters {
namespace {

using fairway::testing::TestPki;
using ::testing::HasSubstr;

constexpr std::string_view kTemplate = R"(apiVersion: v1
kind: Config
current-context: main
clusters:
- name: c
  cluster:
    server: https://api.example:6443/
{}
users:
- name: u
  user:
{}
contexts:
- name: main
  context: {{cluster: c, user: u, namespace: team}}
- name: other
  context: {{cluster: gone, user: u}}
)";

std::string Config(std::string_view cluster, std::string_view user) {
  return fmt::format(fmt::runtime(kTemplate), cluster, user);
}

// A directory with files that a kubeconfig may name.
class KubeconfigTest : public ::testing::Test {
 protected:
  KubeconfigTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "fairway-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  ~KubeconfigTest() override { std::filesystem::remove_all(directory_); }
  std::string Write(const std::string& name, const std::string& text) {
    std::string path = directory_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
  TestPki pki_;
  std::string directory_;
};

TEST_F(KubeconfigTest, InlineDataIsDecodedAndTheContextResolved) {
  auto certificate = pki_.Issue("alice", {});
  std::string text = Config(
      fmt::format("    certificate-authority-data: {}\n    tls-server-name: other.example\n"
                  "    proxy-url: socks5://proxy:1080\n    disable-compression: true",
                  EncodeBase64(pki_.ca_pem())),
      fmt::format("    token: abc\n    client-certificate-data: {}\n    client-key-data: {}\n"
                  "    as: bob\n    as-groups: [g1, g2]\n    as-user-extra: {{scope: [x, y]}}",
                  EncodeBase64(certificate.certificate_pem), EncodeBase64(certificate.key_pem)));
  auto access = ParseKubeconfig(text, {});
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->context, "main");
  EXPECT_EQ(access->default_namespace, "team");
  EXPECT_EQ(access->endpoint.server, "https://api.example:6443");
  EXPECT_EQ(access->endpoint.ca_pem, pki_.ca_pem());
  EXPECT_EQ(access->endpoint.tls_server_name, "other.example");
  EXPECT_EQ(access->endpoint.proxy_url, "socks5://proxy:1080");
  EXPECT_TRUE(access->endpoint.disable_compression);
  EXPECT_EQ(access->identity.token, "abc");
  EXPECT_EQ(access->identity.certificate, certificate);
  EXPECT_EQ(access->identity.as_user, "bob");
  EXPECT_EQ(access->identity.as_groups.size(), 2u);
  EXPECT_EQ(access->identity.as_extra.size(), 2u);
}

// Found by fuzzing: the library's own quoting of text that is not UTF-8 ended the process.
TEST_F(KubeconfigTest, NamesThatAreNotUtf8AreQuotedInErrors) {
  auto access = ParseKubeconfig(
      "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: []\nusers: []\n"
      "contexts:\n- name: c\n  context: {cluster: \"\xc3\", user: u}\n",
      {});
  ASSERT_FALSE(access);
  EXPECT_FALSE(access.error().causes.empty() && access.error().message.empty());
}

TEST_F(KubeconfigTest, FilesAreRelativeToTheKubeconfig) {
  auto certificate = pki_.Issue("alice", {});
  Write("ca.pem", pki_.ca_pem());
  Write("cert.pem", certificate.certificate_pem);
  Write("key.pem", certificate.key_pem);
  std::string path =
      Write("config", Config("    certificate-authority: ca.pem",
                             "    client-certificate: ./cert.pem\n    client-key: key.pem\n"
                             "    tokenFile: sub/token\n    token: ignored"));
  auto access = LoadKubeconfig(path, "");
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->endpoint.ca_pem, pki_.ca_pem());
  EXPECT_EQ(access->identity.certificate, certificate);
  EXPECT_EQ(access->identity.token_file, directory_ + "/sub/token");
}

TEST_F(KubeconfigTest, KubeconfigFromTheApiMayNameNoFilesAndNoCommands) {
  std::string path = Write("secret", "a file of the gateway's");
  struct Case {
    std::string cluster, user, field;
  };
  std::vector<Case> cases = {
      {"    certificate-authority: " + path, "    token: t",
       "clusters[0].cluster.certificate-authority"},
      {"", "    tokenFile: " + path, "users[0].user.tokenFile"},
      {"", "    client-certificate: " + path, "users[0].user.client-certificate"},
      {"", "    client-key: " + path, "users[0].user.client-key"},
      {"",
       "    exec: {apiVersion: client.authentication.k8s.io/v1, command: id, interactiveMode: "
       "Never}",
       "users[0].user.exec"},
  };
  for (const Case& one : cases) {
    auto access = ParseKubeconfig(Config(one.cluster, one.user), {});
    ASSERT_FALSE(access) << one.field;
    auto forbidden =
        std::find_if(access.error().causes.begin(), access.error().causes.end(), [&](auto& cause) {
          return cause.reason == "FieldValueForbidden" && cause.field.starts_with(one.field);
        });
    EXPECT_NE(forbidden, access.error().causes.end()) << access.error().message;
    EXPECT_THAT(access.error().message, ::testing::Not(HasSubstr("a file of the gateway's")));
  }
}

TEST_F(KubeconfigTest, EveryMistakeIsNamedAtOnceWithItsPath) {
  std::string text = Config(
      fmt::format("    certificate-authority-data: {}\n    insecure-skip-tls-verify: true\n"
                  "    proxy-url: ftp://x\n    disable-compression: perhaps",
                  EncodeBase64(pki_.ca_pem())),
      "    client-certificate-data: '***'\n    auth-provider: {name: gcp}\n    as-groups: [g]");
  auto access = ParseKubeconfig(text, {});
  ASSERT_FALSE(access);
  EXPECT_EQ(access.error().code, 422);
  std::vector<std::string> fields;
  for (auto& cause : access.error().causes) fields.push_back(cause.field);
  EXPECT_THAT(fields,
              ::testing::UnorderedElementsAre("clusters[0].cluster.insecure-skip-tls-verify",
                                              "clusters[0].cluster.proxy-url",
                                              "clusters[0].cluster.disable-compression",
                                              "users[0].user.client-certificate-data",
                                              "users[0].user.auth-provider", "users[0].user.as"));
}

TEST_F(KubeconfigTest, BadDocumentsAndUnknownNamesAreRefusedWithTheCause) {
  struct Case {
    std::string text, context, message;
  };
  std::vector<Case> cases = {
      {"", "", "not a mapping"},
      {"[1, 2]", "", "not a mapping"},
      {"a: [", "", "not YAML"},
      {Config("", "    token: t"), "absent", "known: main, other"},
      {Config("", "    token: t"), "other", "\"gone\""},
      {"kind: Pod\ncurrent-context: x", "", "want Config"},
      {"clusters: 7\ncurrent-context: x\ncontexts: {}", "", "want a list"},
      {"kind: Config", "", "current-context"},
      {std::string(2 << 20, '#'), "", "larger than"},
      {Config("", "    exec: {apiVersion: v9, interactiveMode: Always}"), "", "exec"},
  };
  for (const Case& one : cases) {
    KubeconfigOptions options;
    options.context = one.context;
    options.trusted = true;
    auto access = ParseKubeconfig(one.text, options);
    ASSERT_FALSE(access) << one.text.substr(0, 80);
    EXPECT_THAT(access.error().message, HasSubstr(one.message));
  }
}

TEST_F(KubeconfigTest, ExecPluginKeepsItsEnvironmentHintAndClusterExtension) {
  std::string text = Config(
      "    extensions:\n    - name: client.authentication.k8s.io/exec\n"
      "      extension: {audience: x, n: 3, s: \"3\", b: true, l: [1, null]}",
      "    exec:\n      apiVersion: client.authentication.k8s.io/v1beta1\n      command: ./plugin\n"
      "      args: [get, token]\n      env: [{name: A, value: b}]\n      installHint: install it\n"
      "      provideClusterInfo: true");
  KubeconfigOptions options;
  options.trusted = true;
  options.directory = "/etc/x";
  auto access = ParseKubeconfig(text, options);
  ASSERT_TRUE(access) << access.error().message;
  const ExecConfig& exec = *access->identity.exec;
  EXPECT_EQ(exec.command, "/etc/x/plugin");
  EXPECT_EQ(exec.args.size(), 2u);
  EXPECT_EQ(exec.env[0].second, "b");
  EXPECT_EQ(exec.cluster_config_json, R"({"audience":"x","n":3,"s":"3","b":true,"l":[1,null]})");
}

TEST_F(KubeconfigTest, FlattenedKubeconfigMeansTheSameWithoutFiles) {
  auto certificate = pki_.Issue("alice", {});
  Write("ca.pem", pki_.ca_pem());
  Write("cert.pem", certificate.certificate_pem);
  Write("key.pem", certificate.key_pem);
  std::string path = Write("config", Config("    certificate-authority: ca.pem\n"
                                            "    tls-server-name: a.example",
                                            "    client-certificate: cert.pem\n"
                                            "    client-key: key.pem\n    token: t\n    as: bob\n"
                                            "    as-user-extra: {scope: [x, y]}"));
  auto access = LoadKubeconfig(path, "");
  ASSERT_TRUE(access) << access.error().message;
  auto flat = Flatten(*access);
  ASSERT_TRUE(flat) << flat.error().message;
  auto again = ParseKubeconfig(*flat, {});  // untrusted: names no file
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again, *access);
}

TEST_F(KubeconfigTest, WhatCannotBeFlattenedSaysWhyAndWhatToDo) {
  Access access;
  access.identity.exec.emplace();
  access.identity.exec->command = "aws";
  auto flat = Flatten(access);
  ASSERT_FALSE(flat);
  EXPECT_THAT(flat.error().message, HasSubstr("service account"));
  access.identity.exec.reset();
  access.identity.token_file = Write("token", "tok\n");
  EXPECT_FALSE(Flatten(access));
  auto inlined = Flatten(access, true);
  ASSERT_TRUE(inlined);
  EXPECT_THAT(*inlined, HasSubstr("\"token\":\"tok\""));
}

TEST(Base64Test, RoundTripsAndRefusesWhatIsNotBase64) {
  for (size_t size = 0; size < 50; ++size) {
    std::string bytes;
    for (size_t i = 0; i < size; ++i) bytes += static_cast<char>(i * 37 + size);
    EXPECT_EQ(DecodeBase64(EncodeBase64(bytes)), bytes);
  }
  EXPECT_EQ(DecodeBase64("YWJj\nZA=="), "abcd");
  for (std::string_view bad : {"a", "ab=c", "abc", "ab=", "****", "abcd=", "=abc"}) {
    EXPECT_EQ(DecodeBase64(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace fairway::clusters
