#include "scheduler/split/split_steps.h"

#include <algorithm>

#include "scheduler/former_epochs.h"
#include "scheduler/names.h"
#include "scheduler/split/family.h"

namespace fairway::scheduler {
namespace {

std::string PodsText(int32_t pods) { return std::to_string(pods) + (pods == 1 ? " pod" : " pods"); }

void TellSplit(StepContext& step, const JobRecord& whole, const std::vector<SplitPart>& parts) {
  if (!step.WantsDecisions()) return;
  Decision decision;
  decision.job = whole.job;
  decision.epoch = whole.epoch;
  decision.cluster = parts.front().cluster;
  decision.outcome = names::kOutcomePlaced;
  decision.message = "split over " + std::to_string(parts.size()) + " clusters:";
  for (const SplitPart& part : parts) {
    const ClusterState* state = step.world().FindCluster(part.cluster);
    decision.message += (part == parts.front() ? " " : ", ") +
                        (state == nullptr ? std::string() : state->record.spec.name) +
                        " runs indexes " + std::to_string(part.indexes.first) + "-" +
                        std::to_string(part.indexes.last) + ", " + PodsText(part.pods) + " at once";
  }
  step.EmitDecision(std::move(decision));
}

JobQuota ShareOf(const JobQuota& admission, int32_t pods) {
  JobQuota share = admission;
  share.next_spec = {};
  for (PodSetAdmission& pod_set : share.pod_sets) pod_set.count = pods;
  return share;
}

// Tells the unfinished parts what the whole wishes now. `anew`: its pods are divided again; else
// each part keeps as many as it has.
void TellParts(StepContext& step, JobId whole, const JobSpec& spec, bool anew, bool suspended,
               Epoch approved) {
  std::vector<JobId> jobs;
  std::vector<int64_t> indexes;
  std::vector<int32_t> pods;
  for (const JobRecord* part : PartsOf(step.world(), whole)) {
    if (IsFinished(*part) || part->state == JobState::kDeleting) continue;
    jobs.push_back(part->job);
    indexes.push_back(CountOf(part->part->indexes));
    pods.push_back(step.world().FindSpec(part->spec)->parallelism);
  }
  if (anew) pods = DividePods(spec.parallelism, indexes);
  for (size_t i = 0; i < jobs.size(); ++i) {
    const JobSpec wish = SpecOfPart(spec, pods[i]);
    On(step, JobChanged{jobs[i], &wish, suspended, -1, approved});
  }
}

// The whole's result is saved.
void Conclude(StepContext& step, JobRecord whole, JobState result, Instant finished) {
  ++step.stats().finished;
  whole.state = result;
  whole.finished = std::max(finished, Instant{1});
  whole.spec = SpecId{};
  whole.quota.Reset();
  step.Emit(PublishPlacement{whole.job});
  step.PutRecord(std::move(whole));
}

// The whole has ended: a part that has not is over, and its copy goes.
void GiveUpParts(StepContext& step, JobId whole) {
  std::vector<JobRecord> open;
  for (const JobRecord* part : PartsOf(step.world(), whole)) {
    if (!IsFinished(*part) && part->state != JobState::kDeleting) open.push_back(*part);
  }
  for (JobRecord& part : open) {
    RunObserved end{part.job, part.cluster, part.epoch, RunPhase::kFailed, step.now()};
    if (part.cluster) {
      if (part.state != JobState::kRequeued) {
        AddFormer(part.former,
                  {part.epoch, part.cluster, part.since, step.now(), EndReason::kSuperseded});
      }
      part.state = JobState::kCommitting;
      step.Emit(Withdraw{part.job, part.cluster, part.epoch});
    } else {
      part.state = JobState::kDone;
    }
    part.part->given_up = true;
    step.Conclude(part, end);
    step.PutRecord(std::move(part));
  }
}

void FailWhole(StepContext& step, JobRecord whole, Instant when) {
  const JobId job = whole.job;
  Conclude(step, std::move(whole), JobState::kFailed, when);
  GiveUpParts(step, job);
}

}  // namespace

void BeginSplit(StepContext& step, JobRecord whole, const std::vector<SplitPart>& parts,
                const JobQuota* admission) {
  const JobSpec spec = *step.world().FindSpec(whole.spec);
  whole.state = JobState::kSplit;
  whole.split = true;
  whole.epoch = Epoch{whole.epoch.value + 1};
  whole.since = step.now();
  TellSplit(step, whole, parts);
  step.Emit(PublishPlacement{whole.job});
  step.PutRecord(whole);
  uint64_t number = 0;
  for (const SplitPart& each : parts) {
    JobRecord part;
    part.job = ShardOf(whole.job, ++number);
    part.name = whole.name;
    part.spec = step.Intern(SpecOfPart(spec, each.pods));
    part.submitted = whole.submitted;
    part.part.Make().indexes = each.indexes;
    if (admission != nullptr) part.quota = MaybeBox<JobQuota>(ShareOf(*admission, each.pods));
    step.Launch(std::move(part), each.cluster);
  }
}

void ChangeSplit(StepContext& step, JobRecord whole, const JobChanged& event) {
  const JobRecord known = whole;
  whole.suspended = event.suspended;
  whole.ttl_seconds = event.ttl_seconds;
  if (whole.state != JobState::kSplit) {
    if (whole != known && whole.state != JobState::kDeleting) step.PutRecord(std::move(whole));
    return;
  }
  // How it is split stays as it was decided.
  JobSpec spec = *event.spec;
  const std::vector<SplitWish>& split = step.world().FindSpec(known.spec)->split;
  spec.split = split;
  const bool anew = spec.parallelism != step.world().FindSpec(known.spec)->parallelism;
  whole.spec = step.Intern(spec);
  if (spec.queueing.local_queue.empty()) {
    whole.quota.Reset();
  } else {
    whole.quota.Make();
  }
  TellParts(step, whole.job, spec, anew, whole.suspended, event.approved);
  if (whole == known) return;
  step.Emit(PublishPlacement{whole.job});
  step.PutRecord(std::move(whole));
}

void RelabelSplit(StepContext& step, const JobRecord& whole, const JobRelabeled& event) {
  std::vector<JobId> jobs;
  for (const JobRecord* part : PartsOf(step.world(), whole.job)) {
    if (part->spec) jobs.push_back(part->job);
  }
  for (const JobId job : jobs) On(step, JobRelabeled{job, event.spec});
}

void DeleteSplit(StepContext& step, JobRecord whole, bool orphan) {
  if (whole.state == JobState::kDeleting) return;
  std::vector<JobId> jobs;
  for (const JobRecord* part : PartsOf(step.world(), whole.job)) jobs.push_back(part->job);
  const JobId job = whole.job;
  whole.state = JobState::kDeleting;
  whole.delete_requested = true;
  step.Emit(PublishPlacement{job});
  step.PutRecord(std::move(whole));
  for (const JobId part : jobs) On(step, JobDeleted{part, orphan});
  // Without parts (an edit of a restore may have taken them) it goes by itself.
  const JobRecord* left = step.world().FindJob(job);
  if (left != nullptr && PartsOf(step.world(), job).empty()) step.Release(*left);
}

void NotePartEnded(StepContext& step, JobId ended) {
  const JobRecord* whole = step.world().FindJob(WholeOf(ended));
  const JobRecord* part = step.world().FindJob(ended);
  if (whole == nullptr || part == nullptr || whole->state != JobState::kSplit) return;
  if (part->state == JobState::kFailed) return FailWhole(step, *whole, part->finished);
  bool all = true;
  bool waits = false;
  bool starved = false;
  Instant last = part->finished;
  for (const JobRecord* each : PartsOf(step.world(), whole->job)) {
    last = std::max(last, each->finished);
    if (IsFinished(*each)) continue;
    all = false;
    waits = waits || (each->state == JobState::kQueued && !each->suspended);
    const JobSpec* spec = step.world().FindSpec(each->spec);
    starved = starved || (spec != nullptr && spec->parallelism == 0);
  }
  if (all) return Conclude(step, *whole, JobState::kDone, last);
  if (starved) {
    const JobSpec spec = *step.world().FindSpec(whole->spec);
    TellParts(step, whole->job, spec, true, whole->suspended, {});
  }
  if (waits) MakeWayFor(step, ended);
  step.Emit(PublishPlacement{WholeOf(ended)});
}

void NoteWholeEnded(StepContext& step, JobId whole) { GiveUpParts(step, whole); }

bool ExceedsBackoff(StepContext& step, JobId job, int32_t failures, Instant when) {
  const JobRecord* whole = step.world().FindJob(WholeOf(job));
  const JobRecord* known = step.world().FindJob(job);
  if (whole == nullptr || known == nullptr || whole->state != JobState::kSplit) return false;
  if (known->part->failures == failures) return false;
  JobRecord part = *known;
  part.part->failures = failures;
  step.PutRecord(std::move(part));
  int64_t all = 0;
  for (const JobRecord* each : PartsOf(step.world(), whole->job)) all += each->part->failures;
  const std::vector<SplitWish>& split = step.world().FindSpec(whole->spec)->split;
  if (split.empty() || all <= split.front().backoff_limit) return false;
  FailWhole(step, *whole, when ? std::min(when, step.now()) : step.now());
  return true;
}

void MakeWayFor(StepContext& step, JobId job) {
  std::vector<JobRecord> done;
  for (const JobRecord* each : PartsOf(step.world(), WholeOf(job))) {
    if (each->state == JobState::kDone && each->cluster) done.push_back(*each);
  }
  for (JobRecord& part : done) {
    part.state = JobState::kCommitting;
    step.Emit(Withdraw{part.job, part.cluster, part.epoch});
    step.PutRecord(std::move(part));
  }
}

void NotePartReleased(StepContext& step, JobId part) {
  const JobRecord* whole = step.world().FindJob(WholeOf(part));
  if (whole == nullptr || whole->state != JobState::kDeleting) return;
  if (PartsOf(step.world(), whole->job).empty()) step.Release(*whole);
}

}  // namespace fairway::scheduler
