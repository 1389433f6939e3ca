// Nothing leaves before what it rests on is saved.
#include "scheduler/outbox.h"

#include <gtest/gtest.h>

#include <vector>

namespace fairway::scheduler {
namespace {

TEST(OutboxTest, ReleasesInOrderUpToTheCommittedRevision) {
  Outbox<int> outbox;
  outbox.Hold(Revision{1}, 10);
  outbox.Hold(Revision{3}, 30);
  outbox.Hold(Revision{3}, 31);
  std::vector<int> released;
  const auto keep = [&](int item) { released.push_back(item); };
  outbox.Release(Revision{2}, keep);
  EXPECT_EQ(released, (std::vector<int>{10}));
  outbox.Release(Revision{3}, keep);
  EXPECT_EQ(released, (std::vector<int>{10, 30, 31}));
  EXPECT_EQ(outbox.size(), 0u);
}

TEST(OutboxTest, DeliveryMayHoldMore) {
  Outbox<int> outbox;
  outbox.Hold(Revision{1}, 1);
  std::vector<int> released;
  outbox.Release(Revision{5}, [&](int item) {
    released.push_back(item);
    if (item < 3) outbox.Hold(Revision{static_cast<uint64_t>(item) + 4}, item + 1);
  });
  EXPECT_EQ(released, (std::vector<int>{1, 2}));
  EXPECT_EQ(outbox.size(), 1u);
}

}  // namespace
}  // namespace fairway::scheduler
