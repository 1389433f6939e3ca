// FaultPlan: the character of one simulated run. Drawn from the seed: each family of faults is
// first switched on or off, then given its rates, so that runs differ in kind and not only in
// detail.
#pragma once

#include <cstdint>
#include <string>

#include "scheduler/instant.h"
#include "scheduler/rng.h"

namespace fairway::sim {

// kBrief: a few jobs and faults so dense that these meet them: for very many runs. kSwarm: large.
enum class Mode { kLite, kSwarm, kBrief };

struct FaultPlan {
  // The world.
  int clusters = 3;
  int jobs = 100;
  int queues = 0;        // ClusterQueues of one cohort; 0 = all jobs are bound by capacity alone
  int specs = 6;         // distinct templates; few make long groups in the queue
  Duration arrival_gap;  // mean
  Duration run_time;     // mean
  // The network between gateway and members.
  Duration delay_max;
  Ratio loss{0, 100};
  Ratio duplicate{0, 100};
  // Faults, as mean gaps between two of a kind; zero = never.
  Duration gateway_crash;
  Duration member_crash;
  Ratio member_loses_state{0, 1};
  Duration link_cut;        // a cut may be one-way
  Duration foreign_delete;  // somebody deletes a copy on its member
  Duration capacity_lie;    // a report claims other room than there is
  Duration cluster_edit;    // cordon, label and taint changes
  Duration decommission;    // a dead cluster is removed for good
  Duration partition;       // a link is cut for longer than any lease
  Duration clock_skew_max;  // members' clocks are off by up to so much
  Duration job_sync_max;    // a member's Job controller takes so long to start a copy
  Duration approvals;       // an operator looks at what waits for him
  int policies = 1;         // bits of 1 << FailoverPolicy that jobs have
  Duration lease;
  Duration unreachable_after;
  int64_t moves_per_second = 50;
  Duration drains;                        // a cluster is drained, for a while
  Duration freezes;                       // the operator's switch is turned
  Duration drills;                        // live drills: the gateway cuts a link itself
  Duration failback_after;                // FailoverConfig's
  Duration image_outage;                  // a member cannot pull images, for a while
  Duration node_loss;                     // a member's nodes are lost under some of what runs
  Duration trouble_after, trouble_avoid;  // FailoverConfig's
  bool tells_counted = false;             // members say which pods a capacity has counted
  Duration capacity_lag_max;              // and it is up to so old
  bool uniform_pods = false;              // all pods are of one size
  bool splits = false;                    // some jobs are Indexed and may be split
  bool rebalance = false;                 // by itself (RebalanceConfig)
  Duration rebalances;                    // an operator asks for a run, or ends it
  int64_t rebalance_gain_min = 300;       // RebalanceConfig's
  Duration rebalance_run_min, rebalance_cooldown, rebalance_every;
  int64_t rebalances_per_minute = 60, rebalances_moving_max = 1;
  Duration settle_max;     // FailoverConfig's
  Duration reserve_after;  // QuotaSettings'
  Duration quota_edit;     // nominal quotas and stop policies change
  Ratio rejects{0, 100};   // member and job that do not get along
  Ratio deletes{0, 100}, orphans{0, 100}, suspends{0, 100}, infeasible{0, 100}, ttl{0, 100};
  // The journal.
  Duration commit_delay_max;
  Duration journal_stall;

  static FaultPlan Draw(Rng& rng, Mode mode);
  std::string Describe() const;
};

}  // namespace fairway::sim
