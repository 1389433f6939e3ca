// Which texts of a body are holes, and that no text whatever leads the walk astray.
#include "gateway/api/body_holes.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fairway::gateway::api {
namespace {

class BodyHolesTest : public ::testing::Test {
 protected:
  std::vector<std::string> Found(std::string_view body, std::string_view kind = "jobs") const {
    std::vector<std::string> found;
    const ServedKind* served = registry_.FindResource(kind == "jobs" ? "batch" : "", "v1", kind);
    for (const BodyHole& hole : FindBodyHoles(*served, body)) {
      found.push_back(hole.pointer + "=" + std::string(body.substr(hole.at, hole.size)) +
                      (hole.is_name ? " (name)" : ""));
    }
    return found;
  }
  Registry registry_{kube::Schema::Builtin(),
                     kube::Strategies::Builtin(),
                     {"batch/v1/jobs", "v1/configmaps", "v1/secrets"}};
};

constexpr std::string_view kJobWithHoles = R"( {"apiVersion": "batch/v1", "kind":"Job",
  "metadata": {"name":"a", "labels":{"x":"y"},
    "annotations":{"example.com/run":"1","n":"\"2\\","empty":"","kueue.x-k8s.io/q":"3",
                   "fairway.flext.sh/gang":"4","batch.kubernetes.io/z":"5","e\u0061":"6","a~b":"7"}},
  "spec":{"parallelism":2,"suspend":false,"template":{"metadata":{"annotations":{"t":"8"}},
    "spec":{"restartPolicy":"Never","initContainers":[{"name":"i","command":["9"]}],
      "containers":[{"name":"c","image":"i","args":["10","{[,\"]}"],"env":[{"name":"A","value":"11"},
          {"name":"B","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}]},
        {"name":"d","env":[{"value":"12","name":"C"}],"args":[]}]}}}} )";

TEST_F(BodyHolesTest, AreTextsWithoutAMeaningAndTheName) {
  EXPECT_EQ(Found(kJobWithHoles), (std::vector<std::string>{
                                      "/metadata/name=a (name)",
                                      "/metadata/annotations/example.com~1run=1",
                                      "/metadata/annotations/n=\\\"2\\\\",
                                      "/metadata/annotations/a~0b=7",
                                      "/spec/template/metadata/annotations/t=8",
                                      "/spec/template/spec/initContainers/0/command/0=9",
                                      "/spec/template/spec/containers/0/args/0=10",
                                      "/spec/template/spec/containers/0/args/1={[,\\\"]}",
                                      "/spec/template/spec/containers/0/env/0/value=11",
                                      "/spec/template/spec/containers/1/env/0/value=12",
                                  }));
  EXPECT_EQ(
      Found(
          R"({"metadata":{"name":"m","annotations":{}},"data":{"k":"v"},"binaryData":{"b":"eA=="}})",
          "configmaps"),
      (std::vector<std::string>{"/metadata/name=m (name)", "/data/k=v"}));
  EXPECT_TRUE(Found(R"({"metadata":{"name":"m"},"data":{"k":"dg=="}})", "secrets").empty());
}

TEST_F(BodyHolesTest, APlaceThatComesTwiceIsNone) {
  EXPECT_TRUE(Found(R"({"metadata":{"name":"a","name":"b"}})").empty());
}

TEST_F(BodyHolesTest, TheRestOfTooManyIsFixed) {
  std::string body = R"({"metadata":{"annotations":{"a0":"x")";
  for (int i = 1; i < 100; ++i) body += ",\"a" + std::to_string(i) + "\":\"x\"";
  EXPECT_EQ(Found(body + "}}}").size(), kBodyHolesMax);
}

// What is not JSON may have any holes or none, but they lie within it.
TEST_F(BodyHolesTest, StaysWithinAnyText) {
  const ServedKind* kind = registry_.FindResource("batch", "v1", "jobs");
  for (size_t size = 0; size <= kJobWithHoles.size(); ++size) {
    for (char odd : {'\0', '"', '\\', '{', '}', '[', ']', ',', ':'}) {
      std::string body(kJobWithHoles.substr(0, size));
      if (odd != '\0') body += odd;
      for (const BodyHole& hole : FindBodyHoles(*kind, body)) {
        ASSERT_LE(hole.at + hole.size, body.size());
      }
    }
  }
  std::string deep;
  for (int i = 0; i < 10'000; ++i) deep += "{\"metadata\":";
  EXPECT_TRUE(Found(deep).empty());
}

}  // namespace
}  // namespace fairway::gateway::api
