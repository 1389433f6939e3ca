// How nodes are kept in a Capacity: those of a class with equal amounts are one room, roomiest
// first. Pure.
#pragma once

#include <vector>

#include "scheduler/cluster_view.h"

namespace fairway::scheduler {

// The order that rooms are kept in: most cpu first.
bool IsRoomier(const Resources& a, const Resources& b);
// Node by node; equal ones become one room.
std::vector<NodeRoom> RoomsOf(std::vector<Resources> nodes);
// `most` becomes the larger amount of each resource.
void Widen(Resources& most, const Resources& each);

}  // namespace fairway::scheduler
