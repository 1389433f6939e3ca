// The world as a store has it, at start. Reading and decoding run on a thread of their own, a
// bounded number of records ahead of the building of the world: a restart uses two cores.
#pragma once

#include <functional>
#include <string_view>

#include "scheduler/result.h"
#include "scheduler/world.h"

namespace fairway::gateway {

using RecordVisit = std::function<Status(std::string_view key, std::string_view value)>;

// `read` feeds every stored core record to the visit, in the order of their keys
// (Journal::Recover); it is called on another thread, and has returned when this returns. The error
// is `read`'s, that of a record that cannot be decoded, or of records that do not fit together.
Result<scheduler::World> LoadWorld(const std::function<Status(const RecordVisit&)>& read);

}  // namespace fairway::gateway
