// Byte forms of what placement policies ask of a ClusterSpec (docs/formats/edits.md): one section,
// absent where it says nothing.
#pragma once

#include "scheduler/cluster_view.h"
#include "scheduler/codec.h"

namespace fairway::scheduler {

inline constexpr uint8_t kClusterPolicySection = 1;

// With the section's number in front. True when there was anything to write.
bool WritePolicySection(ByteWriter& out, const ClusterSpec& spec);
// What follows the number, into a spec whose taints are read already.
void ReadPolicySection(ByteReader& in, ClusterSpec& spec);

}  // namespace fairway::scheduler
