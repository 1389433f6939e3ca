#include "clusters/kube/schema/openapi.h"

#include <gtest/gtest.h>

#include "clusters/kube/json.h"

namespace fairway::kube {
namespace {

std::vector<const KindInfo*> ServedKinds() {
  std::vector<const KindInfo*> kinds;
  for (const KindInfo& kind : Schema::Builtin().kinds()) {
    if (!kind.member_only) kinds.push_back(&kind);
  }
  return kinds;
}

Value Parsed(const OpenApiDocument& document) {
  Result<Value> value = ParseJson(document.body);
  EXPECT_TRUE(value.has_value());
  return value ? *value : Value(Object{});
}

// Calls `visit` with every object below `value`.
template <typename F>
void EachObject(const Value& value, F&& visit) {
  if (value.is_array()) {
    for (const Value& item : value.get_array()) EachObject(item, visit);
  } else if (value.is_object()) {
    visit(value.get_object());
    for (const auto& member : value.get_object()) EachObject(member.value(), visit);
  }
}

// The index names every group version, and each document can be had at the place it names.
TEST(OpenApiTest, IndexNamesEveryDocument) {
  OpenApi api(Schema::Builtin(), ServedKinds());
  const Value index = Parsed(api.index());
  const Object& paths = *GetObject(index, {"paths"});
  EXPECT_TRUE(paths.contains("api/v1"));
  EXPECT_TRUE(paths.contains("apis/batch/v1"));
  EXPECT_TRUE(paths.contains("apis/fairway.flext.sh/v1alpha1"));
  for (const auto& entry : paths) {
    const OpenApiDocument* document = api.Find(entry.key());
    ASSERT_NE(document, nullptr) << entry.key();
    const std::string url = "/openapi/v3/" + std::string(entry.key()) + "?hash=" + document->hash;
    EXPECT_EQ(GetString(entry.value(), {"serverRelativeURL"}), url);
    EXPECT_EQ(document->hash.size(), 128u);
  }
  EXPECT_EQ(api.Find("apis/nothing/v1"), nullptr);
}

// No reference points nowhere: a client that follows them all gets through.
TEST(OpenApiTest, EveryReferenceResolves) {
  OpenApi api(Schema::Builtin(), ServedKinds());
  std::vector<Value> documents{Parsed(api.v2())};
  const Value index = Parsed(api.index());
  for (const auto& entry : *GetObject(index, {"paths"})) {
    documents.push_back(Parsed(*api.Find(entry.key())));
  }
  int references = 0;
  for (const Value& document : documents) {
    EachObject(document, [&](const Object& object) {
      const std::string_view reference = GetString(object, {"$ref"});
      if (reference.empty()) return;
      const std::string_view name = reference.substr(reference.rfind('/') + 1);
      const bool v2 = reference.substr(0, 14) == "#/definitions/";
      EXPECT_NE(v2 ? GetObject(document, {"definitions", name})
                   : GetObject(document, {"components", "schemas", name}),
                nullptr)
          << reference;
      ++references;
    });
  }
  EXPECT_GT(references, 500);
}

// kubectl apply sends a strategic patch to the kinds whose patch operation lists it.
TEST(OpenApiTest, CustomKindsTakeNoStrategicPatch) {
  OpenApi api(Schema::Builtin(), ServedKinds());
  const auto takes_strategic = [&](std::string_view group, const char* path) {
    const Value document = Parsed(*api.Find(group));
    const Object* content = GetObject(document, {"paths", path, "patch", "requestBody", "content"});
    EXPECT_NE(content, nullptr) << path;
    return content != nullptr && content->contains("application/strategic-merge-patch+json");
  };
  EXPECT_TRUE(
      takes_strategic("apis/batch/v1", "/apis/batch/v1/namespaces/{namespace}/jobs/{name}"));
  EXPECT_FALSE(takes_strategic("apis/fairway.flext.sh/v1alpha1",
                               "/apis/fairway.flext.sh/v1alpha1/clusters/{name}"));
  EXPECT_FALSE(takes_strategic("apis/kueue.x-k8s.io/v1beta2",
                               "/apis/kueue.x-k8s.io/v1beta2/clusterqueues/{name}"));
}

// What kubectl looks for before it sends a write: a patch of the kind that takes fieldValidation.
TEST(OpenApiTest, PatchesTakeFieldValidation) {
  OpenApi api(Schema::Builtin(), ServedKinds());
  const Value document = Parsed(*api.Find("apis/batch/v1"));
  const Object* patch =
      GetObject(document, {"paths", "/apis/batch/v1/namespaces/{namespace}/jobs/{name}", "patch"});
  ASSERT_NE(patch, nullptr);
  EXPECT_EQ(Serialize(patch->at("x-kubernetes-group-version-kind")),
            R"({"group":"batch","kind":"Job","version":"v1"})");
  std::vector<std::string> names;
  for (const Value& parameter : *GetArray(*patch, {"parameters"})) {
    names.emplace_back(GetString(parameter, {"name"}));
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"dryRun", "fieldManager", "fieldValidation", "force"}));
}

// The merge facts that Argo CD and generators read stand in the schemas.
TEST(OpenApiTest, SchemasCarryTheMergeFacts) {
  OpenApi api(Schema::Builtin(), ServedKinds());
  const Value document = Parsed(*api.Find("apis/batch/v1"));
  const Object* schemas = GetObject(document, {"components", "schemas"});
  ASSERT_NE(schemas, nullptr);
  EXPECT_EQ(
      Serialize(*FindPath(*schemas, {"io.k8s.api.core.v1.Container", "properties", "ports"})),
      R"({"type":"array","items":{"$ref":"#/components/schemas/io.k8s.api.core.v1.ContainerPort"},)"
      R"("description":"Ports that the program listens on.",)"
      R"("x-kubernetes-list-map-keys":["containerPort","protocol"],"x-kubernetes-list-type":"map",)"
      R"("x-kubernetes-patch-strategy":"merge","x-kubernetes-patch-merge-key":"containerPort"})");
  EXPECT_EQ(
      Serialize(*FindPath(*schemas, {"io.k8s.api.batch.v1.JobSpec", "properties", "template"})),
      R"({"allOf":[{"$ref":"#/components/schemas/io.k8s.api.core.v1.PodTemplateSpec"}],)"
      R"("description":"The pod to run."})");
  EXPECT_EQ(Serialize(*FindPath(*schemas,
                                {"io.k8s.api.batch.v1.Job", "x-kubernetes-group-version-kind"})),
            R"([{"group":"batch","kind":"Job","version":"v1"}])");
  EXPECT_EQ(GetString(*schemas, {"io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector",
                                 "x-kubernetes-map-type"}),
            "atomic");
}

// The same kinds give the same hashes, in every process.
TEST(OpenApiTest, HashesAreStable) {
  OpenApi first(Schema::Builtin(), ServedKinds()), second(Schema::Builtin(), ServedKinds());
  EXPECT_EQ(first.index().hash, second.index().hash);
  EXPECT_EQ(first.v2().hash, second.v2().hash);
  EXPECT_EQ(OpenApi::v2_protobuf(), std::string_view("\x0a\x03"
                                                     "2.0"));
}

}  // namespace
}  // namespace fairway::kube
