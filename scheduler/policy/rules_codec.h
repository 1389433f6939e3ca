// Byte forms of PlacementRules and of what else a JobSpec came to carry with them
// (docs/formats/edits.md). Equal rules have equal bytes; nothing to say is no bytes.
#pragma once

#include <string>

#include "scheduler/codec.h"
#include "scheduler/job.h"

namespace fairway::scheduler {

// Whether there is anything to write.
bool HasRules(const JobSpec& spec);
// The rules of `spec` and the seconds of its tolerations.
void EncodeRules(const JobSpec& spec, std::string& out);
// Into a spec whose tolerations are read already.
void DecodeRules(ByteReader& in, JobSpec& spec);

void EncodeTerm(ByteWriter& out, const SelectorTerm& term);
SelectorTerm DecodeTerm(ByteReader& in);

}  // namespace fairway::scheduler
