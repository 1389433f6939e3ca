#include "scheduler/suppose.h"

namespace fairway::scheduler {

void Suppose::Count(const JobRecord& record, int sign) {
  ClusterState& state = world_.clusters_.at(record.cluster);
  flight_awaited_.try_emplace(record.cluster, state.flight_awaited);
  world_.CountReservation(record, sign);
  counted_.emplace_back(&record, sign);
}

void Suppose::Gone(const JobRecord& record) { Count(record, -1); }

void Suppose::Placed(const JobRecord& record, ClusterId cluster) {
  JobRecord& there = made_.emplace_back(record);
  there.cluster = cluster;
  there.state = JobState::kPlacing;
  there.suspended = false;
  there.quota.Reset();  // of a job that is admitted in part, as much as it may come to need
  Count(there, +1);
}

Suppose::~Suppose() {
  for (auto at = counted_.rbegin(); at != counted_.rend(); ++at) {
    world_.CountReservation(*at->first, -at->second);
  }
  // Nobody may be woken by what never happened, nor sleep because of it.
  for (const auto& [cluster, awaited] : flight_awaited_) {
    world_.clusters_.at(cluster).flight_awaited = awaited;
  }
  world_.generation_ = generation_;
}

}  // namespace fairway::scheduler
