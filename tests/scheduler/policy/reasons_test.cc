// Prepared puzzles: each job waits for a different reason. The verdict names it, the nearest change
// is the right one, and the change, when made, lets the job go.
#include "scheduler/policy/reasons.h"

#include <gtest/gtest.h>

#include "scheduler/names.h"
#include "scheduler/placement.h"
#include "tests/scheduler/policy_world.h"

namespace fairway::scheduler {
namespace {

using Op = LabelRequirement::Op;

class ReasonsTest : public ::testing::Test {
 protected:
  ReasonsTest() {
    spec_.request = MakeResources(1000, 100);
    for (uint64_t id = 1; id <= 2; ++id) {
      clusters_[id].name = id == 1 ? "a" : "b";
      clusters_[id].labels = {{"zone", "z" + std::to_string(id)}};
      clusters_[id].cordoned = id == 1;  // a is never the answer but in the puzzle about it
      Show(id);
      ObserveNodes(id, 4);
      world_.ObserveLink(ClusterId{id}, true);
    }
  }

  void Show(uint64_t id) { world_.Apply(PutCluster{{ClusterId{id}, clusters_[id]}}); }
  // Nodes of 4 cpu, one class, with so many thousandths free on each.
  void ObserveNodes(uint64_t id, int32_t nodes, int64_t free_milli = 4000, Labels labels = {},
                    std::vector<Taint> taints = {}) {
    Capacity capacity;
    const Resources whole = MakeResources(4000, 4000, 10);
    capacity.nodes = nodes;
    for (int32_t i = 0; i < nodes; ++i) capacity.allocatable.Add(whole);
    capacity.largest_node_allocatable = whole;
    capacity.largest_node_free = MakeResources(free_milli, 4000, 10);
    capacity.node_classes.push_back({std::move(labels),
                                     std::move(taints),
                                     {{capacity.largest_node_free, nodes}},
                                     {{whole, nodes}}});
    world_.ObserveCapacity(ClusterId{id}, capacity);
  }
  PlacementRules& Rules() {
    if (spec_.rules.empty()) spec_.rules.emplace_back();
    spec_.rules[0].scope = "default";
    spec_.rules[0].labels = {{"app", "a"}};
    return spec_.rules[0];
  }
  // A running job with these labels.
  void Occupy(uint64_t cluster) {
    JobSpec other;
    other.request = MakeResources(10, 1);
    other.rules.emplace_back().scope = "default";
    other.rules[0].labels = {{"app", "a"}};
    JobRecord record = SampleJob(world_, JobId{100 + cluster}, other);
    record.state = JobState::kRunning;
    record.cluster = ClusterId{cluster};
    record.epoch = Epoch{1};
    world_.Apply(PutJob{record});
  }
  Decision Explain() {
    record_ = SampleJob(world_, JobId{1}, spec_);
    return ExplainJob(world_, record_);
  }
  void ExpectWaits(std::string_view reason, std::string_view message, std::string_view change) {
    const Decision decision = Explain();
    EXPECT_NE(decision.outcome, names::kOutcomePlaced);
    bool found = false;
    for (const VerdictGroup& verdict : decision.verdicts) {
      if (verdict.reason != reason) continue;
      found = true;
      EXPECT_EQ(verdict.message, message);
    }
    EXPECT_TRUE(found) << reason << " is not in: " << decision.message;
    EXPECT_EQ(decision.nearest_change, change);
  }
  void ExpectPlaced() { EXPECT_EQ(Explain().outcome, names::kOutcomePlaced) << Explain().message; }
  static JobSelector Apps() { return {"default", {{"app", LabelRequirement::Op::kIn, {"a"}}}}; }

