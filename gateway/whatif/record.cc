#include "gateway/whatif/record.h"

#include <algorithm>
#include <map>

#include "gateway/whatif/trace.h"

namespace fairway::gateway {

namespace {

// In the order in which a reader likes to see them; readers take any.
constexpr std::string_view kResources[] = {"namespaces",
                                           "resourceflavors.kueue.x-k8s.io",
                                           "cohorts.kueue.x-k8s.io",
                                           "clusterqueues.kueue.x-k8s.io",
                                           "localqueues.kueue.x-k8s.io",
                                           "workloadpriorityclasses.kueue.x-k8s.io",
                                           "placementpolicies.fairway.flext.sh",
                                           "clusterplacementpolicies.fairway.flext.sh"};

Error TooLarge() {
  Error error;
  error.code = 422;
  error.reason = "Invalid";
  error.message = "a trace holds at most " + std::to_string(kRecordJobsMax) + " Jobs and " +
                  std::to_string(kRecordBytesMax >> 20) + " MiB; this gateway stores more";
  return error;
}

Duration RunOf(const scheduler::JobRecord& job) {
  if (!scheduler::IsFinished(job) || !job.since || job.finished < job.since) return {};
  return {std::max<int64_t>((job.finished - job.since).ms, 1)};
}

}  // namespace

Result<std::string> RecordTrace(store::RocksJournal& journal, const store::Snapshot& at,
                                const LiveFacts& facts, Instant now,
                                const std::atomic<bool>& cancelled) {
  auto world = StoredWorld(journal, at);
  if (!world) return Fail(world.error());
  if (world->jobs().size() > kRecordJobsMax) return Fail(TooLarge());
  Instant begin = now;
  for (const auto& [id, job] : world->jobs()) begin = std::min(begin, job->submitted);
  std::string out = TraceHeader(begin, facts.quota.fair_sharing);
  const auto each = [&](std::string_view resource, const auto& write) -> Status {
    Status failed;
    Status scanned = journal.ReadObjects({std::string(resource), "", std::nullopt}, at,
                                         [&](const store::Object& object) {
                                           auto doc = kube::ParseJson(*object.body);
                                           if (doc && doc->is_object())
                                             write(object, doc->get_object());
                                           if (out.size() > kRecordBytesMax)
                                             failed = Fail(TooLarge());
                                           return failed.has_value() && !cancelled.load();
                                         });
    return scanned ? failed : scanned;
  };
  Status read;
  for (const std::string_view resource : kResources) {
    read = each(resource,
                [&](const store::Object&, const kube::Object& doc) { out += TraceObject(doc); });
    if (!read) return Fail(read.error());
  }
  read =
      each("clusters.fairway.flext.sh", [&](const store::Object& object, const kube::Object& doc) {
        const auto known = facts.clusters.find(ClusterId{object.created.value});
        if (known != facts.clusters.end()) out += TraceCluster(doc, known->second.capacity);
      });
  if (!read) return Fail(read.error());
  std::map<JobId, std::string> jobs;  // in the order of their submission
  size_t bytes = 0;
  read = each("jobs.batch", [&](const store::Object& object, const kube::Object& doc) {
    const scheduler::JobRecord* job = world->FindJob(JobId{object.created.value});
    if (job == nullptr || bytes > kRecordBytesMax) return;
    std::string line = TraceJob(doc, job->submitted - begin, RunOf(*job));
    bytes += line.size();
    jobs.emplace(job->job, std::move(line));
  });
  if (!read) return Fail(read.error());
  if (bytes + out.size() > kRecordBytesMax) return Fail(TooLarge());
  for (const auto& [id, line] : jobs) out += line;
  return out;
}

}  // namespace fairway::gateway
