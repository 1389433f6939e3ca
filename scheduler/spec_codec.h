// Byte forms of a JobSpec and its parts (docs/formats/edits.md). Equal specs have equal bytes, so
// the bytes also serve to recognise a spec that is known already.
#pragma once

#include <string>

#include "scheduler/codec.h"
#include "scheduler/job.h"

namespace fairway::scheduler {

void EncodeSpec(const JobSpec& spec, std::string& out);
// Affinities and tolerations only: what depends on a cluster's labels and taints.
void EncodeSelector(const JobSpec& spec, std::string& out);
JobSpec DecodeSpec(ByteReader& in);

int32_t ReadInt32(ByteReader& in);
bool ReadBool(ByteReader& in);

}  // namespace fairway::scheduler
