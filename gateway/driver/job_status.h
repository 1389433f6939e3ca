// What a member says of its copy, as the gateway's Job shows it. Pure.
#pragma once

#include <string>
#include <string_view>

#include "clusters/kube/json.h"
#include "scheduler/instant.h"
#include "scheduler/result.h"

namespace fairway::gateway {

// Puts `member_status` (the copy's JobStatus, JSON) in place of job.status, and keeps what the
// API's status rules protect: a start time once set and counters that may not fall when a later
// epoch starts anew (kube-api.md 6.4). Pods' uids are the member's own affair and are left out.
// `final`: it is the Job's result; before that, conditions that say how the copy ends are left out.
Status MergeJobStatus(std::string_view member_status, bool first_epoch, bool final,
                      kube::Object& job);

// Condition Stale: the Job's cluster is out of reach. Taken away again when it is not.
void SetStaleCondition(bool stale, const std::string& message, Instant now, kube::Object& job);

}  // namespace fairway::gateway
