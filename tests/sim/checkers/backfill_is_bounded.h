// Promise: who is admitted to quota that is kept for a job with a reservation is sure to be over
// when that job should start. Reckoned from the limits that the simulation gave its jobs, not from
// those that the core was told; the queues of a simulation form one flat cohort.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "scheduler/edit.h"
#include "scheduler/quota/backfill.h"
#include "scheduler/world.h"
#include "tests/sim/sim_context.h"

namespace fairway::sim {

class BackfillChecker {
 public:
  // A process starts with what was saved.
  void Start(const scheduler::World& world) {
    used_.clear();
    sum_ = 0;
    for (const auto& [id, box] : world.jobs()) Use(id, Amount(world, *box));
  }
  // Before a step: what is kept, and for whom.
  void Note(const scheduler::World& world) {
    kept_.clear();
    promised_.clear();
    if (world.ledger().reservations().empty()) return;
    for (const auto& [job, claim] : world.ledger().claims()) {
      if (claim.reserved) kept_.emplace_back(job, claim);
      promised_.insert(job);
    }
  }

  // After it, for each edit in order: a step may admit several, and some are free to pass.
  void Take(const scheduler::World& world, const scheduler::Edit& edit) {
    if (const auto* erased = std::get_if<scheduler::EraseJob>(&edit)) Use(erased->job, 0);
    if (const auto* put = std::get_if<scheduler::PutJob>(&edit)) {
      Use(put->record.job, Amount(world, put->record));
    }
  }

  // The edit that was just taken launched this job under its quota.
  void Check(SimContext& sim, const scheduler::World& world,
             const scheduler::JobRecord& record) const {
    const auto job = sim.jobs.find(WholeOf(record.job));
    // What was promised to a job is its parts' as well.
    if (kept_.empty() || job == sim.jobs.end() || promised_.contains(record.job) ||
        promised_.contains(WholeOf(record.job))) {
      return;
    }
    const scheduler::JobSpec& truth = sim.templates[static_cast<size_t>(job->second.spec)];
    for (const auto& [waiting, claim] : kept_) {
      const auto still = world.ledger().claims().find(waiting);
      // One that was void for a moment and is made anew was not in the way.
      if (still == world.ledger().claims().end() || !still->second.reserved ||
          still->second.since != claim.since) {
        continue;
      }
      const scheduler::JobSpec& its = *world.FindSpec(world.FindJob(waiting)->spec);
      const bool own = truth.queueing.local_queue == its.queueing.local_queue;
      if (truth.priority > its.priority) continue;
      if (own && truth.priority == its.priority && WholeOf(record.job) < waiting) continue;
      if (sum_ + Sum(claim) <= Nominal(world)) continue;  // it fits beside that
      const int64_t limit = int64_t{truth.queueing.max_execution_seconds} * 1000;
      const Instant end =
          sim.now + Duration{limit - record.quota->past_execution_ms} + scheduler::kBackfillGrace;
      if (limit > 0 && end <= claim.start) continue;
      sim.Fail(kExitCorrectness, "backfill_is_bounded",
               "job " + std::to_string(record.job.value) + " took what is kept for job " +
                   std::to_string(waiting.value) + " and may outlast its start: of " +
                   std::to_string(Nominal(world)) + " used " + std::to_string(sum_) + " kept " +
                   std::to_string(Sum(claim)) + ", ends by " + std::to_string(end.ms) + ", start " +
                   std::to_string(claim.start.ms));
    }
  }

 private:
  static int64_t Amount(const scheduler::World& world, const scheduler::JobRecord& record) {
    const scheduler::JobSpec* spec = world.FindSpec(record.spec);
    if (spec == nullptr || !record.quota || !record.quota->IsAdmitted() ||
        scheduler::IsLeaving(record)) {
      return 0;
    }
    return spec->request.cpu_milli * record.quota->pod_sets.front().count;
  }
  static int64_t Sum(const scheduler::QuotaClaim& claim) {
    int64_t sum = 0;
    for (const scheduler::QuotaCharge& charge : claim.charges) {
      if (charge.resource == "cpu") sum += charge.amount;
    }
    return sum;
  }
  static int64_t Nominal(const scheduler::World& world) {
    int64_t sum = 0;
    for (const auto& [id, queue] : world.quota().cluster_queues.objects()) {
      sum += queue.groups[0].flavors[0].resources[0].nominal;
    }
    return sum;
  }
  void Use(JobId job, int64_t amount) {
    const auto known = used_.try_emplace(job, 0).first;
    sum_ += amount - std::exchange(known->second, amount);
    if (amount == 0) used_.erase(known);
  }

  std::vector<std::pair<JobId, scheduler::QuotaClaim>> kept_;
  std::set<JobId> promised_;
  std::map<JobId, int64_t> used_;
  int64_t sum_ = 0;
};

}  // namespace fairway::sim
