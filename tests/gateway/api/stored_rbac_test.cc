// A stored binding counts from the write on, and no longer than it is there.
#include "gateway/api/stored_rbac.h"

#include <gtest/gtest.h>

#include "gateway/auth/authorizer.h"
#include "tests/gateway/api/api_fixture.h"

namespace fairway::gateway::api {
namespace {

class StoredRbacTest : public ApiFixture {};

TEST_F(StoredRbacTest, BindingOpensAndItsDeletionCloses) {
  StoredRbac stored(*store_);
  ASSERT_TRUE(stored.Load());
  Authorizer authorizer(stored);
  User bob{"bob", "", {"system:authenticated"}, {}};
  AccessQuery query{"get", "", "v1", "configmaps", "", "default", "a", ""};
  EXPECT_FALSE(authorizer.Authorize(bob, query).allowed);
  std::string base = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/";
  ASSERT_EQ(Send("POST", base + "roles", R"({"metadata":{"name":"r"},"rules":[
      {"verbs":["get"],"apiGroups":[""],"resources":["configmaps"]}]})")
                ->status,
            201);
  ASSERT_EQ(Send("POST", base + "rolebindings", R"({"metadata":{"name":"b"},
      "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"r"},
      "subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"bob"}]})")
                ->status,
            201);
  EXPECT_TRUE(authorizer.Authorize(bob, query).allowed);
  query.ns = "kube-system";
  EXPECT_FALSE(authorizer.Authorize(bob, query).allowed);
  query.ns = "default";
  ASSERT_EQ(Send("DELETE", base + "rolebindings/b")->status, 200);
  EXPECT_FALSE(authorizer.Authorize(bob, query).allowed);
}

}  // namespace
}  // namespace fairway::gateway::api
