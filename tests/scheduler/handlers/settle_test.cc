// After a start placing waits for the clusters that were well, and not for ever.
#include "scheduler/handlers/settle.h"

#include "tests/scheduler/quota/quota_fixture.h"

namespace fairway::scheduler {
namespace {

class SettleTest : public QuotaFixture {
 protected:
  void SetUp() override {
    AddCluster(1, 10'000);
    AddCluster(2, 10'000);
  }
  void Hear(uint64_t cluster) {
    const Resources whole = MakeResources(10'000, 1024, 100);
    const Capacity capacity = MakeCapacity(whole, whole);
    Step(CapacityObserved{ClusterId{cluster}, &capacity});
    Step(LinkObserved{ClusterId{cluster}, true});
  }
  void Begin() {
    Restart();
    Step(Recovered{});
  }
  static JobSpec Prefers(const std::string& name) {
    JobSpec spec = Pod(1000);
    spec.preferred = {{100, {{{kNameKey, LabelRequirement::Op::kIn, {name}}}}}};
    return spec;
  }
  static constexpr char kNameKey[] = "site";
};

TEST_F(SettleTest, WhatWaitsGoesWhereItWantsAndNotToTheFirst) {
  ClusterSpec second;
  second.name = "c2";
  second.labels = {{kNameKey, "second"}};
  Step(ClusterChanged{ClusterId{2}, &second});
  Begin();
  Submit(1, Prefers("second"));
  EXPECT_THAT(Explained(1).message, testing::HasSubstr("were heard"));
  Hear(1);
  EXPECT_FALSE(Record(1).cluster);
  Submit(2, Prefers("second"));
  EXPECT_FALSE(Record(2).cluster);
  Hear(2);
  EXPECT_EQ(Record(1).cluster, ClusterId{2});
  EXPECT_EQ(Record(2).cluster, ClusterId{2});
}

TEST_F(SettleTest, OneThatStaysSilentIsWaitedForOnlySoLong) {
  Begin();
  const Instant end = now() + core().failover().settle_max;
  Submit(1, Pod(1000));
  Hear(1);
  EXPECT_FALSE(Record(1).cluster);
  At(end);
  Step(TimerFired{});
  EXPECT_EQ(Record(1).cluster, ClusterId{1});
  Submit(2, Pod(1000));
  EXPECT_EQ(Record(2).cluster, ClusterId{1}) << "at once";
}

TEST_F(SettleTest, CordonedRemovedAndLostOnesAreNotWaitedFor) {
  ClusterSpec cordoned;
  cordoned.name = "c2";
  cordoned.cordoned = true;
  Step(ClusterChanged{ClusterId{2}, &cordoned});
  Begin();
  Submit(1, Pod(1000));
  Hear(1);
  EXPECT_EQ(Record(1).cluster, ClusterId{1});
}

TEST_F(SettleTest, AFirstStartWaitsForNobody) {
  Forget();
  Step(Recovered{});
  ClusterSpec first;
  first.name = "c1";
  Step(ClusterChanged{ClusterId{1}, &first});
  ClusterSpec other;
  other.name = "never-joined";
  Step(ClusterChanged{ClusterId{2}, &other});
  Submit(1, Pod(1000));
  Hear(1);
  EXPECT_EQ(Record(1).cluster, ClusterId{1});
}

TEST_F(SettleTest, QueuesWaitToo) {
  Flavor(1, "default");
  AddQueue(1, Queue("a", 8));
  Begin();
  Submit(1, Job("a", 1));
  Hear(1);
  EXPECT_FALSE(Admitted(1));
  EXPECT_THAT(Explained(1).message, testing::HasSubstr("were heard"));
  Hear(2);
  Settle();
  EXPECT_TRUE(Admitted(1));
}

}  // namespace
}  // namespace fairway::scheduler
