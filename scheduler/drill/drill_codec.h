// The stored form of the drill that is under way. Byte format: docs/formats/edits.md.
#pragma once

#include "scheduler/codec.h"
#include "scheduler/drill/drill.h"

namespace fairway::scheduler {

void Write(ByteWriter& out, const DrillRecord& record);
// Total: what is malformed leaves `in` not ok.
DrillRecord ReadDrill(ByteReader& in);

}  // namespace fairway::scheduler
