// The quota part of an explanation, from the Workload alone.
#include "gateway/cli/explain_quota.h"

#include <gtest/gtest.h>

namespace fairway::gateway {
namespace {

std::string Explain(std::string_view json) {
  auto doc = kube::ParseJson(json);
  EXPECT_TRUE(doc.has_value());
  return ExplainWorkload(doc->get_object());
}

TEST(ExplainQuota, SaysWhatIsReserved) {
  EXPECT_EQ(Explain(R"({"spec":{"queueName":"lq","priority":5},"status":{"admission":{
      "clusterQueue":"cq","podSetAssignments":[{"name":"main","flavors":{"cpu":"spot"},
      "resourceUsage":{"cpu":"4"}}]},"conditions":[{"type":"QuotaReserved","status":"True"}]}})"),
            "Queue:     lq (ClusterQueue cq), priority 5\nQuota:     reserved: cpu 4 of spot\n");
}

TEST(ExplainQuota, SaysWhyItWaits) {
  EXPECT_EQ(Explain(R"({"spec":{"queueName":"lq"},"status":{"conditions":[
      {"type":"QuotaReserved","status":"False","message":"no room"},
      {"type":"Evicted","status":"True","reason":"Preempted","message":"for another"}]}})"),
            "Queue:     lq\nQuota:     waits: no room\nEvicted:   Preempted: for another\n");
  EXPECT_EQ(Explain(R"({"spec":{"queueName":"lq","active":false}})"),
            "Queue:     lq\nQuota:     held back: spec.active of its Workload is false\n");
}

TEST(ExplainQuota, SaysItsPlaceAndWhatWouldAdmitIt) {
  auto quota = kube::ParseJson(R"({"place":2,"waiting":7,"nearestChange":"fits if q lends 4 cpu",
      "estimatedStart":"2026-01-01T00:00:00Z","estimatedStartErrorSeconds":30})");
  EXPECT_EQ(ExplainPlace(quota->get_object()),
            "Place:     2 of 7, may start at 2026-01-01T00:00:00Z +- 30 s\n"
            "Admits it: fits if q lends 4 cpu\n");
  EXPECT_EQ(ExplainPlace(kube::Object()), "");
}

}  // namespace
}  // namespace fairway::gateway
