// A Cluster object and its Secret give the access that a Member needs, or an error that names the
// field.
#include "gateway/driver/cluster_access.h"

#include <gtest/gtest.h>

namespace fairway::gateway {
namespace {

kube::Value Document(const std::string& text) { return *kube::ParseJson(text); }

TEST(ClusterAccessTest, ServerWithTokenFromASecret) {
  kube::Value cluster = Document(
      R"({"spec":{"server":"https://10.0.0.1:6443/","caBundle":"Y2E=","tlsServerName":"member",
          "credentialSecretRef":{"namespace":"infra","name":"creds"}}})");
  auto key = ClusterSecret(cluster.get_object());
  ASSERT_TRUE(key);
  EXPECT_EQ(*key, (store::ObjectKey{"secrets", "infra", "creds"}));
  kube::Value secret = Document(R"({"data":{"token":"c2VjcmV0"}})");
  auto access = ClusterAccess(cluster.get_object(), &secret.get_object());
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->endpoint.server, "https://10.0.0.1:6443");
  EXPECT_EQ(access->endpoint.ca_pem, "ca");
  EXPECT_EQ(access->endpoint.tls_server_name, "member");
  EXPECT_EQ(access->identity.token, "secret");
}

TEST(ClusterAccessTest, MissingSecretsAndKeysAreNamed) {
  kube::Value cluster = Document(R"({"spec":{"kubeconfigSecretRef":{"name":"kc"}}})");
  EXPECT_EQ(ClusterSecret(cluster.get_object())->ns, kSystemNamespace);
  auto missing = ClusterAccess(cluster.get_object(), nullptr);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("secret \"kc\" not found"), std::string::npos);
  kube::Value empty = Document(R"({"data":{}})");
  auto no_key = ClusterAccess(cluster.get_object(), &empty.get_object());
  ASSERT_FALSE(no_key);
  EXPECT_NE(no_key.error().message.find("no key \"kubeconfig\""), std::string::npos);
}

TEST(ClusterAccessTest, AKubeconfigFromTheApiMayNotNameFilesOrCommands) {
  std::string kubeconfig =
      "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
      "clusters: [{name: c, cluster: {server: 'https://h:1'}}]\n"
      "contexts: [{name: c, context: {cluster: c, user: u}}]\n"
      "users: [{name: u, user: {tokenFile: /etc/passwd}}]\n";
  auto access = clusters::ParseKubeconfig(kubeconfig, {});
  EXPECT_FALSE(access);
}

TEST(ClusterAccessTest, WithoutCredentialsThereIsNoAccess) {
  kube::Value cluster = Document(R"({"spec":{"server":"https://h:1","caBundle":"not base64!"}})");
  EXPECT_FALSE(ClusterAccess(cluster.get_object(), nullptr));
  cluster = Document(R"({"spec":{"server":"https://h:1"}})");
  auto access = ClusterAccess(cluster.get_object(), nullptr);
  ASSERT_FALSE(access);
  EXPECT_NE(access.error().message.find("credentialSecretRef"), std::string::npos);
}

TEST(ClusterAccessTest, ACordonIsNoOtherAccess) {
  const auto same = [](const std::string& before, const std::string& after) {
    return HasSameAccess(Document(R"({"spec":)" + before + "}").get_object(),
                         Document(R"({"spec":)" + after + "}").get_object());
  };
  EXPECT_TRUE(same(R"({"server":"https://a"})", R"({"server":"https://a","cordoned":true})"));
  EXPECT_FALSE(same(R"({"server":"https://a"})", R"({"server":"https://b"})"));
  EXPECT_FALSE(same(R"({"server":"https://a"})", R"({"server":"https://a","context":"c"})"));
  EXPECT_FALSE(
      same(R"({"credentialSecretRef":{"name":"a"}})", R"({"credentialSecretRef":{"name":"b"}})"));
}

}  // namespace
}  // namespace fairway::gateway
