#include "scheduler/policy/node_rooms.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace fairway::scheduler {

bool IsRoomier(const Resources& a, const Resources& b) {
  return std::tie(b.cpu_milli, b.memory_bytes, b.ephemeral_storage_bytes, b.pods, b.extended) <
         std::tie(a.cpu_milli, a.memory_bytes, a.ephemeral_storage_bytes, a.pods, a.extended);
}

std::vector<NodeRoom> RoomsOf(std::vector<Resources> nodes) {
  std::sort(nodes.begin(), nodes.end(), IsRoomier);
  std::vector<NodeRoom> rooms;
  for (Resources& each : nodes) {
    if (!rooms.empty() && rooms.back().amounts == each) {
      ++rooms.back().nodes;
    } else {
      rooms.push_back({std::move(each), 1});
    }
  }
  return rooms;
}

void Widen(Resources& most, const Resources& each) {
  most.cpu_milli = std::max(most.cpu_milli, each.cpu_milli);
  most.memory_bytes = std::max(most.memory_bytes, each.memory_bytes);
  most.ephemeral_storage_bytes =
      std::max(most.ephemeral_storage_bytes, each.ephemeral_storage_bytes);
  most.pods = std::max(most.pods, each.pods);
  for (const auto& [name, amount] : each.extended) {
    most.Set(name, std::max(most.GetExtended(name), amount));
  }
}

}  // namespace fairway::scheduler
