#include "scheduler/drill/drill_codec.h"

#include <algorithm>

namespace fairway::scheduler {
namespace {

bool ReadFlag(ByteReader& in) {
  const uint8_t value = in.Byte();
  if (value > 1) in.Refuse();
  return value == 1;
}

template <typename T>
void WantSorted(const std::vector<T>& list, ByteReader& in) {
  if (!std::is_sorted(list.begin(), list.end())) in.Refuse();
}

}  // namespace

void Write(ByteWriter& out, const DrillRecord& record) {
  const DrillWish& wish = record.wish;
  out.Byte(static_cast<uint8_t>(record.phase));
  out.Byte(static_cast<uint8_t>(record.end));
  out.Byte(record.overdue ? 1 : 0);
  for (const Instant at : {record.began, record.cut_at, record.until, record.restored_at}) {
    out.Signed(at.ms);
  }
  out.Unsigned(wish.id);
  out.Text(wish.name);
  out.Unsigned(wish.clusters.size());
  for (const ClusterId cluster : wish.clusters) out.Unsigned(cluster.value);
  out.Unsigned(wish.namespaces.size());
  for (const std::string& ns : wish.namespaces) out.Text(ns);
  out.Byte(wish.listed ? 1 : 0);
  out.Unsigned(wish.jobs.size());
  for (const JobId job : wish.jobs) out.Unsigned(job.value);
  out.Signed(wish.cut_for.ms);
  out.Byte(wish.abort_unhealthy ? 1 : 0);
  out.Signed(wish.pending_max);
}

DrillRecord ReadDrill(ByteReader& in) {
  DrillRecord record;
  DrillWish& wish = record.wish;
  record.phase = in.Choice(DrillPhase::kReturning);
  if (record.phase == DrillPhase::kNone) in.Refuse();
  record.end = in.Choice(kLastDrillEnd);
  record.overdue = ReadFlag(in);
  for (Instant* at : {&record.began, &record.cut_at, &record.until, &record.restored_at}) {
    at->ms = in.Signed();
  }
  wish.id = in.Unsigned();
  wish.name = in.Text();
  const size_t clusters = in.Count();
  for (size_t i = 0; i < clusters && in.ok(); ++i) wish.clusters.push_back({in.Unsigned()});
  const size_t namespaces = in.Count();
  for (size_t i = 0; i < namespaces && in.ok(); ++i) wish.namespaces.emplace_back(in.Text());
  wish.listed = ReadFlag(in);
  const size_t jobs = in.Count();
  for (size_t i = 0; i < jobs && in.ok(); ++i) wish.jobs.push_back({in.Unsigned()});
  wish.cut_for.ms = in.Signed();
  wish.abort_unhealthy = ReadFlag(in);
  wish.pending_max = in.Signed();
  WantSorted(wish.clusters, in);
  WantSorted(wish.namespaces, in);
  WantSorted(wish.jobs, in);
  return record;
}

}  // namespace fairway::scheduler
