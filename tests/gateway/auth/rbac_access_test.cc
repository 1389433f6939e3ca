// Nobody hands out rights that he does not hold: writing a role or a binding is judged by its
// contents.
#include "gateway/auth/rbac_access.h"

#include <gtest/gtest.h>

#include "clusters/kube/json.h"

namespace fairway::gateway {
namespace {

// bob may write bindings and roles everywhere, and read jobs; nothing else.
class BobsRights final : public RbacSource {
 public:
  uint64_t generation() const override { return 1; }
  void ForEachRole(const std::function<void(const RbacRole&)>& visit) const override {
    visit({"",
           "bobs",
           {{{"create", "update"}, {"rbac.authorization.k8s.io"}, {"*"}, {}, {}},
            {{"get", "list"}, {"batch"}, {"jobs"}, {}, {}},
            {{"bind"}, {"rbac.authorization.k8s.io"}, {"clusterroles"}, {"fairway-viewer"}, {}}}});
  }
  void ForEachBinding(const std::function<void(const RbacBinding&)>& visit) const override {
    RbacBinding binding;
    binding.name = "bobs";
    binding.role = "bobs";
    binding.subjects = {{RbacSubject::Kind::kUser, "bob", ""}};
    visit(binding);
  }
};

class RbacAccessTest : public ::testing::Test {
 protected:
  Status Grant(const api::User& user, const char* resource, const std::string& doc) {
    auto parsed = kube::ParseJson(doc);
    return access_.MayGrant(user, resource, "team", parsed->get_object());
  }
  static std::string Binding(const std::string& role) {
    return R"({"metadata":{"name":"b"},"roleRef":{"kind":"ClusterRole","name":")" + role +
           R"("},"subjects":[{"kind":"User","name":"bob"}]})";
  }
  static std::string Role(const std::string& verb) {
    return R"({"metadata":{"name":"r"},"rules":[{"verbs":[")" + verb +
           R"("],"apiGroups":["batch"],"resources":["jobs"]}]})";
  }

  Loop loop_;
  TokenTable tokens_;
  BobsRights source_;
  RbacAccess access_{loop_, tokens_, source_};
  api::User bob_{"bob", "", {"system:authenticated"}, {}};
  api::User root_{"root", "", {"system:masters"}, {}};
};

TEST_F(RbacAccessTest, ARoleMayHoldWhatItsWriterHolds) {
  EXPECT_TRUE(Grant(bob_, "roles", Role("list")));
  Status refused = Grant(bob_, "roles", Role("delete"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, 403);
  EXPECT_NE(refused.error().message.find("attempting to grant RBAC permissions not currently held"),
            std::string::npos);
  EXPECT_NE(refused.error().message.find(R"(Verbs:["delete"])"), std::string::npos);
}

TEST_F(RbacAccessTest, ABindingHandsOutOnlyWhatItsWriterHoldsOrMayBind) {
  Status refused = Grant(bob_, "rolebindings", Binding("fairway-admin"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, 403);
  EXPECT_TRUE(Grant(bob_, "rolebindings", Binding("fairway-viewer")));  // may "bind" it
  EXPECT_TRUE(Grant(bob_, "rolebindings", Binding("bobs")));
}

TEST_F(RbacAccessTest, ABindingToNothingIsNotFound) {
  Status refused = Grant(bob_, "rolebindings", Binding("nobody-knows"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, 404);
}

TEST_F(RbacAccessTest, MastersMayGrantEverything) {
  EXPECT_TRUE(Grant(root_, "clusterroles", Role("*")));
  EXPECT_TRUE(Grant(root_, "clusterrolebindings", Binding("fairway-admin")));
}

}  // namespace
}  // namespace fairway::gateway
