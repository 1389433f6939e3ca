#include "scheduler/world_loader.h"

#include <algorithm>

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
  if (!record.cluster && !IsFinished(record) && record.state != JobState::kQueued &&
      record.state != JobState::kAdmitted) {
    return "it names no cluster";
  }
  return "";
}

}  // namespace

Status WorldLoader::Add(std::string_view key, std::string_view value) {
  Result<Edit> edit = DecodeEdit(key, value);
  if (!edit) return Fail(edit.error());
  if (auto* put_job = std::get_if<PutJob>(&*edit)) {
    jobs_.emplace_back(std::move(put_job->record));
  } else if (auto* put_spec = std::get_if<PutSpec>(&*edit)) {
    specs_.push_back(std::move(*put_spec));
  } else if (auto* put_cluster = std::get_if<PutCluster>(&*edit)) {
    clusters_.push_back(std::move(put_cluster->record));
  } else {
    quota_.push_back(std::move(*edit));
  }
  return {};
}

Result<World> WorldLoader::Finish() {
  World world;
  for (PutSpec& spec : specs_) world.Apply(std::move(spec));
  for (ClusterRecord& cluster : clusters_) world.Apply(PutCluster{std::move(cluster)});
  for (const Edit& edit : quota_) world.Apply(edit);
  const auto by_id = [](const Box<JobRecord>& a, const Box<JobRecord>& b) {
    return a->job < b->job;
  };
  if (!std::is_sorted(jobs_.begin(), jobs_.end(), by_id)) {
    std::sort(jobs_.begin(), jobs_.end(), by_id);
  }
  for (Box<JobRecord>& job : jobs_) {
    const std::string_view fault = FindFault(world, *job);
    if (!fault.empty()) return Fail(Inconsistent(*job, fault));
    world.Adopt(std::move(job));
  }
  *this = WorldLoader();
  return world;
}

}  // namespace fairway::scheduler
