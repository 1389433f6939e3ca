#include "scheduler/edit.h"

#include "scheduler/codec.h"
#include "scheduler/spec_codec.h"

namespace fairway::scheduler {
namespace {

// Tables in the order in which they rest on each other: a scan in key order meets a spec and a
// cluster before the jobs that name them.
constexpr char kSpecTable = 'a';
constexpr char kClusterTable = 'c';
constexpr char kJobTable = 'j';

constexpr uint8_t kFormatVersion = 1;
constexpr size_t kKeySize = 9;

enum JobFlag : uint8_t { kSuspendedBit = 1, kDeleteRequestedBit = 2, kDispatchPendingBit = 4 };

std::string MakeKey(char table, uint64_t id) {
  std::string key(kKeySize, table);
  for (size_t i = 0; i < 8; ++i) key[i + 1] = static_cast<char>(id >> (56 - 8 * i));
  return key;
}

void Write(ByteWriter& out, const ClusterSpec& spec) {
  out.Text(spec.name);
  out.Byte(spec.cordoned ? 1 : 0);
  out.Unsigned(spec.labels.size());
  for (const auto& [key, value] : spec.labels) {
    out.Text(key);
    out.Text(value);
  }
  out.Unsigned(spec.taints.size());
  for (const Taint& taint : spec.taints) {
    out.Text(taint.key);
    out.Text(taint.value);
    out.Byte(static_cast<uint8_t>(taint.effect));
  }
}

ClusterSpec ReadClusterSpec(ByteReader& in) {
  ClusterSpec spec;
  spec.name = in.Text();
  spec.cordoned = ReadBool(in);
  size_t count = in.Count();
  for (size_t i = 0; i < count && in.ok(); ++i) {
    std::string key(in.Text());
    spec.labels[std::move(key)] = in.Text();
  }
  count = in.Count();
  for (size_t i = 0; i < count && in.ok(); ++i) {
    Taint& taint = spec.taints.emplace_back();
    taint.key = in.Text();
    taint.value = in.Text();
    taint.effect = in.Choice(TaintEffect::kNoExecute);
  }
  return spec;
}

void Write(ByteWriter& out, const JobRecord& record) {
  out.Text(record.name);
  out.Unsigned(record.spec.value);
  out.Byte(static_cast<uint8_t>(record.state));
  out.Byte(static_cast<uint8_t>((record.suspended ? kSuspendedBit : 0) |
                                (record.delete_requested ? kDeleteRequestedBit : 0) |
                                (record.dispatch_pending ? kDispatchPendingBit : 0)));
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
    out.Byte(static_cast<uint8_t>(former.reason));
  }
}

JobRecord ReadRecord(JobId job, ByteReader& in) {
  JobRecord record;
  record.job = job;
  record.name = in.Text();
  record.spec = SpecId{in.Unsigned()};
  record.state = in.Choice(JobState::kDeleting);
  const uint8_t flags = in.Byte();
  if (flags > (kSuspendedBit | kDeleteRequestedBit | kDispatchPendingBit)) in.Refuse();
  record.suspended = (flags & kSuspendedBit) != 0;
  record.delete_requested = (flags & kDeleteRequestedBit) != 0;
  record.dispatch_pending = (flags & kDispatchPendingBit) != 0;
  record.ending = in.Choice(EndReason::kWithdrawn);
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
    former.reason = in.Choice(EndReason::kWithdrawn);
  }
  return record;
}

Error Damaged(std::string_view key, std::string_view what) {
  static constexpr char kHex[] = "0123456789abcdef";
  Error error;
  error.reason = "InternalError";
  error.message = "stored record ";
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
    std::string operator()(const PutJob& e) const { return MakeKey(kJobTable, e.record.job.value); }
    std::string operator()(const EraseJob& e) const { return MakeKey(kJobTable, e.job.value); }
    std::string operator()(const PutSpec& e) const { return MakeKey(kSpecTable, e.id.value); }
    std::string operator()(const EraseSpec& e) const { return MakeKey(kSpecTable, e.id.value); }
    std::string operator()(const PutCluster& e) const {
      return MakeKey(kClusterTable, e.record.cluster.value);
    }
    std::string operator()(const EraseCluster& e) const {
      return MakeKey(kClusterTable, e.cluster.value);
    }
  };
  return std::visit(Visitor{}, edit);
}

std::optional<std::string> EditValue(const Edit& edit) {
  std::string value(1, static_cast<char>(kFormatVersion));
  ByteWriter out(value);
  if (const auto* put_job = std::get_if<PutJob>(&edit)) {
    Write(out, put_job->record);
  } else if (const auto* put_spec = std::get_if<PutSpec>(&edit)) {
    EncodeSpec(put_spec->spec, value);
  } else if (const auto* put_cluster = std::get_if<PutCluster>(&edit)) {
    Write(out, put_cluster->record.spec);
  } else {
    return std::nullopt;
  }
  return value;
}

Result<Edit> DecodeEdit(std::string_view key, std::string_view value) {
  if (key.size() != kKeySize) return Fail(Damaged(key, "the key is not nine bytes long"));
  uint64_t id = 0;
  for (size_t i = 1; i < kKeySize; ++i) id = id << 8 | static_cast<uint8_t>(key[i]);
  if (id == 0) return Fail(Damaged(key, "the id is zero"));
  ByteReader in(value);
  const uint8_t version = in.Byte();
  if (!in.ok()) return Fail(Damaged(key, "the value is empty"));
  if (version != kFormatVersion) {
    return Fail(Damaged(key, "format version " + std::to_string(version) +
                                 " is not known; a newer Fairway may have written it"));
  }
  Edit edit;
  if (key[0] == kJobTable) {
    edit.emplace<PutJob>(PutJob{ReadRecord(JobId{id}, in)});
  } else if (key[0] == kSpecTable) {
    edit.emplace<PutSpec>(PutSpec{SpecId{id}, DecodeSpec(in)});
  } else if (key[0] == kClusterTable) {
    edit.emplace<PutCluster>(PutCluster{ClusterRecord{ClusterId{id}, ReadClusterSpec(in)}});
  } else {
    return Fail(Damaged(key, "the table is not known"));
  }
  if (!in.ok()) return Fail(Damaged(key, "the value is damaged"));
  if (!in.AtEnd()) return Fail(Damaged(key, "the value is longer than its fields"));
  return edit;
}

}  // namespace fairway::scheduler
