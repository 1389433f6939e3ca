// Lists are consistent over their pages, whatever is written between.
#include "gateway/api/list_handler.h"

#include <gtest/gtest.h>

#include "tests/gateway/api/api_fixture.h"

namespace fairway::gateway::api {
namespace {

class ListHandlerTest : public ApiFixture {
 protected:
  ListHandlerTest() {
    ApiServerOptions options;
    options.controllers = false;
    options.served = {"v1/configmaps", "batch/v1/jobs"};
    options.limits.future_revision_wait_ms = 1;
    Build(std::move(options));
  }

  void CreateMap(std::string_view name, std::string_view labels = "{}") {
    FakePtr made = Send("POST", kMaps,
                        "{\"metadata\":{\"name\":\"" + std::string(name) +
                            "\",\"labels\":" + std::string(labels) + "}}");
    ASSERT_EQ(made->status, 201) << made->body;
  }

  static std::vector<std::string> Names(const kube::Value& list) {
    std::vector<std::string> names;
    for (const kube::Value& item : *kube::GetArray(list, {"items"})) {
      names.emplace_back(kube::GetString(item, {"metadata", "name"}));
    }
    return names;
  }
};

TEST_F(ListHandlerTest, PagesShowOneMomentWhileWritesGoOn) {
  for (const char* name : {"a", "b", "c", "d", "e"}) CreateMap(name);
  kube::Value first = Get(std::string(kMaps) + "?limit=2")->Json();
  EXPECT_EQ(Names(first), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(kube::Get<int64_t>(first, {"metadata", "remainingItemCount"}), 3);
  std::string token(kube::GetString(first, {"metadata", "continue"}));
  CreateMap("bb");
  ASSERT_EQ(Send("DELETE", std::string(kMaps) + "/c")->status, 200);
  kube::Value second = Get(std::string(kMaps) + "?limit=2&continue=" + token)->Json();
  EXPECT_EQ(Names(second), (std::vector<std::string>{"c", "d"}));
  EXPECT_EQ(kube::GetString(second, {"metadata", "resourceVersion"}),
            kube::GetString(first, {"metadata", "resourceVersion"}));
  token = kube::GetString(second, {"metadata", "continue"});
  kube::Value third = Get(std::string(kMaps) + "?limit=2&continue=" + token)->Json();
  EXPECT_EQ(Names(third), (std::vector<std::string>{"e"}));
  EXPECT_EQ(kube::GetString(third, {"metadata", "continue"}), "");
}

TEST_F(ListHandlerTest, SelectorsFilterBeforeTheLimitCounts) {
  CreateMap("a", R"({"app":"x"})");
  CreateMap("b");
  CreateMap("c", R"({"app":"x"})");
  CreateMap("d", R"({"app":"x"})");
  kube::Value page = Get(std::string(kMaps) + "?limit=2&labelSelector=app%3Dx")->Json();
  EXPECT_EQ(Names(page), (std::vector<std::string>{"a", "c"}));
  EXPECT_EQ(kube::FindPath(page, {"metadata", "remainingItemCount"}), nullptr);
  EXPECT_NE(kube::GetString(page, {"metadata", "continue"}), "");
  kube::Value named = Get(std::string(kMaps) + "?fieldSelector=metadata.name%3Db")->Json();
  EXPECT_EQ(Names(named), (std::vector<std::string>{"b"}));
}

TEST_F(ListHandlerTest, EmptyListHasItems) {
  FakePtr list = Get(kMaps);
  EXPECT_NE(list->body.find("\"items\":[]"), std::string::npos) << list->body;
}

TEST_F(ListHandlerTest, LostSnapshotIsExpiredAndOffersAnInconsistentToken) {
  CreateMap("a");
  CreateMap("b");
  std::string token(
      kube::GetString(Get(std::string(kMaps) + "?limit=1")->Json(), {"metadata", "continue"}));
  for (int i = 0; i < 300; ++i) {
    CreateMap("x" + std::to_string(i));
    Get(std::string(kMaps) + "?limit=1");  // each keeps a snapshot: the first falls off
  }
  FakePtr expired = Get(std::string(kMaps) + "?limit=1&continue=" + token);
  ASSERT_EQ(expired->status, 410) << expired->body;
  kube::Value status = expired->Json();
  EXPECT_EQ(kube::GetString(status, {"reason"}), "Expired");
  std::string again(kube::GetString(status, {"metadata", "continue"}));
  ASSERT_NE(again, "");
  FakePtr rest = Get(std::string(kMaps) + "?limit=1&continue=" + again);
  EXPECT_EQ(Names(rest->Json()), (std::vector<std::string>{"b"}));
}

struct BadList {
  const char* query;
  int status;
  const char* says;
};

TEST_F(ListHandlerTest, BadParametersAreToldInKubernetesWords) {
  const BadList kCases[] = {
      {"resourceVersion=abc", 400,
       R"(invalid resource version: resourceVersion: Invalid value: \"abc\": strconv.ParseUint)"},
      {"limit=abc", 400, R"(strconv.ParseInt: parsing \"abc\": invalid syntax)"},
      {"resourceVersionMatch=Exact", 422,
       "resourceVersionMatch is forbidden unless resourceVersion is provided"},
      {"resourceVersion=0&resourceVersionMatch=Exact", 422, "resourceVersionMatch"},
      {"continue=%21%21", 400, "invalid continue token"},
      {"resourceVersion=99999999", 504, "Too large resource version: 99999999"},
      {"labelSelector=a%20b", 400, "unable to parse requirement"},
      {"fieldSelector=data.x%3D1", 400, "data.x"},
  };
  for (const BadList& bad : kCases) {
    FakePtr answer = Get(std::string(kMaps) + "?" + bad.query);
    EXPECT_EQ(answer->status, bad.status) << bad.query << answer->body;
    EXPECT_NE(answer->body.find(bad.says), std::string::npos) << bad.query << answer->body;
  }
}

TEST_F(ListHandlerTest, TableHoldsOneRowPerObject) {
  CreateMap("a");
  FakePtr answer =
      Get(kMaps, {{"accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}});
  kube::Value table = answer->Json();
  EXPECT_EQ(kube::GetString(table, {"kind"}), "Table");
  const kube::Array* rows = kube::GetArray(table, {"rows"});
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ(kube::GetString((*rows)[0], {"object", "kind"}), "PartialObjectMetadata");
}

}  // namespace
}  // namespace fairway::gateway::api
