#include "scheduler/failover/rebalance_codec.h"

namespace fairway::scheduler {

void Write(ByteWriter& out, const RebalanceRecord& record) {
  out.Unsigned(record.run);
  out.Signed(record.since.ms);
  out.Signed(record.ended.ms);
  out.Signed(record.moves_max);
  out.Signed(record.moved);
  out.Byte(static_cast<uint8_t>(record.end));
}

RebalanceRecord ReadRebalance(ByteReader& in) {
  RebalanceRecord record;
  record.run = in.Unsigned();
  record.since = Instant{in.Signed()};
  record.ended = Instant{in.Signed()};
  record.moves_max = in.Signed();
  record.moved = in.Signed();
  record.end = in.Choice(RebalanceEnd::kStopped);
  return record;
}

}  // namespace fairway::scheduler
