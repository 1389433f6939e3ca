// The queue's order: priority, then age; groups of likes.
#include "scheduler/pending_queue.h"

#include <gtest/gtest.h>

#include <vector>

namespace fairway::scheduler {
namespace {

std::vector<uint64_t> HeadsOf(const PendingQueue& queue) {
  std::vector<uint64_t> jobs;
  QueueHead at = PendingQueue::kBeforeAll;
  while (const QueueHead* head = queue.Next(at)) {
    at = *head;
    jobs.push_back(at.job.value);
  }
  return jobs;
}

TEST(PendingQueueTest, HeadsComeByPriorityThenAge) {
  PendingQueue queue;
  queue.Add({SpecId{1}, {}}, 0, JobId{10});
  queue.Add({SpecId{2}, {}}, 5, JobId{12});
  queue.Add({SpecId{3}, {}}, 0, JobId{5});
  queue.Add({SpecId{4}, {}}, INT32_MIN, JobId{1});
  EXPECT_EQ(HeadsOf(queue), (std::vector<uint64_t>{12, 5, 10, 1}));
}

TEST(PendingQueueTest, TheOldestOfAGroupIsItsHead) {
  PendingQueue queue;
  const GroupId group{SpecId{1}, {}};
  for (const uint64_t job : {20, 30, 10}) queue.Add(group, 0, JobId{job});
  EXPECT_EQ(HeadsOf(queue), (std::vector<uint64_t>{10}));
  queue.Remove(group, JobId{10});
  EXPECT_EQ(HeadsOf(queue), (std::vector<uint64_t>{20}));
  queue.Remove(group, JobId{30});
  EXPECT_EQ(queue.jobs(), 1u);
  queue.Remove(group, JobId{20});
  EXPECT_EQ(queue.groups(), 0u);
  EXPECT_TRUE(HeadsOf(queue).empty());
}

TEST(PendingQueueTest, ABlockedGroupIsBlockedForOneGenerationOnly) {
  PendingQueue queue;
  const GroupId group{SpecId{1}, {}};
  queue.Add(group, 0, JobId{1});
  queue.MarkBlocked(group, 7);
  EXPECT_TRUE(queue.IsBlocked(group, 7));
  EXPECT_FALSE(queue.IsBlocked(group, 8));
  EXPECT_FALSE(queue.IsBlocked({SpecId{2}, {}}, 7));
}

}  // namespace
}  // namespace fairway::scheduler
