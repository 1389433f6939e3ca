// The status of a Cluster object, from what its Member sees and what the core has promised. Pure.
#pragma once

#include <string>

#include "clusters/kube/json.h"
#include "clusters/member/member.h"
#include "scheduler/world.h"

namespace fairway::gateway {

struct ClusterStatusInput {
  std::string access_error;                        // not empty: no member could be made
  const clusters::LinkInfo* link = nullptr;        // null without a member
  const scheduler::Capacity* capacity = nullptr;   // null until measured
  const scheduler::ClusterState* state = nullptr;  // null when the core does not know it
  const scheduler::World* world = nullptr;         // null: nothing is said of isolation
  scheduler::FailoverConfig failover;
  clusters::Member::Renewals renewals;
  const scheduler::DrainWatch* drain = nullptr;  // null: it is not drained
  Instant now;
};

// Where a cluster's link stands, in a sentence.
std::string LinkMessage(const scheduler::ClusterState& cluster, const scheduler::World& world,
                        const scheduler::FailoverConfig& config);

// Replaces doc.status. A condition's lastTransitionTime moves only with its status; figures that
// jitter (round trip, last seen) are written again only when something else changed, so that a
// quiet cluster causes no writes.
void FillClusterStatus(const ClusterStatusInput& input, kube::Object& doc);

}  // namespace fairway::gateway
