// Drills and DrillPlans say what is wrong with them, field by field, and never change once made.
#include "clusters/kube/kinds/drill.h"

#include <gtest/gtest.h>

#include "tests/clusters/kube/kinds/kind_testing.h"

namespace fairway::kube {
namespace {

using testing::CreateProblems;
using testing::KindOf;

std::string DrillDoc(std::string_view kind, std::string_view spec) {
  return R"({"apiVersion":"fairway.flext.sh/v1alpha1","kind":")" + std::string(kind) +
         R"(","metadata":{"name":"d"},"spec":{)" + std::string(spec) + "}}";
}
std::string Drill(std::string_view spec) {
  return CreateProblems(KindOf("fairway.flext.sh", "v1alpha1", "drills"), DrillDoc("Drill", spec));
}
std::string Plan(std::string_view spec) {
  return CreateProblems(KindOf("fairway.flext.sh", "v1alpha1", "drillplans"),
                        DrillDoc("DrillPlan", spec));
}

constexpr std::string_view kThought = R"("mode":"Simulate","clusters":["eu"],"duration":"5m")";
constexpr std::string_view kLive =
    R"("mode":"Live","liveConfirmed":true,"clusters":["eu"],"duration":"5m")";

TEST(DrillKind, TakesBothModes) {
  EXPECT_EQ(Drill(kThought), "");
  EXPECT_EQ(Drill(kLive), "");
  EXPECT_EQ(Drill(std::string(kLive) +
                  R"(,"scope":{"namespaces":["a"],"jobSelector":{"matchLabels":{"x":"y"}}},)" +
                  R"("abortWhen":{"clusterUnhealthy":false,"pendingJobsAbove":0})"),
            "");
}

TEST(DrillKind, SaysWhatIsMissing) {
  EXPECT_EQ(Drill(""),
            "[spec.mode: Required value: Simulate or Live, spec.clusters: Required value: name "
            "the clusters to lose, spec.duration: Required value: how long the clusters are lost]");
  EXPECT_NE(Drill(R"("mode":"Live","clusters":["eu"],"duration":"5m")")
                .find("spec.liveConfirmed: Required value"),
            std::string::npos);
  EXPECT_NE(Drill(R"("mode":"Real","clusters":["eu"],"duration":"5m")")
                .find("spec.mode: Unsupported value: \"Real\""),
            std::string::npos);
}

TEST(DrillKind, ChecksEachField) {
  const auto bad = [](std::string_view fields) { return Drill(fields); };
  EXPECT_NE(bad(R"("mode":"Simulate","clusters":["eu","eu"],"duration":"5m")")
                .find("spec.clusters[1]: Duplicate value"),
            std::string::npos);
  EXPECT_NE(bad(R"("mode":"Simulate","clusters":["eu"],"duration":"500ms")").find("from 1s to 24h"),
            std::string::npos);
  EXPECT_NE(bad(R"("mode":"Simulate","clusters":["eu"],"duration":"48h")").find("from 1s to 24h"),
            std::string::npos);
  EXPECT_NE(bad(R"("mode":"Simulate","clusters":["eu"],"duration":"a while")").find("span of time"),
            std::string::npos);
  EXPECT_NE(bad(std::string(kLive) + R"(,"runTime":"5m")").find("spec.runTime: Forbidden"),
            std::string::npos);
  EXPECT_NE(bad(std::string(kThought) + R"(,"abortWhen":{"pendingJobsAbove":-1})")
                .find("spec.abortWhen.pendingJobsAbove"),
            std::string::npos);
  EXPECT_NE(bad(std::string(kThought) +
                R"(,"scope":{"jobSelector":{"matchExpressions":[{"key":"a","operator":"Is"}]}})")
                .find("spec.scope.jobSelector.matchExpressions[0].operator"),
            std::string::npos);
}

TEST(DrillPlanKind, HasACronJobsFields) {
  const std::string drill = R"("drillTemplate":{"spec":{)" + std::string(kThought) + "}}";
  EXPECT_EQ(Plan(R"("schedule":"0 6 * * 2",)" + drill), "");
  EXPECT_EQ(Plan(R"("schedule":"@daily","timeZone":"Etc/UTC","suspend":true,)"
                 R"("concurrencyPolicy":"Replace","startingDeadlineSeconds":9,)"
                 R"("successfulDrillsHistoryLimit":0,"failedDrillsHistoryLimit":5,)" +
                 drill),
            "");
  EXPECT_NE(Plan(R"("schedule":"0 25 * * *",)" + drill).find("spec.schedule: Invalid value"),
            std::string::npos);
  EXPECT_NE(Plan(R"("schedule":"@daily","timeZone":"Europe/Paris",)" + drill)
                .find("schedules are in UTC"),
            std::string::npos);
  EXPECT_NE(Plan(R"("schedule":"@daily","concurrencyPolicy":"Maybe",)" + drill)
                .find("spec.concurrencyPolicy: Unsupported value"),
            std::string::npos);
  EXPECT_NE(Plan(R"("schedule":"@daily","drillTemplate":{"spec":{"mode":"Live"}})")
                .find("spec.drillTemplate.spec.liveConfirmed: Required value"),
            std::string::npos);
}

TEST(DrillWords, AreWhatTheSpecSays) {
  auto doc = ParseJson("{" + std::string(kLive) +
                       R"(,"scope":{"namespaces":["b","a"]},"abort":true,)"
                       R"("abortWhen":{"clusterUnhealthy":false,"pendingJobsAbove":7}})");
  ASSERT_TRUE(doc);
  auto words = DrillWordsFrom(doc->get_object());
  ASSERT_TRUE(words);
  EXPECT_TRUE(words->live);
  EXPECT_EQ(words->clusters, std::vector<std::string>{"eu"});
  EXPECT_EQ(words->namespaces, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(words->duration, Seconds(300));
  EXPECT_TRUE(words->abort);
  EXPECT_FALSE(words->abort_unhealthy);
  EXPECT_EQ(words->pending_max, 7);
}

}  // namespace
}  // namespace fairway::kube
