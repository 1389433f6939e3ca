#include "scheduler/world_loader.h"

#include <algorithm>
#include <utility>

#include "scheduler/job_codec.h"

namespace fairway::scheduler {
namespace {

Error Inconsistent(const JobRecord& record, std::string_view what) {
  Error error;
  error.reason = "InternalError";
  error.message = "stored job " + std::to_string(record.job.value) + " (" + record.name +
                  "): " + std::string(what);
  return error;
}

// What World::Apply relies on.
std::string_view FindFault(const World& world, const JobRecord& record) {
  if (record.spec && world.specs().Find(record.spec) == nullptr) return "its spec is missing";
  if (!record.spec && !IsFinished(record) && record.state != JobState::kDeleting) {
    return "it names no spec";
  }
  if (record.cluster && world.FindCluster(record.cluster) == nullptr) {
    return "its cluster is missing";
  }
  const bool needs_cluster =
      !record.split && (!IsFinished(record) || record.state == JobState::kCommitting);
  if (!record.cluster && needs_cluster && record.state != JobState::kQueued &&
      record.state != JobState::kAdmitted &&
      !(record.state == JobState::kRequeued && record.quota)) {
    return "it names no cluster";
  }
  if (record.quota) {
    const JobSpec* spec = world.FindSpec(record.spec);
    if (spec == nullptr || spec->queueing.local_queue.empty()) return "it has quota, but no queue";
    if (record.quota->next_spec && world.FindSpec(record.quota->next_spec) == nullptr) {
      return "its next spec is missing";
    }
    if (record.state == JobState::kQueued && record.quota->IsAdmitted()) {
      return "it waits, and holds quota";
    }
  }
  if (record.part && world.FindJob(WholeOf(record.job)) == nullptr) return "its whole is missing";
  if (record.state == JobState::kSplit && !record.split) return "it is split without parts";
  if (record.state == JobState::kAdmitted && (!record.quota || !record.quota->IsAdmitted())) {
    return "it is admitted without quota";
  }
  return "";
}

}  // namespace

Result<LoadedRecord> ReadRecord(std::string_view key, std::string_view value) {
  if (!IsJobKey(key)) {
    Result<Edit> edit = DecodeEdit(key, value);
    if (!edit) return Fail(std::move(edit.error()));
    return LoadedRecord(std::make_unique<Edit>(std::move(*edit)));
  }
  Box<JobRecord> job;
  if (Status decoded = DecodeJob(key, value, *job); !decoded) return Fail(decoded.error());
  return LoadedRecord(std::move(job));
}

Status WorldLoader::Add(std::string_view key, std::string_view value) {
  Result<LoadedRecord> record = ReadRecord(key, value);
  if (!record) return Fail(std::move(record.error()));
  Add(std::move(*record));
  return {};
}

void WorldLoader::Add(LoadedRecord record) {
  if (const auto* edit = std::get_if<std::unique_ptr<Edit>>(&record)) return world_.Apply(**edit);
  Box<JobRecord>& job = std::get<Box<JobRecord>>(record);
  if (job->job <= last_ || !FindFault(world_, *job).empty()) {
    late_.push_back(std::move(job));
    return;
  }
  last_ = job->job;
  world_.Adopt(std::move(job));
}

Result<World> WorldLoader::Finish() {
  std::sort(late_.begin(), late_.end(),
            [](const Box<JobRecord>& a, const Box<JobRecord>& b) { return a->job < b->job; });
  for (Box<JobRecord>& job : late_) {
    const std::string_view fault = FindFault(world_, *job);
    if (!fault.empty()) return Fail(Inconsistent(*job, fault));
    world_.Adopt(std::move(job));
  }
  World world = std::move(world_);
  *this = WorldLoader();
  world.mutable_ledger().Settle();
  return world;
}

}  // namespace fairway::scheduler
