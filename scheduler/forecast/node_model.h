// NodeModel: the nodes of an ideal member, for forecasts: pods of jobs that start are put on them,
// and leave them when the jobs end. Starts from what was observed; where the jobs that already ran
// then have their pods is not known, so these leave the fullest nodes that they can have been on.
#pragma once

#include <absl/container/btree_map.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "scheduler/cluster_view.h"
#include "scheduler/ids.h"
#include "scheduler/spec_table.h"

namespace fairway::scheduler {

class NodeModel {
 public:
  explicit NodeModel(Capacity observed);

  // Puts the job's pods on the freest nodes that take them; what fits nowhere waits on the member.
  void Put(JobId job, const SpecEntry& spec, int64_t pods);
  // They are gone. A job that was not put there ran before the forecast began.
  void Take(JobId job, const SpecEntry& spec, int64_t pods);

  // What the member would report now.
  Capacity Observed() const;

 private:
  struct Node {
    size_t cls = 0;  // index of Capacity::node_classes
    Resources free, whole;
  };
  using Spots = std::vector<std::pair<size_t, int64_t>>;  // node, pods

  void TakeUnknown(const SpecEntry& spec, int64_t pods);

  Capacity base_;
  std::vector<Node> nodes_;
  absl::btree_map<JobId, Spots> spots_;
};

}  // namespace fairway::scheduler
