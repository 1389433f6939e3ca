// Random identifiers of objects: UUIDs, and numbers for name suffixes. From the system's random
// source, read ahead in blocks. Thread: the loop.
#pragma once

#include <cstdint>
#include <string>

namespace fairway::gateway::api {

// A UUID of version 4.
std::string NewUid();

uint64_t RandomNumber();

}  // namespace fairway::gateway::api
