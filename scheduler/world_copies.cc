// World's copies: apart, since they are most of what there is to compile about it.
#include <utility>

#include "scheduler/world.h"

namespace fairway::scheduler {

World::World() = default;
World::World(const World& other) = default;
World::World(World&& other) noexcept = default;
World& World::operator=(const World& other) = default;
World& World::operator=(World&& other) noexcept = default;
World::~World() = default;

}  // namespace fairway::scheduler
