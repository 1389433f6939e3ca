#include "scheduler/policy/rules_codec.h"

#include <gtest/gtest.h>

#include "scheduler/edit.h"
#include "tests/scheduler/policy_world.h"

namespace fairway::scheduler {
namespace {

TEST(RulesCodecTest, SpecsAndClustersComeBackAsTheyWere) {
  Rng rng(4);
  int with_rules = 0;
  for (int i = 0; i < 2'000; ++i) {
    JobSpec spec = RandomPolicyJob(rng);
    if (rng.Chance({1, 3})) spec.tolerations.push_back({"drain", true, "", true, {}, 30});
    with_rules += spec.rules.empty() ? 0 : 1;
    const Edit put = PutSpec{SpecId{7}, spec};
    const auto back = DecodeEdit(EditKey(put), *EditValue(put));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(std::get<PutSpec>(*back).spec, spec);

    ClusterSpec cluster = RandomPolicyCluster(1, rng);
    if (rng.Chance({1, 3})) {
      cluster.taints.push_back({"drain", "", TaintEffect::kNoExecute, Instant{5}});
    }
    const Edit put_cluster = PutCluster{{ClusterId{3}, cluster}};
    const auto cluster_back = DecodeEdit(EditKey(put_cluster), *EditValue(put_cluster));
    ASSERT_TRUE(cluster_back) << cluster_back.error().message;
    EXPECT_EQ(std::get<PutCluster>(*cluster_back).record.spec, cluster);
  }
  EXPECT_GT(with_rules, 1'000);
}

// Any bytes are read or refused; nothing else happens.
TEST(RulesCodecTest, DamagedBytesAreRefusedOrRead) {
  Rng rng(9);
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    const Edit put = PutSpec{SpecId{7}, RandomPolicyJob(rng)};
    std::string value = *EditValue(put);
    value[rng.Below(value.size())] = static_cast<char>(rng.Below(256));
    if (rng.Chance({1, 3})) value.resize(rng.Below(value.size()) + 1);
    refused += DecodeEdit(EditKey(put), value) ? 0 : 1;
  }
  EXPECT_GT(refused, 5'000);
}

TEST(RulesCodecTest, WhatNeedsNoRulesIsWrittenAsBefore) {
  JobSpec spec;
  spec.request = MakeResources(1, 1);
  EXPECT_EQ((*EditValue(PutSpec{SpecId{1}, spec}))[0], 1);
  spec.rules.emplace_back().scope = "default";
  EXPECT_EQ((*EditValue(PutSpec{SpecId{1}, spec}))[0], 2);
}

}  // namespace
}  // namespace fairway::scheduler
