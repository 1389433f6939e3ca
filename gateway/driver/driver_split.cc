// What the Driver writes of split jobs: the parts have no objects of their own.
#include "gateway/driver/driver.h"
#include "gateway/driver/job_name.h"
#include "gateway/driver/log_unwritten.h"
#include "gateway/driver/split_document.h"

namespace fairway::gateway {

using kube::Object;

namespace {

store::ObjectKey PlacementOf(const scheduler::JobRecord& part) {
  store::ObjectKey key = JobKey(part.name);
  key.resource = "placements.fairway.flext.sh";
  return key;
}

}  // namespace

void Driver::PublishPart(const scheduler::JobRecord& part, const scheduler::Decision* decision) {
  const scheduler::World& world = pump_.world();
  const scheduler::JobRecord* whole = world.FindJob(WholeOf(part.job));
  if (part.cluster) clusters_.CapacityChanged(part.cluster);
  if (whole == nullptr) return;
  kube::MonotonicResource arena;
  api::WriteOptions options;
  options.storage = kube::StoragePtr(&arena);
  // A Placement that is not there yet is made with the whole's own decision.
  auto written = writer_.Mutate(
      PlacementOf(part), "",
      [&](Object& stored) -> Status {
        kube::Array shards = ShardsDocument(*whole, world, &stored, decision, stored.storage());
        Object& status = kube::EnsureObject(stored, {"status"});
        status["shards"] = std::move(shards);
        status["state"] = StateOfParts(*whole, world);
        return {};
      },
      options);
  if (!written) LogUnwritten("placement", part.name, written.error());
  queues_.Publish(AsOneEntry(*whole, world), nullptr, jobs_.Submitting(whole->job));
  if (decision == nullptr || !decision->cluster) return;
  scheduler::Decision told = *decision;
  told.message = "shard " + std::to_string(ShardNumber(part.job)) + ": " + told.message;
  RecordDecision(part, told);
}

void Driver::PublishPartStatus(const scheduler::JobRecord& part,
                               const clusters::CopyReport& report) {
  const scheduler::World& world = pump_.world();
  const scheduler::JobRecord* whole = world.FindJob(WholeOf(part.job));
  if (whole == nullptr) return;
  kube::MonotonicResource arena;
  api::WriteOptions options;
  options.storage = kube::StoragePtr(&arena);
  kube::Array shards(options.storage);
  auto placed = writer_.Mutate(
      PlacementOf(part), "",
      [&](Object& stored) -> Status {
        shards = ShardsDocument(*whole, world, &stored, nullptr, stored.storage());
        if (Status noted = NoteShardStatus(part, report.status_json, shards); !noted) return noted;
        kube::EnsureObject(stored, {"status"})["shards"] = shards;
        return {};
      },
      options);
  if (!placed) LogUnwritten("placement", part.name, placed.error());
  auto written = writer_.Mutate(
      JobKey(part.name), "status",
      [&](Object& job) -> Status {
        return MergeSplitStatus(*whole, part, report.status_json, shards, job);
      },
      options);
  if (!written) LogUnwritten("status", part.name, written.error());
  if (part.finished) fleet_.Forget(part.job);
}

}  // namespace fairway::gateway
