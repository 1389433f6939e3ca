// Which flow a request belongs to: its priority level, and whether it reads or writes. The levels
// are those of Kubernetes' suggested configuration (KEP-1040) that mean something here; they are
// fixed. Pure.
//
//   exempt     what an administrator (system:masters) does, but for submitting workloads: that is
//              load like anybody's. Never queued. Health and version do not even get here, and the
//              gateway's own controllers do not come through the door.
//   system     leases and reviews, service accounts of kube-system: small, and others wait for them
//   workload   everything else
//   catch-all  whoever has not said who he is
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "gateway/api/access.h"
#include "gateway/api/request_info.h"
#include "gateway/fairness/fair_queue.h"

namespace fairway::gateway::api {

struct FlowLevel {
  std::string_view name;
  int64_t weight;
  // What the headers X-Kubernetes-PF-* of a refusal say. Made up once, and constant.
  std::string_view schema_uid, level_uid;
};

// In the order of the classes: each level has two, reads and writes.
const std::vector<FlowLevel>& FlowLevels();
std::vector<FairQueue::ClassInfo> FlowClasses();
const FlowLevel& LevelOfClass(size_t class_index);

size_t FlowClassOf(const RequestInfo& info, const User& user);
bool IsExemptClass(size_t class_index);

// Creating what the scheduler then has to place. `resource` with its group.
bool IsSubmission(std::string_view group, std::string_view resource);

}  // namespace fairway::gateway::api
