// Byte form of RebalanceRecord: docs/formats/edits.md.
#pragma once

#include "scheduler/codec.h"
#include "scheduler/failover/rebalance.h"

namespace fairway::scheduler {

void Write(ByteWriter& out, const RebalanceRecord& record);
// Marks the reader as failed when the bytes make no record.
RebalanceRecord ReadRebalance(ByteReader& in);

}  // namespace fairway::scheduler
