// Children go with their owners, by the policy that was asked for.
#include "gateway/api/garbage_collector.h"

#include <gtest/gtest.h>

#include "tests/gateway/api/api_fixture.h"

namespace fairway::gateway::api {
namespace {

class GarbageCollectorTest : public ApiFixture {
 protected:
  // Returns the uid.
  std::string Create(std::string_view name, std::string_view owners = "[]") {
    FakePtr made = Send("POST", kMaps,
                        "{\"metadata\":{\"name\":\"" + std::string(name) +
                            "\",\"ownerReferences\":" + std::string(owners) + "}}");
    EXPECT_EQ(made->status, 201) << made->body;
    return std::string(kube::GetString(made->Json(), {"metadata", "uid"}));
  }
  static std::string Owner(std::string_view name, std::string_view uid) {
    return R"({"apiVersion":"v1","kind":"ConfigMap","blockOwnerDeletion":true,"name":")" +
           std::string(name) + R"(","uid":")" + std::string(uid) + "\"}";
  }
  int StatusOf(std::string_view name) {
    return Get(std::string(kMaps) + "/" + std::string(name))->status;
  }
  FakePtr Delete(std::string_view name, std::string_view policy) {
    return Send("DELETE", std::string(kMaps) + "/" + std::string(name) +
                              "?propagationPolicy=" + std::string(policy));
  }
};

TEST_F(GarbageCollectorTest, BackgroundDeletionTakesTheChildrenLater) {
  std::string uid = Create("owner");
  Create("child", "[" + Owner("owner", uid) + "]");
  EXPECT_EQ(Delete("owner", "Background")->status, 200);
  EXPECT_EQ(StatusOf("owner"), 404);
  RunUntil([&] { return StatusOf("child") == 404; });
}

TEST_F(GarbageCollectorTest, ForegroundDeletionTakesTheChildrenFirst) {
  std::string uid = Create("owner");
  std::string child = Create("child", "[" + Owner("owner", uid) + "]");
  Create("grandchild", "[" + Owner("child", child) + "]");
  FakePtr answer = Delete("owner", "Foreground");
  EXPECT_EQ(kube::GetString(answer->Json(), {"kind"}), "ConfigMap") << answer->body;
  EXPECT_NE(answer->body.find("foregroundDeletion"), std::string::npos);
  RunUntil([&] { return StatusOf("owner") == 404; });
  EXPECT_EQ(StatusOf("child"), 404);
  EXPECT_EQ(StatusOf("grandchild"), 404);
}

TEST_F(GarbageCollectorTest, OrphanDeletionLeavesTheChildrenWithoutOwner) {
  std::string uid = Create("owner");
  Create("child", "[" + Owner("owner", uid) + "]");
  EXPECT_EQ(Delete("owner", "Orphan")->status, 200);
  RunUntil([&] { return StatusOf("owner") == 404; });
  kube::Value child = Get(std::string(kMaps) + "/child")->Json();
  EXPECT_EQ(kube::GetArray(child, {"metadata", "ownerReferences"}), nullptr);
}

TEST_F(GarbageCollectorTest, SecondOwnerKeepsTheChild) {
  std::string one = Create("one");
  std::string two = Create("two");
  Create("child", "[" + Owner("one", one) + "," + Owner("two", two) + "]");
  EXPECT_EQ(Delete("one", "Background")->status, 200);
  RunUntil([&] {
    kube::Value child = Get(std::string(kMaps) + "/child")->Json();
    return kube::GetArray(child, {"metadata", "ownerReferences"})->size() == 1;
  });
  EXPECT_EQ(StatusOf("child"), 200);
}

TEST_F(GarbageCollectorTest, ChildOfANamesakeGoes) {
  Create("owner");
  Create("child", "[" + Owner("owner", "00000000-0000-4000-8000-000000000000") + "]");
  RunUntil([&] { return StatusOf("child") == 404; });
  EXPECT_EQ(StatusOf("owner"), 200);
}

}  // namespace
}  // namespace fairway::gateway::api
