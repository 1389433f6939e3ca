#include "scheduler/restored.h"

#include <absl/container/btree_map.h>

#include <tuple>
#include <utility>

#include "scheduler/former_epochs.h"
#include "scheduler/quota/quota_steps.h"

namespace fairway::scheduler {
namespace {

// The one that counts: the newest epoch; of two with one number (a store was restored twice) the
// one with a result, then the lower cluster.
bool Outranks(const FoundCopy& a, const FoundCopy& b) {
  return std::tuple(a.epoch, a.finished, b.cluster) > std::tuple(b.epoch, b.finished, a.cluster);
}

// What was believed of the copy's lease was of another one.
void ForgetLease(JobRecord& record) {
  record.started = record.leased = record.approved = record.update_due = false;
  ++record.lease_generation;
}

void EndEpoch(JobRecord& record, Instant now, EndReason reason) {
  if (!record.cluster) return;
  AddFormer(record.former, {record.epoch, record.cluster, record.since, now, reason});
}

JobRecord Adopted(JobRecord record, const FoundCopy& copy, Instant now) {
  if (record.epoch != copy.epoch) EndEpoch(record, now, EndReason::kWithdrawn);
  // Its charge is for another place; the quota pass charges it where it is.
  if (record.quota && record.cluster != copy.cluster) EndAdmission(record, now);
  record.cluster = copy.cluster;
  record.epoch = copy.epoch;
  record.since = now;
  record.ending = EndReason::kNone;
  record.dispatch_pending = false;
  ForgetLease(record);
  if (record.state != JobState::kDeleting) record.state = JobState::kDispatched;
  return record;
}

JobRecord Held(JobRecord record, Instant now) {
  record.suspended = true;
  if (record.state == JobState::kQueued) return record;
  EndEpoch(record, now, record.state == JobState::kRequeued ? record.ending : EndReason::kCopyLost);
  record.cluster = ClusterId{};
  ForgetLease(record);
  if (record.quota) EndAdmission(record, now);
  record.state = JobState::kQueued;
  record.ending = EndReason::kNone;
  record.dispatch_pending = false;
  record.since = now;
  return record;
}

}  // namespace

RestorePlan PlanRestored(Instant now, const World& world, const std::vector<FoundCopy>& copies,
                         const RestoreRules& rules) {
  absl::btree_map<JobId, FoundCopy> newest;
  for (const FoundCopy& copy : copies) {
    if (world.FindCluster(copy.cluster) == nullptr) continue;
    auto [at, added] = newest.emplace(copy.job, copy);
    if (!added && Outranks(copy, at->second)) at->second = copy;
  }
  RestorePlan plan;
  for (const auto& [job, box] : world.jobs()) {
    const JobRecord& record = *box;
    // Of a split job, its parts have the copies.
    if (IsFinished(record) || record.split || job > rules.last_restored) continue;
    const auto found = newest.find(job);
    if (found != newest.end() && found->second.epoch >= record.epoch) {
      const FoundCopy& copy = found->second;
      if (record.cluster == copy.cluster && record.epoch == copy.epoch) continue;
      plan.edits.emplace_back(PutJob{Adopted(record, copy, now)});
      plan.adopted.push_back(job);
      continue;
    }
    // A withdrawal will find nothing, and what is suspended does not run by itself.
    const bool waits = record.state == JobState::kQueued && record.suspended;
    if (rules.run_missing || record.state == JobState::kDeleting || waits) continue;
    plan.edits.emplace_back(PutJob{Held(record, now)});
    plan.held.push_back(job);
  }
  return plan;
}

}  // namespace fairway::scheduler
