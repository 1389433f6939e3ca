// Byte forms of the quota records (docs/formats/edits.md). Reading is total, as all of codec.h.
#pragma once

#include "scheduler/codec.h"
#include "scheduler/quota/job_quota.h"
#include "scheduler/quota/queueing.h"
#include "scheduler/quota/quota_spec.h"

namespace fairway::scheduler {

void Write(ByteWriter& out, const FlavorSpec& spec);
void Write(ByteWriter& out, const CohortSpec& spec);
void Write(ByteWriter& out, const ClusterQueueSpec& spec);
void Write(ByteWriter& out, const LocalQueueSpec& spec);
void Write(ByteWriter& out, const Queueing& queueing);
void Write(ByteWriter& out, const JobQuota& quota);

FlavorSpec ReadFlavorSpec(ByteReader& in);
CohortSpec ReadCohortSpec(ByteReader& in);
ClusterQueueSpec ReadClusterQueueSpec(ByteReader& in);
LocalQueueSpec ReadLocalQueueSpec(ByteReader& in);
Queueing ReadQueueing(ByteReader& in);
JobQuota ReadJobQuota(ByteReader& in);

}  // namespace fairway::scheduler