  World world_;
  JobSpec spec_;
  JobRecord record_;
  std::map<uint64_t, ClusterSpec> clusters_;
};

TEST_F(ReasonsTest, Cordoned) {
  clusters_[2].cordoned = true;
  Show(2);
  ExpectWaits("Cordoned", "takes no new jobs", "fits if cluster a is uncordoned");
  clusters_[1].cordoned = false;
  Show(1);
  ExpectPlaced();
}

// From here on cluster a is out of the running for a reason of its own.
class OneClusterTest : public ReasonsTest {
 protected:
  OneClusterTest() { world_.Apply(EraseCluster{ClusterId{1}}); }
};

TEST_F(OneClusterTest, Fragmented) {
  spec_.request = MakeResources(2000, 100);
  spec_.parallelism = 8;
  ObserveNodes(2, 5, 3000);
  ExpectWaits("NodesTooFragmented", "5 of 8 pods fit: the freest node has 3 cpu",
              "fits if parallelism were 5");
  spec_.parallelism = 5;
  ExpectPlaced();
}

TEST_F(OneClusterTest, NodeTaint) {
  ObserveNodes(2, 2, 4000, {}, {{"gpu", "yes", TaintEffect::kNoSchedule, {}}});
  ExpectWaits("NodeTaint", "its pods do not tolerate gpu=yes:NoSchedule of nodes",
              "fits if its pods tolerate gpu=yes:NoSchedule of nodes of cluster b");
  spec_.rules.emplace_back().nodes.tolerations = {{"gpu", true, "", true, {}, -1}};
  ExpectPlaced();
}

TEST_F(OneClusterTest, NoMatchingNode) {
  spec_.rules.emplace_back().nodes.required = {{{{"disk", LabelRequirement::Op::kExists, {}}}}};
  ExpectWaits("NoMatchingNode", "no node has the labels that its pods ask for",
              "fits if cluster b had nodes with the labels that its pods ask for");
  ObserveNodes(2, 2, 4000, {{"disk", "ssd"}});
  ExpectPlaced();
}

TEST_F(OneClusterTest, DatasetMissing) {
  Rules().datasets = {{"books", 0}};
  ExpectWaits("DatasetMissing", "does not hold the dataset books",
              "fits if cluster b holds the dataset books");
  clusters_[2].datasets = {"books"};
  Show(2);
  ExpectPlaced();
}

TEST_F(OneClusterTest, AntiAffinity) {
  Rules().job_affinity = {{true, 0, Apps(), ""}};
  Occupy(2);
  ExpectWaits("JobAntiAffinity", "jobs with app=a run in cluster b",
              "fits once jobs with app=a have left cluster b");
  world_.Apply(EraseJob{JobId{102}});
  ExpectPlaced();
}

TEST_F(OneClusterTest, Affinity) {
  Rules().job_affinity = {
      {false, 0, {"default", {{"app", LabelRequirement::Op::kIn, {"b"}}}}, "zone"}};
  ExpectWaits("JobAffinityMismatch", "jobs with app=b do not run in zone=z2",
              "fits once jobs with app=b run in zone=z2");
}

TEST_F(OneClusterTest, Taint) {
  clusters_[2].taints = {{"dedicated", "x", TaintEffect::kNoSchedule, {}}};
  Show(2);
  ExpectWaits("UntoleratedTaint", "does not tolerate dedicated=x:NoSchedule",
              "fits if the job tolerates dedicated=x:NoSchedule of cluster b");
  spec_.tolerations = {{"dedicated", true, "", true, {}, -1}};
  ExpectPlaced();
}

TEST_F(ReasonsTest, SpreadSkew) {
  clusters_[1].cordoned = true;
  Show(1);
  Rules().spread = {{1, true, Apps(), "zone"}};
  Occupy(2);
  const Decision decision = Explain();
  EXPECT_EQ(decision.outcome, names::kOutcomeWaiting);
  // Uncordoning the empty place is the smaller thing; without it, the skew is.
  EXPECT_EQ(decision.nearest_change, "fits if cluster a is uncordoned");
  world_.ObserveLink(ClusterId{1}, false);
  EXPECT_EQ(Explain().nearest_change, "fits if maxSkew were 2");
  Rules().spread[0].max_skew = 2;
  ExpectPlaced();
}

TEST_F(ReasonsTest, GroupsOverflowInOrder) {
  clusters_[1].cordoned = false;
  Show(1);
  Rules().groups = {{"first", {{{{"zone", Op::kIn, {"z1"}}}}}},
                    {"second", {{{{"zone", Op::kIn, {"z2"}}}}}}};
  Decision decision = Explain();
  EXPECT_EQ(decision.cluster, ClusterId{1});
  EXPECT_EQ(decision.runner_up, ClusterId{2});
  ObserveNodes(1, 4, 500);
  decision = Explain();
  EXPECT_EQ(decision.cluster, ClusterId{2});
  EXPECT_NE(decision.message.find("GroupOverflow: group 2 of 2 (second)"), std::string::npos)
      << decision.message;
}

}  // namespace
}  // namespace fairway::scheduler
