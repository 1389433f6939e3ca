// What a ClusterQueue shows of itself.
#include "gateway/driver/queue_status.h"

#include <gtest/gtest.h>

#include "gateway/driver/conditions.h"

// A test names the fields that it is about.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace fairway::gateway {
namespace {

QueueFacts Facts() {
  QueueFacts facts;
  facts.reason = "Ready";
  facts.message = "Can admit new workloads";
  facts.pending = 2;
  facts.reserving = facts.admitted = 3;
  facts.usage = {{"spot", {{"cpu", 2500, 500}, {"memory", 1 << 20, 0}}}};
  return facts;
}

TEST(QueueStatus, ClusterQueueShowsCountsUsageAndShare) {
  QueueFacts facts = Facts();
  facts.fair_sharing = true;
  facts.weighted_share = 125;
  kube::Object doc;
  FillClusterQueueStatus(facts, Instant{0}, doc);
  EXPECT_EQ(kube::Get<int64_t>(doc, {"status", "pendingWorkloads"}), 2);
  EXPECT_EQ(kube::Get<int64_t>(doc, {"status", "admittedWorkloads"}), 3);
  EXPECT_EQ(kube::Serialize(*kube::FindPath(doc, {"status", "flavorsUsage"})),
            R"([{"name":"spot","resources":[{"name":"cpu","total":"2500m","borrowed":"500m"},)"
            R"({"name":"memory","total":"1Mi","borrowed":"0"}]}])");
  EXPECT_EQ(kube::Get<int64_t>(doc, {"status", "fairSharing", "weightedShare"}), 125);
  EXPECT_TRUE(IsConditionTrue(doc, "Active"));
}

TEST(QueueStatus, LocalQueueShowsNoBorrowing) {
  kube::Object doc;
  FillLocalQueueStatus(Facts(), Instant{0}, doc);
  EXPECT_EQ(kube::Serialize(*kube::FindPath(doc, {"status", "flavorsReservation"})),
            R"([{"name":"spot","resources":[{"name":"cpu","total":"2500m"},)"
            R"({"name":"memory","total":"1Mi"}]}])");
}

// With fair sharing off there is no share to show, as in Kueue.
TEST(QueueStatus, ShareComesAndGoesWithFairSharing) {
  QueueFacts facts = Facts();
  facts.fair_sharing = true;
  kube::Object doc;
  FillCohortStatus(facts, doc);
  EXPECT_NE(kube::FindPath(doc, {"status", "fairSharing"}), nullptr);
  facts.fair_sharing = false;
  FillCohortStatus(facts, doc);
  EXPECT_EQ(kube::FindPath(doc, {"status", "fairSharing"}), nullptr);
}

}  // namespace
}  // namespace fairway::gateway
