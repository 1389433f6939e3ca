// What failover puts on a copy and reads from it: the lease (docs/operating/failover.md) and what
// the application is told of its epoch. Pure.
//
// All of it is on the copy from its creation, since a pod template cannot be changed:
//   - each container's environment: FAIRWAY_EPOCH; after a move also FLEXT_FAILOVER_COUNT,
//     FAIRWAY_FORMER_CLUSTER and FAIRWAY_CHECKPOINT, all through the downward API. A variable that
//     the author has set stays his.
//   - spec.activeDeadlineSeconds: the lease, or the author's own deadline when that is sooner. The
//     annotation fairway.flext.sh/lease says that it is ours, fairway.flext.sh/deadline what the
//     author had asked for.
#pragma once

#include <cstdint>
#include <string>

#include "clusters/kube/json.h"
#include "clusters/member/member.h"

namespace fairway::clusters {

// Before the copy is made. `copy` is a Job with a pod template.
void AddFailoverContext(kube::Object& copy, const FailoverContext& context);

// The reverse of AddFailoverContext, for a Job that is made again from its copy.
void RemoveFailoverContext(kube::Object& job);

// A repair of a live copy: what its pods were told stays as it is there, and a copy that was
// started keeps its lease as an instant. `live` is the member's Job (its template is not looked
// at).
void KeepFailoverContext(const kube::Object& live, const FailoverContext& context,
                         kube::Object& copy);

// Fills in ends, leased, own_deadline_seconds and lease_generation; an end by our lease becomes
// kLeaseEnded.
void ReadLease(const kube::Object& job, CopyReport& report);

// The merge patch of a renewal, for exactly this object.
std::string RenewalPatch(const RenewRequest& request);

}  // namespace fairway::clusters
