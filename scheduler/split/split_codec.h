// Byte form of what makes a record the record of a part (docs/formats/edits.md). Internal.
#pragma once

#include "scheduler/codec.h"
#include "scheduler/spec_codec.h"
#include "scheduler/split/split.h"

namespace fairway::scheduler {

inline void Write(ByteWriter& out, const ShardPart& part) {
  out.Signed(part.indexes.first);
  out.Signed(part.indexes.last);
  out.Signed(part.failures);
  out.Byte(part.given_up ? 1 : 0);
}

inline ShardPart ReadShardPart(ByteReader& in) {
  ShardPart part;
  part.indexes.first = ReadInt32(in);
  part.indexes.last = ReadInt32(in);
  part.failures = ReadInt32(in);
  part.given_up = ReadBool(in);
  const bool sane = part.indexes.first >= 0 && part.indexes.last >= part.indexes.first;
  if (!sane || part.failures < 0) in.Refuse();
  return part;
}

}  // namespace fairway::scheduler
