// Pods in flight end when they are counted, not when their job is seen to run.
#include "tests/scheduler/core_fixture.h"

namespace fairway::scheduler {
namespace {

class CountedPodsTest : public CoreFixture {
 protected:
  // Two nodes of 4 cpu, so much free on each.
  static Capacity Nodes(int64_t first, int64_t second) {
    Capacity capacity = MakeCapacity(MakeResources(8000, 64, 20), MakeResources(4000, 32, 10));
    capacity.nodes = 2;
    NodeClass& nodes = capacity.node_classes.emplace_back();
    nodes.whole = {{MakeResources(4000, 32, 10), 2}};
    nodes.free = {{MakeResources(first, 32, 10), 1}, {MakeResources(second, 32, 10), 1}};
    capacity.largest_node_free = MakeResources(first, 32, 10);
    return capacity;
  }
  void Observe(const Capacity& capacity, std::vector<CountedPods> counted) {
    Step(CapacityObserved{ClusterId{1}, &capacity, &counted});
  }
  int64_t Flying() const {
    int64_t pods = 0;
    for (const auto& [spec, count] : State().in_flight) pods += count;
    return pods;
  }
  const ClusterState& State() const { return *core().world().FindCluster(ClusterId{1}); }
  void Join() {
    ClusterSpec spec;
    spec.name = "c1";
    Step(ClusterChanged{ClusterId{1}, &spec});
    Observe(Nodes(4000, 4000), {});
    Step(LinkObserved{ClusterId{1}, true});
  }
};

TEST_F(CountedPodsTest, ARunningJobIsInFlightUntilItsPodIsCounted) {
  Join();
  Submit(1, Pod(3000));
  Ack(1);
  Step(Run(1, 1, 1, RunPhase::kRunning));
  EXPECT_EQ(Flying(), 1) << "the nodes as they were seen do not have it yet";
  Submit(2, Pod(3000));
  EXPECT_EQ(Job(2).cluster, ClusterId{1}) << "the other node";
  Submit(3, Pod(2000));
  EXPECT_EQ(Job(3).state, JobState::kQueued) << "room in sum, but on no node";
  Observe(Nodes(4000, 1000), {{JobId{1}, Epoch{1}, 1}});
  EXPECT_EQ(Flying(), 1);
  EXPECT_EQ(Job(3).state, JobState::kQueued);
  Observe(Nodes(1000, 1000), {{JobId{2}, Epoch{1}, 1}});
  EXPECT_EQ(Flying(), 0);
}

TEST_F(CountedPodsTest, EachPodCountsOnItsOwn) {
  Join();
  JobSpec spec = Pod(1000);
  spec.parallelism = 4;
  Submit(1, spec);
  EXPECT_EQ(Flying(), 4);
  Observe(Nodes(3000, 4000), {{JobId{1}, Epoch{1}, 1}});
  EXPECT_EQ(Flying(), 3);
  Observe(Nodes(2000, 2000), {{JobId{1}, Epoch{1}, 4}});
  EXPECT_EQ(Flying(), 0);
  // One was evicted: its successor is on its way.
  Observe(Nodes(3000, 2000), {{JobId{1}, Epoch{1}, 3}});
  EXPECT_EQ(Flying(), 1);
  // And more were seen than run at once: ended ones are among them.
  Observe(Nodes(2000, 2000), {{JobId{1}, Epoch{1}, 9}});
  EXPECT_EQ(Flying(), 0);
}

TEST_F(CountedPodsTest, NothingLeaksWhenAJobEndsBeforeItWasCounted) {
  Join();
  Submit(1, Pod(3000));
  Ack(1);
  Step(Run(1, 1, 1, RunPhase::kRunning));
  Step(Run(1, 1, 1, RunPhase::kSucceeded));
  EXPECT_EQ(Flying(), 0);
  EXPECT_TRUE(State().counted.empty());
  Observe(Nodes(4000, 4000), {{JobId{1}, Epoch{1}, 1}});
  EXPECT_TRUE(State().counted.empty()) << "of a job that has ended nothing is kept";
}

TEST_F(CountedPodsTest, AnotherEpochIsCountedAnew) {
  Join();
  Submit(1, Pod(3000));
  Ack(1);
  Observe(Nodes(4000, 1000), {{JobId{1}, Epoch{1}, 1}});
  Step(CopyGone{JobId{1}, ClusterId{1}, Epoch{1}});
  ASSERT_EQ(Job(1).epoch, Epoch{2});
  EXPECT_EQ(Flying(), 1);
  Observe(Nodes(4000, 1000), {{JobId{1}, Epoch{1}, 1}});
  EXPECT_EQ(Flying(), 1) << "the old epoch's pod is not the new one's";
  Observe(Nodes(4000, 1000), {{JobId{1}, Epoch{2}, 1}});
  EXPECT_EQ(Flying(), 0);
}

TEST_F(CountedPodsTest, SuspendedAndResumedItsPodsAreOnTheirWayAgain) {
  Join();
  Submit(1, Pod(3000));
  Ack(1);
  Observe(Nodes(4000, 1000), {{JobId{1}, Epoch{1}, 1}});
  Change(1, Pod(3000), true);
  EXPECT_EQ(Flying(), 0) << "it holds no room";
  Observe(Nodes(4000, 4000), {{JobId{1}, Epoch{1}, 0}});
  Change(1, Pod(3000), false);
  EXPECT_EQ(Flying(), 1);
}

TEST_F(CountedPodsTest, AfterARestartTheFirstReportSaysAll) {
  Join();
  Submit(1, Pod(3000));
  Submit(2, Pod(3000));
  for (uint64_t job : {1, 2}) {
    Ack(job);
    Step(Run(job, 1, 1, RunPhase::kRunning));
  }
  Restart();
  Step(Recovered{});
  EXPECT_EQ(Flying(), 0) << "nothing is known of its nodes, nothing is placed there";
  Observe(Nodes(4000, 1000), {{JobId{1}, Epoch{1}, 1}});
  EXPECT_EQ(Flying(), 1);
  Observe(Nodes(1000, 1000), {{JobId{2}, Epoch{1}, 1}});
  EXPECT_EQ(Flying(), 0);
}

TEST_F(CountedPodsTest, AMemberThatDoesNotSayIsBelievedAtOnce) {
  ClusterSpec spec;
  spec.name = "c1";
  const Capacity capacity = Nodes(4000, 4000);
  Step(ClusterChanged{ClusterId{1}, &spec});
  Step(CapacityObserved{ClusterId{1}, &capacity});
  Step(LinkObserved{ClusterId{1}, true});
  Submit(1, Pod(3000));
  EXPECT_EQ(Flying(), 1);
  Ack(1);
  Step(Run(1, 1, 1, RunPhase::kRunning));
  EXPECT_EQ(Flying(), 0);
}

}  // namespace
}  // namespace fairway::scheduler
