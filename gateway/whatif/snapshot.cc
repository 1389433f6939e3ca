#include "gateway/whatif/snapshot.h"

#include <string_view>
#include <vector>

#include "clusters/kube/kinds/run_time.h"
#include "gateway/driver/recovery.h"
#include "scheduler/measured_capacity.h"
#include "scheduler/names.h"

namespace fairway::gateway {

namespace {

// Most Jobs say nothing of their run time: those are not parsed.
bool MaySayRunTime(std::string_view body) {
  return body.find(names::kAnnotationExpectedRunTime) != std::string_view::npos ||
         body.find("activeDeadlineSeconds") != std::string_view::npos;
}

}  // namespace

LiveFacts FactsOf(const scheduler::World& live) {
  LiveFacts facts;
  facts.weights = live.weights();
  facts.quota = live.quota_settings();
  facts.run_by_queue = scheduler::MeanRuns(live.ledger());
  for (const auto& [id, cluster] : live.clusters()) {
    LiveFacts::Cluster& known = facts.clusters[id];
    known.capacity = scheduler::MeasuredCapacity(cluster);
    known.measured = cluster.measured;
    known.ready = cluster.ready;
  }
  return facts;
}

void NoteRunTime(JobId job, const kube::Object& doc, scheduler::RunTimeModel& model) {
  const std::string_view declared =
      kube::GetString(doc, {"metadata", "annotations", names::kAnnotationExpectedRunTime});
  if (const auto span = kube::ParseRunTime(declared)) model.declared[job] = *span;
  const auto deadline = kube::Get<int64_t>(doc, {"spec", "activeDeadlineSeconds"});
  constexpr int64_t kYearSeconds = 366 * 86'400;
  if (deadline && *deadline > 0 && *deadline < kYearSeconds) {
    model.deadlines[job] = Seconds(*deadline);
  }
}

Result<scheduler::World> StoredWorld(store::RocksJournal& journal, const store::Snapshot& at) {
  return LoadWorld([&](const RecordVisit& visit) { return journal.ReadCore(at, visit); });
}

Result<WhatIfWorld> ReadWorld(store::RocksJournal& journal, const store::Snapshot& at,
                              const LiveFacts& facts) {
  auto loaded = StoredWorld(journal, at);
  if (!loaded) return Fail(loaded.error());
  WhatIfWorld out;
  out.world = std::move(*loaded);
  scheduler::World& world = out.world;
  out.run_times.by_queue = facts.run_by_queue;
  out.run_times.typical = scheduler::MedianRun(world);
  if (!world.jobs().empty()) out.last = WholeOf(world.jobs().rbegin()->first);
  std::vector<JobId> finished;
  for (const auto& [id, job] : world.jobs()) {
    const bool over =
        job->state == scheduler::JobState::kDone || job->state == scheduler::JobState::kFailed;
    if (over) finished.push_back(id);
  }
  for (const JobId job : finished) world.Apply(scheduler::EraseJob{job});
  world.SetWeights(facts.weights);
  world.ConfigureQuota(facts.quota);
  for (const auto& [id, cluster] : facts.clusters) {
    if (world.FindCluster(id) == nullptr) continue;  // joined after the snapshot
    if (cluster.measured) world.ObserveCapacity(id, cluster.capacity);
    world.ObserveLink(id, cluster.ready);
  }
  Status read =
      journal.ReadObjects({"jobs.batch", "", std::nullopt}, at, [&](const store::Object& object) {
        const JobId id{object.created.value};
        if (world.FindJob(id) == nullptr || !MaySayRunTime(*object.body)) return true;
        auto doc = kube::ParseJson(*object.body);
        if (doc && doc->is_object()) NoteRunTime(id, doc->get_object(), out.run_times);
        return true;
      });
  if (!read) return Fail(read.error());
  return out;
}

}  // namespace fairway::gateway
