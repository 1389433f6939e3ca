#include "gateway/api/in_flight.h"

namespace fairway::gateway::api {

std::shared_ptr<void> InFlight::Enter(const std::string& user) {
  auto entry = state_->per_user.try_emplace(user, 0).first;
  if (state_->total >= limits_.in_flight_max || entry->second >= limits_.in_flight_per_user_max) {
    if (entry->second == 0) state_->per_user.erase(entry);
    return nullptr;
  }
  ++state_->total;
  // Elements of an unordered_map stay where they are; an entry with a count is never erased.
  size_t* count = &entry->second;
  ++*count;
  return std::shared_ptr<void>(count, [state = state_, user, count](void*) {
    --state->total;
    if (--*count == 0) state->per_user.erase(user);
  });
}

}  // namespace fairway::gateway::api
