// World: everything the core believes, as a plain value in key order. Durable state changes through
// Apply(Edit) alone, while it runs and when it recovers. What is measured anew after each start
// (capacity, link) comes in by Observe... and is not saved. Every index beside the records is
// derived: Apply and Observe keep it, CheckInvariants proves it.
//
// One thread. Pointers to a job's record stay good until that job is erased; pointers to a
// cluster's state until a cluster comes or goes.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>

#include <array>
#include <cstdint>
#include <utility>

#include "scheduler/box.h"
#include "scheduler/cluster_index.h"
#include "scheduler/edit.h"
#include "scheduler/pending_queue.h"
#include "scheduler/policy/job_index.h"
#include "scheduler/policy/node_fit.h"
#include "scheduler/quota/quota_ledger.h"
#include "scheduler/records.h"
#include "scheduler/spec_table.h"

namespace fairway::scheduler {

// Pods of one live placement that the member has counted.
struct CountedCopy {
  Epoch epoch;
  int32_t pods = 0;
  bool operator==(const CountedCopy&) const = default;
};

// One cluster as decided upon: its record, what was measured, and what is promised but not yet
// seen.
struct ClusterState {
  ClusterRecord record;
  Capacity capacity;
  bool measured = false;  // capacity was seen since start
  bool ready = false;     // link
  Resources allocatable;  // as measured; capacity.allocatable has the overrides of the spec
  Resources claimed;      // promised to jobs that wait (QuotaClaim)
  Resources reserved;     // by our own live placements, whether or not the member shows them yet
  Resources leaving;      // of it, by jobs that are being withdrawn
  // Of the reserved, what is not counted in `capacity` yet.
  PodsInFlight in_flight;
  Resources in_flight_load;
  ChargedNodes charged;
  bool drilled = false;         // a drill cuts it off: nothing new goes there
  bool flight_awaited = false;  // a job would fit but for the pods on their way
  // The member says which pods it has counted; those of live placements. Without that, what runs is
  // taken to be counted.
  bool tells_counted = false;
  absl::btree_map<JobId, CountedCopy> counted;
  int64_t jobs = 0;  // live placements: placing, placed or being withdrawn, not finished

  bool IsOpen() const {
    return ready && measured && !drilled && !record.spec.IsClosed() && TakesNewJobs(record.link);
  }
  // Allocatable less what others request less what we have promised or claimed. May be negative.
  Resources Free() const;
};

// Why pods are in flight no longer than they need be: CountedPods comes with the very capacity that
// the pods were counted in, as an absolute number, and is dropped with the placement. A pod that
// ended before it was ever counted is among them (the member keeps ended pods until their Job is
// deleted); one that vanished altogether stays charged as long as its job holds the room.
struct WorldStats {
  uint64_t stale_reports = 0;    // about an old epoch, or said again
  uint64_t unknown_reports = 0;  // no such job or cluster
  uint64_t placements = 0;
  uint64_t attempts = 0;  // placements tried, with or without success
  uint64_t finished = 0;
  uint64_t requeued = 0;         // epochs that ended before their job did
  uint64_t retries = 0;          // dispatches and withdrawals asked for again
  uint64_t updates_refused = 0;  // a member refused a change to a copy that it keeps
  uint64_t left_behind = 0;      // copies on clusters that were removed
  uint64_t moves = 0;            // epochs given up on lost clusters
  uint64_t trouble_moves = 0;    // epochs given up because their clusters could not run them
  uint64_t renewals = 0;         // leases asked to be renewed
  uint64_t leases_ended = 0;     // copies that their members ended for want of a renewal
  uint64_t rescued = 0;          // results of earlier epochs that won over a later one
  uint64_t wasted = 0;           // copies of earlier epochs that were deleted on their return
  int64_t wasted_ms = 0;         // how long their epochs had lasted
};

class World {
 public:
  using Jobs = absl::btree_map<JobId, Box<JobRecord>>;
  using JobsByCluster = absl::btree_set<std::pair<ClusterId, JobId>>;
  using Expiries = absl::btree_set<std::pair<Instant, JobId>>;
  using Residues = absl::btree_map<JobId, ResidueRecord>;

  // Made, copied, moved and dropped in one file: so many trees take a compiler half a minute.
  World();
  World(const World& other);
  World(World&& other) noexcept;
  World& operator=(const World& other);
  World& operator=(World&& other) noexcept;
  ~World();

  // The one way to change durable state. A job's spec and cluster must be known before the job, and
  // may go only after it; EditKey order and Core keep to that.
  void Apply(const Edit& edit);

  // Apply(PutJob) without a copy, for WorldLoader.
  void Adopt(Box<JobRecord> record);

  // Facts about a known cluster. True when there may be more room than before.
  bool ObserveCapacity(ClusterId cluster, const Capacity& capacity,
                       const std::vector<CountedPods>* counted = nullptr);
  bool ObserveLink(ClusterId cluster, bool ready);
  // Clusters that take jobs have yet to be heard since the start (handlers/settle.h). Not saved.
  void SetSettling(bool settling);
  // Not saved: the gateway says it anew after each start.
  void ConfigureQuota(const QuotaSettings& settings);

  const JobRecord* FindJob(JobId job) const;
  const ClusterState* FindCluster(ClusterId cluster) const;
  const JobSpec* FindSpec(SpecId spec) const;

