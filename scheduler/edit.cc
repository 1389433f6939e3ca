#include "scheduler/edit.h"

#include <utility>

#include "scheduler/codec.h"
#include "scheduler/drill/drill_codec.h"
#include "scheduler/failover/rebalance_codec.h"
#include "scheduler/job_codec.h"
#include "scheduler/policy/cluster_codec.h"
#include "scheduler/quota/quota_codec.h"
#include "scheduler/spec_codec.h"
#include "scheduler/split/split_codec.h"

namespace fairway::scheduler {
namespace {

// Tables in the order in which they rest on each other: a scan in key order meets a spec and a
// cluster before the jobs that name them.
constexpr char kSpecTable = 'a';
constexpr char kClusterTable = 'c';
constexpr char kFlavorTable = 'd';
constexpr char kCohortTable = 'e';
constexpr char kClusterQueueTable = 'f';
constexpr char kLocalQueueTable = 'g';
constexpr char kJobTable = 'j';
constexpr char kResidueTable = 'r';
constexpr char kFreezeTable = 's';
constexpr char kDrillTable = 't';
constexpr char kRebalanceTable = 'u';
constexpr uint64_t kFreezeId = 1, kDrillId = 1, kRebalanceId = 1;  // the only ones

constexpr uint8_t kFormatVersion = 1;
// Sections follow the fields of format 1, in rising order; what is absent has its default. Records
// that need none are written in format 1 still.
constexpr uint8_t kSectionedVersion = 2;
constexpr uint8_t kQuotaSection = 1;     // of a job
constexpr uint8_t kFailoverSection = 2;  // of a job, or a cluster
constexpr uint8_t kDrainSection = 3;     // of a cluster
constexpr uint8_t kPartSection = 4;      // of a job
constexpr size_t kKeySize = 9;

constexpr uint8_t kAvoidedBit = 0x80;  // beside an EndReason
enum JobFlag : uint8_t {
  kSuspendedBit = 1,
  kDeleteRequestedBit = 2,
  kDispatchPendingBit = 4,
  kSplitBit = 8,
  kJobFlagsAll = 15,
};
enum FailoverFlag : uint8_t {
  kStartedBit = 1,
  kLeasedBit = 2,
  kApprovedBit = 4,
  kUpdateDueBit = 8,
  kFailoverFlagsAll = 15,
};

uint8_t FailoverFlags(const JobRecord& record) {
  return static_cast<uint8_t>(
      (record.started ? kStartedBit : 0) | (record.leased ? kLeasedBit : 0) |
      (record.approved ? kApprovedBit : 0) | (record.update_due ? kUpdateDueBit : 0));
}

std::string MakeKey(char table, uint64_t id) {
  std::string key(kKeySize, table);
  for (size_t i = 0; i < 8; ++i) key[i + 1] = static_cast<char>(id >> (56 - 8 * i));
  return key;
}

// True when sections were needed.
bool Write(ByteWriter& out, const ClusterSpec& spec) {
  out.Text(spec.name);
  out.Byte(spec.cordoned ? 1 : 0);
  out.Unsigned(spec.labels.size());
  for (const auto& [key, value] : spec.labels) {
    out.Text(key);
    out.Text(value);
  }
  WriteTaints(out, spec.taints);
  return WritePolicySection(out, spec);
}

void Write(ByteWriter& out, const LinkRecord& link) {
  out.Byte(static_cast<uint8_t>(link.state));
  out.Byte(link.stalled ? 1 : 0);
  out.Signed(link.flaps);
  for (const Instant at : {link.since, link.lost_at, link.horizon, link.probation_until}) {
    out.Signed(at.ms);
  }
  out.Signed(link.clock_offset.ms);
  out.Signed(link.clock_error.ms);
  out.Signed(link.clock_at.ms);
}

LinkRecord ReadLink(ByteReader& in) {
  LinkRecord link;
  link.state = in.Choice(LinkState::kProbation);
  link.stalled = ReadBool(in);
  link.flaps = ReadInt32(in);
  for (Instant* at : {&link.since, &link.lost_at, &link.horizon, &link.probation_until}) {
    at->ms = in.Signed();
  }
  link.clock_offset.ms = in.Signed();
  link.clock_error.ms = in.Signed();
  link.clock_at.ms = in.Signed();
  return link;
}

bool WriteSections(ByteWriter& out, const ClusterRecord& record) {
  const FailoverThresholds& own = record.spec.failover;
  bool written = false;
  if (own != FailoverThresholds{} || record.spec.confirmed_lost || record.link != LinkRecord{}) {
    out.Byte(kFailoverSection);
    for (const Duration d : {own.suspect_after, own.unreachable_after, own.lease}) out.Signed(d.ms);
    out.Byte(record.spec.confirmed_lost ? 1 : 0);
    Write(out, record.link);
    written = true;
  }
  const DrainWish& drain = record.spec.drain;
  if (drain != DrainWish{}) {
    out.Byte(kDrainSection);
    out.Byte(static_cast<uint8_t>(drain.mode));
    out.Signed(drain.deadline.ms);
    out.Signed(drain.moving_max);
    out.Signed(drain.since.ms);
    written = true;
  }
  return written;
}

void ReadDrainSection(ClusterRecord& record, ByteReader& in) {
  DrainWish& drain = record.spec.drain;
  drain.mode = in.Choice(DrainMode::kNow);
  drain.deadline.ms = in.Signed();
  drain.moving_max = ReadInt32(in);
  drain.since.ms = in.Signed();
}

void Write(ByteWriter& out, const FreezeRecord& record) {
  out.Byte(record.all ? 1 : 0);
  out.Signed(record.since.ms);
  out.Text(record.reason);
}

FreezeRecord ReadFreeze(ByteReader& in) {
  FreezeRecord record;
  record.frozen = true;
  record.all = ReadBool(in);
  record.since = Instant{in.Signed()};
  record.reason = in.Text();
  return record;
}

void ReadFailoverSection(ClusterRecord& record, ByteReader& in) {
  FailoverThresholds& own = record.spec.failover;
  for (Duration* d : {&own.suspect_after, &own.unreachable_after, &own.lease}) d->ms = in.Signed();
  record.spec.confirmed_lost = ReadBool(in);
  record.link = ReadLink(in);
}

void Write(ByteWriter& out, const ResidueRecord& record) {
  out.Text(record.name);
  out.Unsigned(record.copies.size());
  for (const Residue& copy : record.copies) {
    out.Unsigned(copy.cluster.value);
    out.Unsigned(copy.epoch.value);
  }
}

ResidueRecord ReadResidue(JobId job, ByteReader& in) {
  ResidueRecord record;
  record.job = job;
  record.name = in.Text();
  const size_t count = in.Count();
  if (count == 0) in.Refuse();
  for (size_t i = 0; i < count && in.ok(); ++i) {
    const ClusterId cluster{in.Unsigned()};
    record.copies.push_back({cluster, Epoch{in.Unsigned()}});
  }
  return record;
}

ClusterSpec ReadClusterSpec(ByteReader& in) {
  ClusterSpec spec;
  spec.name = in.Text();
  spec.cordoned = ReadBool(in);
  const size_t count = in.Count();
  for (size_t i = 0; i < count && in.ok(); ++i) {
    std::string key(in.Text());
    spec.labels[std::move(key)] = in.Text();
  }
  spec.taints = ReadTaints(in);
  return spec;
}

// True when sections were needed.
bool Write(ByteWriter& out, const JobRecord& record) {
  out.Text(record.name);
  out.Unsigned(record.spec.value);
  out.Byte(static_cast<uint8_t>(record.state));
  out.Byte(static_cast<uint8_t>(
      (record.suspended ? kSuspendedBit : 0) | (record.delete_requested ? kDeleteRequestedBit : 0) |
      (record.dispatch_pending ? kDispatchPendingBit : 0) | (record.split ? kSplitBit : 0)));
  out.Byte(static_cast<uint8_t>(record.ending));
  out.Signed(record.ttl_seconds);
  out.Unsigned(record.cluster.value);
  out.Unsigned(record.epoch.value);
  out.Signed(record.submitted.ms);
  out.Signed(record.since.ms);
  out.Signed(record.finished.ms);
  out.Unsigned(record.former.size());
  for (const FormerEpoch& former : record.former) {
    out.Unsigned(former.epoch.value);
    out.Unsigned(former.cluster.value);
    out.Signed(former.since.ms);
    out.Signed(former.until.ms);
    out.Byte(static_cast<uint8_t>(static_cast<uint8_t>(former.reason) |
                                  (former.avoided ? kAvoidedBit : 0)));
  }
  bool sectioned = false;
  if (record.quota) {
    out.Byte(kQuotaSection);
    Write(out, *record.quota);
    sectioned = true;
  }
  const uint8_t failover = FailoverFlags(record);
  if (failover != 0 || record.lease_generation != 0) {
    out.Byte(kFailoverSection);
    out.Byte(failover);
    out.Unsigned(record.lease_generation);
    sectioned = true;
  }
  if (record.part) {
    out.Byte(kPartSection);
    Write(out, *record.part);
    sectioned = true;
  }
  return sectioned;
}

void ReadFailover(JobRecord& record, ByteReader& in) {
  const uint8_t flags = in.Byte();
  if (flags > kFailoverFlagsAll) in.Refuse();
  record.started = (flags & kStartedBit) != 0;
  record.leased = (flags & kLeasedBit) != 0;
  record.approved = (flags & kApprovedBit) != 0;
  record.update_due = (flags & kUpdateDueBit) != 0;
  const uint64_t generation = in.Unsigned();
  if (generation > UINT16_MAX) in.Refuse();
  record.lease_generation = static_cast<uint16_t>(generation);
}

void ReadSections(JobRecord& record, ByteReader& in) {
  for (uint8_t last = 0; in.ok() && !in.AtEnd();) {
    const uint8_t section = in.Byte();
    if (section <= last) in.Refuse();  // each at most once, in order
    last = section;
    if (section == kQuotaSection) {
      record.quota = MaybeBox<JobQuota>(ReadJobQuota(in));
    } else if (section == kFailoverSection) {
      ReadFailover(record, in);
    } else if (section == kPartSection) {
      record.part = MaybeBox<ShardPart>(ReadShardPart(in));
    } else {
      in.Refuse();
    }
  }
}

void ReadJobRecord(JobId job, ByteReader& in, bool sectioned, JobRecord& record) {
  record.job = job;
  record.name = in.Text();
  record.spec = SpecId{in.Unsigned()};
  record.state = in.Choice(kLastJobState);
  const uint8_t flags = in.Byte();
  if (flags > kJobFlagsAll) in.Refuse();
  record.suspended = (flags & kSuspendedBit) != 0;
  record.delete_requested = (flags & kDeleteRequestedBit) != 0;
  record.dispatch_pending = (flags & kDispatchPendingBit) != 0;
  record.split = (flags & kSplitBit) != 0;
  record.ending = in.Choice(kLastEndReason);
  record.ttl_seconds = ReadInt32(in);
  record.cluster = ClusterId{in.Unsigned()};
  record.epoch = Epoch{in.Unsigned()};
  record.submitted = Instant{in.Signed()};
  record.since = Instant{in.Signed()};
  record.finished = Instant{in.Signed()};
  const size_t count = in.Count();
  if (count > kFormerEpochsMax) in.Refuse();
  for (size_t i = 0; i < count && in.ok(); ++i) {
    FormerEpoch& former = record.former.emplace_back();
    former.epoch = Epoch{in.Unsigned()};
    former.cluster = ClusterId{in.Unsigned()};
    former.since = Instant{in.Signed()};
    former.until = Instant{in.Signed()};
    const uint8_t reason = in.Byte();
    former.avoided = (reason & kAvoidedBit) != 0;
    former.reason = static_cast<EndReason>(reason & ~kAvoidedBit);
    const bool may_avoid = WasInTrouble(former.reason);
    if (former.reason > kLastEndReason || (former.avoided && !may_avoid)) in.Refuse();
  }
  if (sectioned) ReadSections(record, in);
  if (static_cast<bool>(record.part) != IsShard(job)) in.Refuse();
}

Error Damaged(std::string_view key, std::string_view what) {
  static constexpr char kHex[] = "0123456789abcdef";
  Error error{.reason = "InternalError", .message = "stored record "};
  for (const char c : key.substr(0, 16)) {
    error.message += kHex[static_cast<uint8_t>(c) >> 4];
    error.message += kHex[static_cast<uint8_t>(c) & 15];
  }
  error.message += ": ";
  error.message += what;
  return error;
}

}  // namespace

std::string EditKey(const Edit& edit) {
  struct Visitor {
    using Key = std::string;
    Key operator()(const PutJob& e) const { return MakeKey(kJobTable, e.record.job.value); }
    Key operator()(const EraseJob& e) const { return MakeKey(kJobTable, e.job.value); }
    Key operator()(const PutSpec& e) const { return MakeKey(kSpecTable, e.id.value); }
    Key operator()(const EraseSpec& e) const { return MakeKey(kSpecTable, e.id.value); }
    Key operator()(const PutCluster& e) const {
      return MakeKey(kClusterTable, e.record.cluster.value);
    }
    Key operator()(const EraseCluster& e) const { return MakeKey(kClusterTable, e.cluster.value); }
    Key operator()(const PutFlavor& e) const { return MakeKey(kFlavorTable, e.record.id.value); }
    Key operator()(const EraseFlavor& e) const { return MakeKey(kFlavorTable, e.id.value); }
    Key operator()(const PutCohort& e) const { return MakeKey(kCohortTable, e.record.id.value); }
    Key operator()(const EraseCohort& e) const { return MakeKey(kCohortTable, e.id.value); }
    Key operator()(const PutClusterQueue& e) const {
      return MakeKey(kClusterQueueTable, e.record.id.value);
    }
    Key operator()(const EraseClusterQueue& e) const {
      return MakeKey(kClusterQueueTable, e.id.value);
    }
    Key operator()(const PutLocalQueue& e) const {
      return MakeKey(kLocalQueueTable, e.record.id.value);
    }
    Key operator()(const EraseLocalQueue& e) const { return MakeKey(kLocalQueueTable, e.id.value); }
    Key operator()(const PutResidue& e) const { return MakeKey(kResidueTable, e.record.job.value); }
    Key operator()(const EraseResidue& e) const { return MakeKey(kResidueTable, e.job.value); }
    Key operator()(const PutFreeze&) const { return MakeKey(kFreezeTable, kFreezeId); }
    Key operator()(const EraseFreeze&) const { return MakeKey(kFreezeTable, kFreezeId); }
    Key operator()(const PutDrill&) const { return MakeKey(kDrillTable, kDrillId); }
    Key operator()(const EraseDrill&) const { return MakeKey(kDrillTable, kDrillId); }
    Key operator()(const PutRebalance&) const { return MakeKey(kRebalanceTable, kRebalanceId); }
  };
  return std::visit(Visitor{}, edit);
}

std::optional<std::string> EditValue(const Edit& edit) {
  std::string value(1, static_cast<char>(kFormatVersion));
  ByteWriter out(value);
  bool sectioned = false;
  if (const auto* put_job = std::get_if<PutJob>(&edit)) {
    sectioned = Write(out, put_job->record);
  } else if (const auto* put_spec = std::get_if<PutSpec>(&edit)) {
    sectioned = EncodeSpec(put_spec->spec, value);
  } else if (const auto* put_cluster = std::get_if<PutCluster>(&edit)) {
    sectioned = Write(out, put_cluster->record.spec);
    sectioned = WriteSections(out, put_cluster->record) || sectioned;
  } else if (const auto* put_residue = std::get_if<PutResidue>(&edit)) {
    Write(out, put_residue->record);
  } else if (const auto* put_flavor = std::get_if<PutFlavor>(&edit)) {
    Write(out, put_flavor->record.spec);
  } else if (const auto* put_cohort = std::get_if<PutCohort>(&edit)) {
    Write(out, put_cohort->record.spec);
  } else if (const auto* put_cluster_queue = std::get_if<PutClusterQueue>(&edit)) {
    Write(out, put_cluster_queue->record.spec);
  } else if (const auto* put_local_queue = std::get_if<PutLocalQueue>(&edit)) {
    Write(out, put_local_queue->record.spec);
  } else if (const auto* put_freeze = std::get_if<PutFreeze>(&edit)) {
    Write(out, put_freeze->record);
  } else if (const auto* put_drill = std::get_if<PutDrill>(&edit)) {
    Write(out, put_drill->record);
  } else if (const auto* put_rebalance = std::get_if<PutRebalance>(&edit)) {
    Write(out, put_rebalance->record);
  } else {
    return std::nullopt;
  }
  if (sectioned) value[0] = static_cast<char>(kSectionedVersion);
  return value;
}

namespace {

bool MayHaveSections(char table) {
  return table == kJobTable || table == kSpecTable || table == kClusterTable;
}

bool ReadCluster(ClusterId id, ByteReader& in, bool sectioned, ClusterRecord& record) {
  record.cluster = id;
  record.spec = ReadClusterSpec(in);
  if (!sectioned) return true;
  for (uint8_t last = 0; in.ok() && !in.AtEnd();) {
    const uint8_t section = in.Byte();
    if (section <= last) in.Refuse();  // each at most once, in order
    last = section;
    if (section == kClusterPolicySection) {
      ReadPolicySection(in, record.spec);
    } else if (section == kFailoverSection) {
      ReadFailoverSection(record, in);
    } else if (section == kDrainSection) {
      ReadDrainSection(record, in);
    } else {
      in.Refuse();
    }
  }
  return true;
}

// False when the table is not known.
bool ReadEdit(char table, uint64_t id, ByteReader& in, bool sectioned, Edit& edit) {
  switch (table) {
    case kJobTable:
      ReadJobRecord(JobId{id}, in, sectioned, edit.emplace<PutJob>().record);
      return true;
    case kSpecTable:
      edit.emplace<PutSpec>(PutSpec{SpecId{id}, DecodeSpec(in, sectioned)});
      return true;
    case kClusterTable:
      return ReadCluster(ClusterId{id}, in, sectioned, edit.emplace<PutCluster>().record);
    case kResidueTable:
      edit.emplace<PutResidue>(PutResidue{ReadResidue(JobId{id}, in)});
      return true;
    case kFreezeTable:
      edit.emplace<PutFreeze>(PutFreeze{ReadFreeze(in)});
      return true;
    case kDrillTable:
      edit.emplace<PutDrill>(PutDrill{ReadDrill(in)});
      return true;
    case kRebalanceTable:
      edit.emplace<PutRebalance>(PutRebalance{ReadRebalance(in)});
      return true;
    case kFlavorTable:
      edit.emplace<PutFlavor>(PutFlavor{{FlavorId{id}, ReadFlavorSpec(in)}});
      return true;
    case kCohortTable:
      edit.emplace<PutCohort>(PutCohort{{CohortId{id}, ReadCohortSpec(in)}});
      return true;
    case kClusterQueueTable:
      edit.emplace<PutClusterQueue>(
          PutClusterQueue{{ClusterQueueId{id}, ReadClusterQueueSpec(in)}});
      return true;
    case kLocalQueueTable:
      edit.emplace<PutLocalQueue>(PutLocalQueue{{LocalQueueId{id}, ReadLocalQueueSpec(in)}});
      return true;
    default:
      return false;
  }
}

// Key, format version and end are alike for all tables; `read` takes what is between.
template <typename Read>
Status Decode(std::string_view key, std::string_view value, Read read) {
  if (key.size() != kKeySize) return Fail(Damaged(key, "the key is not nine bytes long"));
  uint64_t id = 0;
  for (size_t i = 1; i < kKeySize; ++i) id = id << 8 | static_cast<uint8_t>(key[i]);
  if (id == 0) return Fail(Damaged(key, "the id is zero"));
  ByteReader in(value);
  const uint8_t version = in.Byte();
  if (!in.ok()) return Fail(Damaged(key, "the value is empty"));
  const bool sectioned = version == kSectionedVersion && MayHaveSections(key[0]);
  if (version != kFormatVersion && !sectioned) {
    return Fail(Damaged(key, "format version " + std::to_string(version) +
                                 " is not known; a newer Fairway may have written it"));
  }
  if (!read(id, in, sectioned)) return Fail(Damaged(key, "the table is not known"));
  if (!in.ok()) return Fail(Damaged(key, "the value is damaged"));
  if (!in.AtEnd()) return Fail(Damaged(key, "the value is longer than its fields"));
  return {};
}

}  // namespace

bool IsJobKey(std::string_view key) { return key.starts_with(kJobTable); }

Status DecodeJob(std::string_view key, std::string_view value, JobRecord& record) {
  return Decode(key, value, [&](uint64_t id, ByteReader& in, bool sectioned) {
    ReadJobRecord(JobId{id}, in, sectioned, record);
    return true;
  });
}

Result<Edit> DecodeEdit(std::string_view key, std::string_view value) {
  Edit edit;
  Status decoded = Decode(key, value, [&](uint64_t id, ByteReader& in, bool sectioned) {
    return ReadEdit(key[0], id, in, sectioned, edit);
  });
  if (!decoded) return Fail(std::move(decoded.error()));
  return edit;
}

}  // namespace fairway::scheduler
