// The thin path: an object is created, read, listed, watched, changed and deleted over the API.
#include "gateway/api/api_server.h"

#include <gtest/gtest.h>

#include "tests/gateway/api/api_fixture.h"

namespace fairway::gateway::api {
namespace {

class ApiServerTest : public ApiFixture {
 protected:
  FakePtr CreateMap(std::string_view name, std::string_view value = "1") {
    return Send("POST", kMaps,
                "{\"metadata\":{\"name\":\"" + std::string(name) + "\"},\"data\":{\"k\":\"" +
                    std::string(value) + "\"}}");
  }
};

TEST_F(ApiServerTest, CreatedObjectIsReadBackWithServerFields) {
  FakePtr made = CreateMap("a");
  ASSERT_EQ(made->status, 201) << made->body;
  kube::Value doc = made->Json();
  EXPECT_EQ(kube::GetString(doc, {"kind"}), "ConfigMap");
  EXPECT_EQ(kube::GetString(doc, {"apiVersion"}), "v1");
  EXPECT_EQ(kube::GetString(doc, {"metadata", "namespace"}), "default");
  EXPECT_EQ(kube::GetString(doc, {"metadata", "uid"}).size(), 36u);
  EXPECT_FALSE(kube::GetString(doc, {"metadata", "creationTimestamp"}).empty());
  EXPECT_FALSE(kube::GetString(doc, {"metadata", "resourceVersion"}).empty());
  EXPECT_FALSE(made->Header("audit-id").empty());

  FakePtr read = Get(std::string(kMaps) + "/a");
  EXPECT_EQ(read->status, 200);
  EXPECT_EQ(read->body, made->body);
}

TEST_F(ApiServerTest, WatchSeesCreateUpdateDeleteInOrder) {
  FakePtr watch = Begin("GET", std::string(kMaps) + "?watch=true&fieldSelector=metadata.name%3Da");
  ASSERT_EQ(CreateMap("a")->status, 201);
  ASSERT_EQ(CreateMap("b")->status, 201);
  FakePtr put = Send("PUT", std::string(kMaps) + "/a", R"({"data":{"k":"2"}})");
  ASSERT_EQ(put->status, 200) << put->body;
  FakePtr gone = Send("DELETE", std::string(kMaps) + "/a");
  ASSERT_EQ(gone->status, 200) << gone->body;
  EXPECT_EQ(kube::GetString(gone->Json(), {"status"}), "Success");
  Settle();
  std::vector<kube::Value> events = watch->Events();
  ASSERT_EQ(events.size(), 3u) << watch->body;
  EXPECT_EQ(kube::GetString(events[0], {"type"}), "ADDED");
  EXPECT_EQ(kube::GetString(events[1], {"type"}), "MODIFIED");
  EXPECT_EQ(kube::GetString(events[1], {"object", "data", "k"}), "2");
  EXPECT_EQ(kube::GetString(events[2], {"type"}), "DELETED");
  EXPECT_EQ(Get(std::string(kMaps) + "/a")->status, 404);
}

TEST_F(ApiServerTest, ListHoldsItemsInKeyOrderWithoutKind) {
  ASSERT_EQ(CreateMap("b")->status, 201);
  ASSERT_EQ(CreateMap("a")->status, 201);
  FakePtr list = Get(kMaps);
  ASSERT_EQ(list->status, 200);
  kube::Value doc = list->Json();
  EXPECT_EQ(kube::GetString(doc, {"kind"}), "ConfigMapList");
  const kube::Array* items = kube::GetArray(doc, {"items"});
  ASSERT_EQ(items->size(), 3u) << list->body;  // with kube-root-ca.crt
  EXPECT_EQ(kube::GetString((*items)[0], {"metadata", "name"}), "a");
  EXPECT_EQ(kube::GetString((*items)[0], {"kind"}), "");
  EXPECT_EQ(kube::GetString((*items)[1], {"metadata", "name"}), "b");
}

}  // namespace
}  // namespace fairway::gateway::api
