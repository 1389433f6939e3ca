// Every kind obeys the rules of metadata, generation and status, whatever its own rules are.
#include "clusters/kube/kinds/strategy.h"

#include <gtest/gtest.h>

#include "tests/clusters/kube/kinds/kind_testing.h"

namespace fairway::kube {
namespace {

using testing::Created;
using testing::Jobs;
using testing::KindOf;
using testing::StrategyOf;

constexpr std::string_view kJobOfClient = R"({"metadata":{"name":"j","uid":"theirs","generation":7,
    "creationTimestamp":"2001-01-01T00:00:00Z","deletionTimestamp":"2001-01-01T00:00:00Z"},
    "spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}},
    "status":{"succeeded":5}})";

TEST(Strategy, EveryServedKindHasOne) {
  for (const KindInfo& kind : Schema::Builtin().kinds()) {
    if (!kind.resource.empty()) {
      EXPECT_EQ(&StrategyOf(kind).kind(), &kind);
    }
  }
}

TEST(Strategy, CreateWipesWhatOnlyTheServerSets) {
  const Object job = Created(Jobs(), kJobOfClient);
  EXPECT_EQ(GetString(job, {"metadata", "uid"}), testing::kUid);
  EXPECT_EQ(GetString(job, {"metadata", "creationTimestamp"}), "2023-11-14T22:13:20Z");
  EXPECT_EQ(FindPath(job, {"metadata", "deletionTimestamp"}), nullptr);
  EXPECT_EQ(Get<int64_t>(job, {"metadata", "generation"}), 1);
  EXPECT_TRUE(GetObject(job, {"status"})->empty());
}

TEST(Strategy, GenerationRisesWithTheSpecOnly) {
  const Strategy& jobs = StrategyOf(Jobs());
  Object old = Created(Jobs(), kJobOfClient);
  old["status"] = {{"active", 1}};
  Object labelled = old;
  EnsureObject(labelled, {"metadata", "labels"})["x"] = "y";
  labelled["status"] = {{"active", 9}};
  jobs.PrepareForUpdate(labelled, old);
  EXPECT_EQ(Get<int64_t>(labelled, {"metadata", "generation"}), 1);
  EXPECT_EQ(Get<int64_t>(labelled, {"status", "active"}), 1) << "status is not the update's";
  Object scaled = old;
  EnsureObject(scaled, {"spec"})["parallelism"] = 2;
  jobs.PrepareForUpdate(scaled, old);
  EXPECT_EQ(Get<int64_t>(scaled, {"metadata", "generation"}), 2);
}

TEST(Strategy, StatusWritesKeepTheSpec) {
  const Object old = Created(Jobs(), kJobOfClient);
  Object doc = old;
  EnsureObject(doc, {"spec"})["parallelism"] = 9;
  EnsureObject(doc, {"metadata", "annotations"})["a"] = "b";
  doc["status"] = {{"active", 1}};
  StrategyOf(Jobs()).PrepareForStatusUpdate(doc, old);
  EXPECT_TRUE(Equal(*Find(doc, "spec"), *Find(old, "spec")));
  EXPECT_EQ(Get<int64_t>(doc, {"status", "active"}), 1);
  EXPECT_EQ(GetString(doc, {"metadata", "annotations", "a"}), "b");
}

TEST(Strategy, UpdatesCannotTouchSystemMetadata) {
  const KindInfo& kind = KindOf("", "v1", "configmaps");
  Object old = Created(kind, R"({"metadata":{"name":"c"}})");
  EnsureObject(old, {"metadata"})["deletionTimestamp"] = "2024-01-01T00:00:00Z";
  Object doc = testing::ParseObject(R"({"metadata":{"name":"c","namespace":"default"}})");
  StrategyOf(kind).PrepareForUpdate(doc, old);
  EXPECT_EQ(GetString(doc, {"metadata", "uid"}), testing::kUid);
  EXPECT_EQ(GetString(doc, {"metadata", "deletionTimestamp"}), "2024-01-01T00:00:00Z");
  EXPECT_TRUE(StrategyOf(kind).ValidateUpdate(doc, old).empty());
  EnsureObject(doc, {"metadata"})["finalizers"] = Array{"a.b/c"};
  EXPECT_EQ(AggregateText(StrategyOf(kind).ValidateUpdate(doc, old).causes()),
            "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being "
            "deleted, found new finalizers []string{\"a.b/c\"}");
}

