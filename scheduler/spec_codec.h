// Byte forms of a JobSpec and its parts (docs/formats/edits.md). Equal specs have equal bytes, so
// the bytes also serve to recognise a spec that is known already.
#pragma once

#include <string>
#include <vector>

#include "scheduler/codec.h"
#include "scheduler/job.h"

namespace fairway::scheduler {

// True when the bytes hold more than format 1 had: sections that are to be read with `extended`.
bool EncodeSpec(const JobSpec& spec, std::string& out);
// The part of a spec that is judged by Cluster objects alone (SelectorPart).
void EncodeSelector(const JobSpec& spec, std::string& out);
JobSpec DecodeSpec(ByteReader& in, bool extended);

void WriteResources(ByteWriter& out, const Resources& amounts);
void WriteTerms(ByteWriter& out, const std::vector<SelectorTerm>& terms);
void WriteTaints(ByteWriter& out, const std::vector<Taint>& taints);
void WriteTolerations(ByteWriter& out, const std::vector<Toleration>& tolerations);
Resources ReadResources(ByteReader& in);
std::vector<SelectorTerm> ReadTerms(ByteReader& in);
std::vector<Taint> ReadTaints(ByteReader& in);
std::vector<Toleration> ReadTolerations(ByteReader& in);

int32_t ReadInt32(ByteReader& in);
bool ReadBool(ByteReader& in);

}  // namespace fairway::scheduler