  const Jobs& jobs() const { return jobs_; }
  const absl::btree_map<ClusterId, ClusterState>& clusters() const { return clusters_; }
  const SpecTable& specs() const { return specs_; }
  const JobIndex& job_index() const { return job_index_; }
  // How scores are weighted where a job's policy does not say. Configuration: not saved.
  const ScoreWeights& weights() const { return weights_; }
  void SetWeights(const ScoreWeights& weights);
  const PendingQueue& queue() const { return queue_; }
  const QuotaBook& quota() const { return ledger_.book; }
  const QuotaLedger& ledger() const { return ledger_; }
  const QuotaSettings& quota_settings() const { return quota_settings_; }
  // Every job with a copy, live or finished, by its cluster.
  const JobsByCluster& jobs_by_cluster() const { return by_cluster_; }
  // Those of them that have not finished.
  const JobsByCluster& live_by_cluster() const { return live_; }
  const Residues& residues() const { return residues_; }
  const FreezeRecord& freeze() const { return freeze_; }
  bool settling() const { return settling_; }
  // No job is placed now, whatever room there is.
  bool HoldsPlacement() const { return freeze_.all || settling_; }
  // Phase kNone = there is none.
  const DrillRecord& drill() const { return drill_; }
  // Run 0 = none was ever asked for.
  const RebalanceRecord& rebalance() const { return rebalance_; }
  // Jobs with residue, by its cluster.
  const JobsByCluster& residue_by_cluster() const { return residue_by_cluster_; }
  bool HasResidue(JobId job, ClusterId cluster, Epoch epoch) const;
  // When finished jobs are to be deleted.
  const Expiries& expiries() const { return expiries_; }
  int64_t CountJobs(JobState state) const { return counts_[static_cast<size_t>(state)]; }
  // Rises whenever a job that found no room might find some now.
  uint64_t generation() const { return generation_; }
  const WorldStats& stats() const { return stats_; }

  // Aborts when a derived index disagrees with the records. O(n); the simulation calls it often.
  void CheckInvariants() const;

  // For Core and placement: bookkeeping that is neither durable nor observed.
  WorldStats& mutable_stats() { return stats_; }
  PendingQueue& mutable_queue() { return queue_; }
  ClusterIndex& mutable_index() { return index_; }
  // When pods on their way to this cluster have arrived, blocked jobs are to be tried again.
  void WaitForFlight(ClusterId cluster) { clusters_.at(cluster).flight_awaited = true; }
  // A job that waits may go where it might not before.
  void NoteRoom() { ++generation_; }
  QuotaLedger& mutable_ledger() { return ledger_; }
  // Promises quota and room to a waiting job, in place of any earlier promise; not durable.
  // `quiet`: it is about to be made again, or was just dropped quietly; nobody is woken.
  void SetClaim(JobId job, QuotaClaim claim, bool quiet = false);
  void DropClaim(JobId job, bool quiet = false);

 private:
  friend class Suppose;

  void Put(const JobRecord& record);
  void Erase(JobId job);
  void Put(const ClusterRecord& record);
  void ApplyQuota(const Edit& edit);
  void CountClaim(const QuotaClaim& claim, int sign, bool quiet);
  void ForgetClaimsOn(ClusterId cluster);
  void Erase(ClusterId cluster);
  void Put(const ResidueRecord& record);
  void Put(const DrillRecord& record);
  void EraseResidueOf(JobId job);
  // Adds (sign +1) or takes away (-1) what one record contributes to the indexes.
  void Count(const JobRecord& record, int sign);
  void CountReservation(const JobRecord& record, int sign);
  void CountFlight(const JobRecord& record, int64_t pods, int sign, ClusterState& state);
  // In this order: what is counted, then the capacity that it is counted in.
  void TakeCounted(ClusterState& state, const std::vector<CountedPods>& counted);
  void DropCounted(const JobRecord& before, const JobRecord* after);
  static bool SameContribution(const JobRecord& a, const JobRecord& b);
  void RefreshRoom(const ClusterState& state);

  Jobs jobs_;
  absl::btree_map<ClusterId, ClusterState> clusters_;
  SpecTable specs_;
  PendingQueue queue_;
  JobsByCluster by_cluster_;
  JobsByCluster live_;
  Residues residues_;
  JobsByCluster residue_by_cluster_;
  FreezeRecord freeze_;
  bool settling_ = false;
  DrillRecord drill_;
  RebalanceRecord rebalance_;
  Expiries expiries_;
  ClusterIndex index_;
  JobIndex job_index_;
  ScoreWeights weights_;
  QuotaLedger ledger_;
  QuotaSettings quota_settings_;
  std::array<int64_t, static_cast<size_t>(kLastJobState) + 1> counts_{};
  uint64_t generation_ = 1;
  WorldStats stats_;
};

// Waits for a cluster, and for quota when it has a LocalQueue: counted in a queue.
bool IsPending(const JobRecord& record);
// Its result is committed: Complete or Failed.
bool IsFinished(const JobRecord& record);
// What it takes of its cluster: fewer pods than asked for after partial admission.
Resources RoomOf(const JobRecord& record, const SpecEntry& spec);
// Holds room on its cluster.
bool HoldsRoom(const JobRecord& record);
// Of a job that holds room on this cluster: its pods that are not in the capacity that was
// measured.
int64_t PodsInFlightOf(const JobRecord& record, const SpecEntry& spec, const ClusterState& state);
// The weights that a job's score is made with.
const ScoreWeights& WeightsOf(const World& world, const SpecEntry& spec);
// A cluster reports this bound PersistentVolumeClaim (namespace/name); some cluster does.
bool HoldsClaim(const Capacity& capacity, const std::string& claim);
bool IsHeldSomewhere(const World& world, const std::string& claim);
// Some cluster is out of the running for this job alone, so it does not wait in its spec's shared
// group; nor does a part of a split job.
bool HasRejections(const JobRecord& record);
GroupId GroupOf(const JobRecord& record);
// When a finished job is to be deleted; "never" without a TTL or once its deletion was asked for.
Instant ExpiryOf(const JobRecord& record);

}  // namespace fairway::scheduler
