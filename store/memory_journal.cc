#include "store/memory_journal.h"

#include <algorithm>

#include "scheduler/assert.h"
#include "store/errors.h"

namespace fairway::store {

struct MemoryJournal::SnapshotRegistry {
  std::multiset<Revision> live;
};

class MemoryJournal::MemorySnapshot final : public Snapshot {
 public:
  MemorySnapshot(std::shared_ptr<SnapshotRegistry> registry, Revision revision)
      : registry_(std::move(registry)), revision_(revision) {
    registry_->live.insert(revision_);
  }
  ~MemorySnapshot() override { registry_->live.erase(registry_->live.find(revision_)); }
  Revision revision() const override { return revision_; }

 private:
  std::shared_ptr<SnapshotRegistry> registry_;
  Revision revision_;
};

MemoryJournal::MemoryJournal(Options options)
    : options_(std::move(options)), snapshots_(std::make_shared<SnapshotRegistry>()) {}

MemoryJournal::~MemoryJournal() = default;

void MemoryJournal::Append(Batch batch, std::function<void(Revision last)> committed) {
  FAIRWAY_ASSERT(queue_.empty() || queue_.back().batch.last <= batch.last);
  size_t bytes = BatchBytes(batch);
  pending_bytes_ += bytes;
  queue_.push_back({std::move(batch), std::move(committed), bytes});
  ScheduleDrain();
}

void MemoryJournal::ScheduleDrain() {
  if (options_.manual || drain_scheduled_ || !health_.writable || queue_.empty()) return;
  drain_scheduled_ = true;
  options_.post([this, life = std::weak_ptr<int>(life_)] {
    if (life.expired()) return;
    drain_scheduled_ = false;
    // What the completions append is left for a later turn, as with a real disk.
    for (size_t n = queue_.size(); n > 0 && PersistOne(); --n) continue;
    Report();
    if (!life.expired()) ScheduleDrain();
  });
}

bool MemoryJournal::PersistOne() {
  if (queue_.empty() || !health_.writable) return false;
  Queued next = std::move(queue_.front());
  queue_.pop_front();
  Apply(next.batch);
  durable_ = std::max(durable_, next.batch.last);
  unreported_.push_back({next.batch.last, std::move(next.committed), next.bytes});
  return true;
}

void MemoryJournal::Report() {
  std::weak_ptr<int> life = life_;
  while (!life.expired() && !unreported_.empty()) {
    Unreported done = std::move(unreported_.front());
    unreported_.pop_front();
    committed_ = std::max(committed_, done.last);
    pending_bytes_ -= done.bytes;
    if (done.committed) done.committed(done.last);
  }
}

bool MemoryJournal::CommitOne() {
  if (!PersistOne()) return false;
  Report();
  return true;
}

void MemoryJournal::CommitAll() {
  while (CommitOne()) continue;
}

void MemoryJournal::Crash() {
  life_ = std::make_shared<int>(0);
  drain_scheduled_ = false;
  queue_.clear();
  unreported_.clear();
  pending_bytes_ = 0;
  committed_ = durable_;
  on_health_ = nullptr;
  health_ = {};
}

void MemoryJournal::FailWrites(std::string why) { SetHealth({false, std::move(why)}); }

void MemoryJournal::Heal() {
  SetHealth({});
  ScheduleDrain();
}

void MemoryJournal::SetHealth(Health health) {
  health_ = std::move(health);
  if (on_health_) on_health_(health_);
}

void MemoryJournal::OnHealth(std::function<void(const Health&)> changed) {
  on_health_ = std::move(changed);
}

void MemoryJournal::Apply(const Batch& batch) {
  for (const ChangePtr& change : batch.changes) ApplyChange(change);
  for (const scheduler::Edit& edit : batch.edits) {
    std::string key = scheduler::EditKey(edit);
    if (auto value = scheduler::EditValue(edit)) {
      core_.insert_or_assign(std::move(key), std::move(*value));
    } else {
      core_.erase(key);
    }
  }
  for (const auto& [key, value] : batch.meta) meta_.insert_or_assign(key, value);
  if (options_.log_changes_max != 0) {
    while (log_.size() > options_.log_changes_max) {
      log_start_ = log_.front()->revision;
      log_.pop_front();
    }
  }
  SweepDeleted();
}

void MemoryJournal::ApplyChange(const ChangePtr& change) {
  std::vector<Version>& versions = objects_[change->key];
  // A version is needed while it is the newest that some snapshot sees; the oldest snapshot rules.
  if (snapshots_->live.empty()) {
    versions.clear();
  } else {
    Revision oldest = *snapshots_->live.begin();
    auto kept = std::find_if(versions.rbegin(), versions.rend(),
                             [&](const Version& v) { return v.revision <= oldest; });
    if (kept != versions.rend()) versions.erase(versions.begin(), std::prev(kept.base()));
  }
  bool deleted = change->kind == Change::Kind::kDeleted;
  versions.push_back({change->revision, change->created, deleted ? nullptr : change->body});
  if (deleted) {
    deleted_.insert(change->key);
  } else {
    deleted_.erase(change->key);
  }
  log_.push_back(change);
}

void MemoryJournal::SweepDeleted() {
  if (!snapshots_->live.empty()) return;
  for (const ObjectKey& key : deleted_) objects_.erase(key);
  deleted_.clear();
}

const MemoryJournal::Version* MemoryJournal::Visible(const std::vector<Version>& versions,
                                                     const Snapshot* at) const {
  for (auto it = versions.rbegin(); it != versions.rend(); ++it) {
    if (at == nullptr || it->revision <= at->revision()) return it->body ? &*it : nullptr;
  }
  return nullptr;
}

std::shared_ptr<const Snapshot> MemoryJournal::TakeSnapshot() {
  return std::make_shared<MemorySnapshot>(snapshots_, durable_);
}

Result<std::optional<Object>> MemoryJournal::Get(const ObjectKey& key, const Snapshot* at) {
  auto it = objects_.find(key);
  const Version* version = it == objects_.end() ? nullptr : Visible(it->second, at);
  if (version == nullptr) return std::optional<Object>();
  return std::optional<Object>(Object{key, version->revision, version->created, version->body});
}

Status MemoryJournal::Scan(const Range& range, const Snapshot* at,
                           const std::function<bool(const Object&)>& visit) {
  ObjectKey first{range.resource, range.ns, ""};
  auto it = objects_.lower_bound(first);
  if (range.after) {
    ObjectKey after{range.resource, range.after->first, range.after->second};
    if (after >= first) it = objects_.upper_bound(after);
  }
  for (; it != objects_.end() && InScope(it->first, range.resource, range.ns, ""); ++it) {
    const Version* version = Visible(it->second, at);
    if (version == nullptr) continue;
    if (!visit(Object{it->first, version->revision, version->created, version->body})) break;
  }
  return {};
}

Status MemoryJournal::ReadLog(Revision after, const std::function<bool(const ChangePtr&)>& visit) {
  auto reached = ReadLogScope({}, after, 0, visit);
  if (!reached) return Fail(std::move(reached.error()));
  return {};
}

Result<Revision> MemoryJournal::ReadLogScope(const LogScope& scope, Revision after, size_t scan_max,
                                             const std::function<bool(const ChangePtr&)>& visit) {
  if (after < log_start_) return Fail(TooOld(after, log_start_));
  auto it = std::upper_bound(log_.begin(), log_.end(), after,
                             [](Revision r, const ChangePtr& c) { return r < c->revision; });
  Revision reached = after;
  for (size_t scanned = 0; it != log_.end(); ++it, ++scanned) {
    if (scan_max != 0 && scanned == scan_max) return reached;
    reached = (*it)->revision;
    if (InScope((*it)->key, scope.resource, scope.ns, scope.name) && !visit(*it)) return reached;
  }
  return std::max(reached, durable_);
}

Status MemoryJournal::Recover(
    const std::function<Status(std::string_view key, std::string_view value)>& visit) {
  for (const auto& [key, value] : core_) {
    Status status = visit(key, value);
    if (!status) return status;
  }
  return {};
}

Result<std::optional<std::string>> MemoryJournal::GetMeta(std::string_view key) {
  auto it = meta_.find(key);
  if (it == meta_.end()) return std::optional<std::string>();
  return std::optional<std::string>(it->second);
}

Status MemoryJournal::PutMeta(std::string_view key, std::string_view value) {
  if (!health_.writable) return Fail(NotWritable(health_));
  meta_.insert_or_assign(std::string(key), std::string(value));
  return {};
}

void MemoryJournal::Post(std::function<void()> fn) { options_.post(std::move(fn)); }

void MemoryJournal::TrimLog(Revision until) {
  until = std::min(until, durable_);
  while (!log_.empty() && log_.front()->revision <= until) log_.pop_front();
  log_start_ = std::max(log_start_, until);
}

Status MemoryJournal::Checkpoint(const std::string&) {
  Error error;
  error.reason = "InternalError";
  error.message = "this store lives in memory: there is nothing to back up";
  return Fail(std::move(error));
}

}  // namespace fairway::store