TEST(Strategy, JobsAreOrphanedByDefaultAndWarnAboutDots) {
  const Strategy& jobs = StrategyOf(Jobs());
  EXPECT_EQ(jobs.default_dependents(), Strategy::Dependents::kOrphan);
  EXPECT_EQ(StrategyOf(KindOf("", "v1", "configmaps")).default_dependents(),
            Strategy::Dependents::kBackground);
  EXPECT_TRUE(jobs.Warnings(Created(Jobs(), kJobOfClient), nullptr).empty());
  const Object dotted = testing::ParseObject(R"({"metadata":{"name":"a.b"}})");
  ASSERT_EQ(jobs.Warnings(dotted, nullptr).size(), 1u);
  EXPECT_EQ(
      jobs.Warnings(dotted, nullptr)[0],
      "metadata.name: this is used in Pod names and hostnames, which can result in surprising "
      "behavior; a DNS label is recommended: [must not contain dots]");
}

TEST(Strategy, NamespacesKeepTheirLabelAndFinalizer) {
  const KindInfo& kind = KindOf("", "v1", "namespaces");
  const Object old = Created(kind, R"({"metadata":{"name":"n"}})");
  EXPECT_EQ(GetString(old, {"status", "phase"}), "Active");
  Object doc = testing::ParseObject(R"({"metadata":{"name":"n"},"spec":{"finalizers":[]}})");
  StrategyOf(kind).Default(doc);
  StrategyOf(kind).PrepareForUpdate(doc, old);
  EXPECT_EQ(GetString(doc, {"metadata", "labels", "kubernetes.io/metadata.name"}), "n");
  EXPECT_EQ(GetArray(doc, {"spec", "finalizers"})->size(), 1u);
}

TEST(GeneratedName, IsCutAndUsesTheSafeAlphabet) {
  EXPECT_EQ(GeneratedName("a-", 0), "a-bbbbb");
  EXPECT_EQ(GeneratedName(std::string(100, 'x'), 1).size(), 63u);
  EXPECT_NE(GeneratedName("a-", 12345), GeneratedName("a-", 54321));
}

TEST(Strategy, HostileDocumentsDoNotCrash) {
  // Not decoded: every field may have any type.
  for (const char* text :
       {R"({})", R"({"metadata":[],"spec":3,"status":"x"})",
        R"({"metadata":{"name":1,"labels":[],"finalizers":{"a":1},"ownerReferences":[1]},
            "spec":{"template":{"spec":{"containers":{"a":1}},"metadata":1},"selector":[]},"data":[1]})",
        R"({"spec":{"template":{"spec":{"containers":[1,{"name":[],"ports":3,"env":[null]}],
            "volumes":[7,{}],"tolerations":[[]]}},"completions":"x","podFailurePolicy":{"rules":[1]},
            "taints":[1],"clusterAffinity":[]},"rules":[[]],"subjects":[1]})"}) {
    const Object doc = testing::ParseObject(text);
    for (const KindInfo& kind : Schema::Builtin().kinds()) {
      if (kind.resource.empty()) continue;
      const Strategy& strategy = StrategyOf(kind);
      Object copy = doc;
      strategy.Default(copy);
      strategy.PrepareForCreate(copy);
      EXPECT_FALSE(strategy.ValidateCreate(copy).empty()) << kind.kind;
      (void)strategy.ValidateUpdate(copy, doc);
      (void)strategy.ValidateStatusUpdate(copy, doc);
    }
  }
}

}  // namespace
}  // namespace fairway::kube
