// Edit: the durable delta of World. Each edit puts or erases one record under one key, so that
// applying it twice changes nothing and the store keeps only the latest. World changes through
// World::Apply(Edit) alone, while it runs and when it recovers: the two cannot differ. Byte format:
// docs/formats/edits.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "scheduler/records.h"
#include "scheduler/result.h"

namespace fairway::scheduler {

struct PutJob {
  JobRecord record;
};
struct EraseJob {
  JobId job;
};
struct PutSpec {
  SpecId id;
  JobSpec spec;
};
struct EraseSpec {
  SpecId id;
};
struct PutCluster {
  ClusterRecord record;
};
struct EraseCluster {
  ClusterId cluster;
};
struct PutResidue {
  ResidueRecord record;
};
struct EraseResidue {
  JobId job;
};
// There is one at most.
struct PutFreeze {
  FreezeRecord record;
};
struct EraseFreeze {};
// The live drill that is under way: one at most.
struct PutDrill {
  DrillRecord record;
};
struct EraseDrill {};
// The last rebalance that an operator has asked for: one at most.
struct PutRebalance {
  RebalanceRecord record;
};

struct PutFlavor {
  FlavorRecord record;
};
struct EraseFlavor {
  FlavorId id;
};
struct PutCohort {
  CohortRecord record;
};
struct EraseCohort {
  CohortId id;
};
struct PutClusterQueue {
  ClusterQueueRecord record;
};
struct EraseClusterQueue {
  ClusterQueueId id;
};
struct PutLocalQueue {
  LocalQueueRecord record;
};
struct EraseLocalQueue {
  LocalQueueId id;
};

using Edit = std::variant<PutJob, EraseJob, PutSpec, EraseSpec, PutCluster, EraseCluster, PutFlavor,
                          EraseFlavor, PutCohort, EraseCohort, PutClusterQueue, EraseClusterQueue,
                          PutLocalQueue, EraseLocalQueue, PutResidue, EraseResidue, PutFreeze,
                          EraseFreeze, PutDrill, EraseDrill, PutRebalance>;

// The record's key: one letter for the table, then the id, big-endian.
std::string EditKey(const Edit& edit);
// The record's bytes with a leading format version; nullopt means "erase".
std::optional<std::string> EditValue(const Edit& edit);
// The inverse for stored records. Total: any bytes yield an Edit or an Error.
Result<Edit> DecodeEdit(std::string_view key, std::string_view value);

}  // namespace fairway::scheduler
