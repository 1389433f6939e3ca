// Namespaces come furnished and leave nothing behind.
#include "gateway/api/namespace_controller.h"

#include <gtest/gtest.h>

#include "tests/gateway/api/api_fixture.h"

namespace fairway::gateway::api {
namespace {

class NamespaceControllerTest : public ApiFixture {};

TEST_F(NamespaceControllerTest, NewNamespaceHasAccountAndRootCa) {
  CreateNamespace("team");
  EXPECT_EQ(Get("/api/v1/namespaces/team/serviceaccounts/default")->status, 200);
  EXPECT_EQ(Get("/api/v1/namespaces/team/configmaps/kube-root-ca.crt")->status, 200);
  kube::Value doc = Get("/api/v1/namespaces/team")->Json();
  EXPECT_EQ(kube::GetString(doc, {"status", "phase"}), "Active");
  EXPECT_EQ(kube::GetString(doc, {"metadata", "labels", "kubernetes.io/metadata.name"}), "team");
}

TEST_F(NamespaceControllerTest, DeletedNamespaceEmptiesItselfAndGoes) {
  CreateNamespace("team");
  ASSERT_EQ(
      Send("POST", "/api/v1/namespaces/team/configmaps", R"({"metadata":{"name":"a"}})")->status,
      201);
  FakePtr deleted = Send("DELETE", "/api/v1/namespaces/team");
  ASSERT_EQ(deleted->status, 200);
  EXPECT_EQ(kube::GetString(deleted->Json(), {"status", "phase"}), "Terminating");
  RunUntil([&] { return Get("/api/v1/namespaces/team")->status == 404; });
  EXPECT_EQ(Get("/api/v1/namespaces/team/configmaps/a")->status, 404);
}

TEST_F(NamespaceControllerTest, TerminatingNamespaceTakesNothingNewAndWaitsForFinalizers) {
  CreateNamespace("team");
  ASSERT_EQ(Send("POST", "/api/v1/namespaces/team/configmaps",
                 R"({"metadata":{"name":"held","finalizers":["example.com/hold"]}})")
                ->status,
            201);
  ASSERT_EQ(Send("DELETE", "/api/v1/namespaces/team")->status, 200);
  FakePtr refused =
      Send("POST", "/api/v1/namespaces/team/configmaps", R"({"metadata":{"name":"late"}})");
  EXPECT_EQ(refused->status, 403);
  EXPECT_NE(refused->body.find("\"reason\":\"NamespaceTerminating\""), std::string::npos)
      << refused->body;
  Settle();
  EXPECT_EQ(Get("/api/v1/namespaces/team")->status, 200);
  ASSERT_EQ(Send("PATCH", "/api/v1/namespaces/team/configmaps/held",
                 R"({"metadata":{"finalizers":null}})",
                 {{"content-type", "application/merge-patch+json"}})
                ->status,
            200);
  RunUntil([&] { return Get("/api/v1/namespaces/team")->status == 404; });
}

TEST_F(NamespaceControllerTest, SystemNamespacesStay) {
  FakePtr refused = Send("DELETE", "/api/v1/namespaces/default");
  EXPECT_EQ(refused->status, 403);
  EXPECT_NE(refused->body.find("this namespace may not be deleted"), std::string::npos);
}

TEST_F(NamespaceControllerTest, ObjectNeedsItsNamespace) {
  FakePtr refused =
      Send("POST", "/api/v1/namespaces/none/configmaps", R"({"metadata":{"name":"a"}})");
  EXPECT_EQ(refused->status, 404);
  EXPECT_NE(refused->body.find(R"(namespaces \"none\" not found)"), std::string::npos);
}

}  // namespace
}  // namespace fairway::gateway::api
