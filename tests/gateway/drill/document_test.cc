// What a drill was seen to do, as its object says it.
#include "gateway/drill/document.h"

#include <gtest/gtest.h>

#include "clusters/kube/json.h"

namespace fairway::gateway {
namespace {

using kube::Object;

TEST(DrillDocument, StatesLeaveTheirTimes) {
  Object drill;
  SetDrillState(drill, {"Preparing", "", "", {}, {}}, Instant{1'000});
  SetDrillState(drill, {"Cut", "", "", Instant{2'500}, {}}, Instant{2'600});
  EXPECT_EQ(kube::GetString(drill, {"status", "startTime"}), "1970-01-01T00:00:01Z");
  EXPECT_EQ(kube::GetString(drill, {"status", "cutTime"}), "1970-01-01T00:00:02.500000Z");
  EXPECT_EQ(kube::GetString(drill, {"status", "completionTime"}), "");
  SetDrillState(drill, {"Aborted", "Why", "because", Instant{2'500}, Instant{4'000}},
                Instant{9'000});
  EXPECT_EQ(kube::GetString(drill, {"status", "completionTime"}), "1970-01-01T00:00:09Z");
  EXPECT_EQ(kube::GetString(drill, {"status", "reason"}), "Why");
  EXPECT_TRUE(IsDrillOver("Aborted"));
  EXPECT_FALSE(IsDrillOver("Cut"));
}

TEST(DrillDocument, EachEndHasAPhase) {
  using scheduler::DrillEnd;
  scheduler::DrillRecord record;
  record.end = DrillEnd::kCompleted;
  EXPECT_EQ(EndOfDrill(record).phase, "Completed");
  record.overdue = true;
  EXPECT_EQ(EndOfDrill(record).message, "not all clusters were back in time");
  record.overdue = false;
  record.end = DrillEnd::kInterrupted;
  EXPECT_EQ(EndOfDrill(record).phase, "Interrupted");
  for (const DrillEnd end : {DrillEnd::kAborted, DrillEnd::kUnhealthy, DrillEnd::kBacklog,
                             DrillEnd::kUnprotected, DrillEnd::kClusterRemoved}) {
    record.end = end;
    EXPECT_EQ(EndOfDrill(record).phase, "Aborted");
    EXPECT_FALSE(EndOfDrill(record).message.empty());
  }
}

TEST(DrillDocument, ReportsListTheFirstAndCountAll) {
  scheduler::World world;
  world.Apply(scheduler::PutCluster{{ClusterId{1}, {}}});
  scheduler::DrillWish wish;
  wish.clusters = {ClusterId{1}};
  const scheduler::Rehearsal rehearsal(world, wish, Instant{1'000});
  scheduler::RehearsedJob job;
  job.name = "team/a";
  job.from = ClusterId{1};
  scheduler::DrillReport report;
  report.jobs = report.in_scope = static_cast<int64_t>(kDrillRowsMax) + 3;
  report.fates[scheduler::DrillFate::kMoved] = 4;
  report.rto = {4, Seconds(1), Seconds(2), Seconds(3), Seconds(4)};
  for (int64_t i = 0; i < report.jobs; ++i) {
    scheduler::DrillRow& row = report.rows.emplace_back();
    row.job = &job;
    row.restarted = Seconds(i);
  }
  const Object doc = ReportDocument(rehearsal, report, {{ClusterId{1}, "eu"}}, true);
  EXPECT_EQ(kube::GetArray(doc, {"workloads"})->size(), kDrillRowsMax);
  EXPECT_EQ(kube::Get<int64_t>(doc, {"unlisted"}), 3);
  EXPECT_EQ(kube::Get<int64_t>(doc, {"moved"}), 4);
  EXPECT_EQ(kube::Get<int64_t>(doc, {"recovery", "p99Milliseconds"}), 3'000);
  const kube::Value& first = kube::GetArray(doc, {"workloads"})->front();
  EXPECT_EQ(kube::GetString(first, {"namespace"}), "team");
  EXPECT_EQ(kube::GetString(first, {"from"}), "eu");
}

}  // namespace
}  // namespace fairway::gateway
