// A list shows which acknowledged copies are gone, and only those.
#include "scheduler/reconcile.h"

#include <gtest/gtest.h>

#include "tests/scheduler/core_fixture.h"

namespace fairway::scheduler {
namespace {

using ReconcileTest = CoreFixture;

TEST_F(ReconcileTest, OnlyAcknowledgedCopiesCanBeMissed) {
  AddCluster(1, 10'000);
  for (uint64_t job : {10, 11, 12}) Submit(job, Pod(100));
  Ack(11);
  Step(Run(12, 1, 1, RunPhase::kSucceeded));
  const auto expected = AcknowledgedCopies(core().world(), ClusterId{1});
  ASSERT_EQ(expected.size(), 2u);  // 10 may still be on its way
  const auto missing = FindMissing(expected, {{JobId{10}, Epoch{1}}, {JobId{12}, Epoch{1}}});
  ASSERT_EQ(missing.size(), 1u);
  EXPECT_EQ(missing[0].job, JobId{11});
  // The loss is confirmed by a withdrawal before the job goes elsewhere.
  Step(CopyGone{JobId{11}, ClusterId{1}, Epoch{1}, false});
  EXPECT_EQ(Job(11).state, JobState::kRequeued);
  EXPECT_EQ(Count<Withdraw>(), 1);
  Step(CopyGone{JobId{11}, ClusterId{1}, Epoch{1}, false});
  EXPECT_EQ(Job(11).state, JobState::kRequeued) << "said twice is not confirmed";
  Step(CopyGone{JobId{11}, ClusterId{1}, Epoch{1}, true});
  EXPECT_EQ(Job(11).state, JobState::kPlacing);
  EXPECT_EQ(Job(11).epoch, Epoch{2});
}

}  // namespace
}  // namespace fairway::scheduler
