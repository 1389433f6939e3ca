#include "store/object_store.h"

#include <algorithm>
#include <deque>
#include <map>

#include "scheduler/assert.h"
#include "scheduler/outbox.h"
#include "store/errors.h"
#include "store/retention.h"
#include "store/snapshot_shelf.h"
#include "store/staging.h"
#include "store/watch_hub.h"

namespace fairway::store {
namespace {
// Journal reads remembered within one turn: a write reads its object, then Stage() needs it again.
constexpr size_t kTurnCacheMax = 1024;
}  // namespace

struct ObjectStore::Impl {
  Impl(Journal& j, Defer d, const Limits& l, Clock c)
      : journal(j),
        defer(std::move(d)),
        limits(l),
        clock(std::move(c)),
        staged(j.committed()),
        flushed(j.committed()),
        released(j.committed()),
        shelf(l.snapshots_max, Milliseconds(l.snapshot_age_ms)),
        retention(Milliseconds(l.log_retention_ms), l.log_revisions_max),
        hub(j, l.ring_bytes_max, j.committed()) {}

  Instant Now() const { return clock ? clock() : Instant{}; }
  void AtTurnEnd();
  void Flush();
  void Committed(Revision last);
  void Notify(const ChangePtr& change);
  void Trim();
  Result<std::optional<Object>> Read(const ObjectKey& key);

  Journal& journal;
  Defer defer;
  const Limits limits;
  Clock clock;

  Revision staged;    // handed out
  Revision flushed;   // given to the journal
  Revision released;  // reported committed
  Revision wanted;    // somebody waits for it
  bool turn_end_set = false;
  Batch batch;
  size_t batch_bytes = 0;
  std::deque<std::vector<ChangePtr>> in_flight;  // the changes of each appended batch
  std::map<ObjectKey, std::optional<Object>> turn_cache;
  Staging staging;
  scheduler::Outbox<std::function<void()>> outbox;
  Revision outbox_last;

  std::vector<Observer> observers;
  std::deque<ChangePtr> to_observe;
  bool observing = false;

  SnapshotShelf shelf;
  Retention retention;
  WatchHub hub;
  std::shared_ptr<int> life = std::make_shared<int>(0);
};

ObjectStore::ObjectStore(Journal& journal, Defer defer, Limits limits, Clock clock)
    : impl_(std::make_unique<Impl>(journal, std::move(defer), limits, std::move(clock))) {
  auto marks = journal.GetMeta(Retention::kMetaKey);
  // Unreadable marks only delay trimming, and the journal has its own checks: start without them.
  if (marks && *marks && !impl_->retention.Load(**marks)) (void)impl_->retention.Load("");
}

ObjectStore::~ObjectStore() = default;

Status ObjectStore::CanWrite() const {
  Health health = impl_->journal.health();
  if (!health.writable) return Fail(NotWritable(health));
  size_t pending = impl_->journal.pending_bytes() + impl_->batch_bytes;
  if (pending > impl_->limits.pending_bytes_max) {
    return Fail(TooMuchPending(pending, impl_->limits.pending_bytes_max));
  }
  return {};
}

Revision ObjectStore::NextRevision() { return Revision{++impl_->staged.value}; }

Result<std::optional<Object>> ObjectStore::Impl::Read(const ObjectKey& key) {
  if (const Staging::Entry* entry = staging.Find(key)) return entry->object;
  if (auto it = turn_cache.find(key); it != turn_cache.end()) return it->second;
  auto object = journal.Get(key);
  if (object && turn_cache.size() < kTurnCacheMax) {
    turn_cache.emplace(key, *object);
    AtTurnEnd();
  }
  return object;
}

Result<std::optional<Object>> ObjectStore::Latest(const ObjectKey& key) { return impl_->Read(key); }

Status ObjectStore::ScanLatest(const Journal::Range& range,
                               const std::function<bool(const Object&)>& visit) {
  // Entries of both sides in key order; where both have the key, the staged one is newer.
  const Staging& staging = impl_->staging;
  ObjectKey cursor{range.resource, range.ns, ""};
  bool inclusive = true;
  if (range.after) {
    ObjectKey after{range.resource, range.after->first, range.after->second};
    if (after >= cursor) {
      cursor = std::move(after);
      inclusive = false;
    }
  }
  bool go_on = true;
  // Visits staged entries up to `limit` (null = to the range's end); true when `limit` is staged.
  auto visit_staged = [&](const ObjectKey* limit) {
    while (go_on) {
      const auto* next = staging.Next(cursor, inclusive);
      if (next == nullptr || !InScope(next->first, range.resource, range.ns, "")) return false;
      if (limit != nullptr && *limit < next->first) return false;
      bool at_limit = limit != nullptr && *limit == next->first;
      cursor = next->first;
      inclusive = false;
      if (next->second.object) {
        Object object = *next->second.object;
        go_on = visit(object);
      }
      if (at_limit) return true;
    }
    return false;
  };
  Status status = impl_->journal.Scan(range, nullptr, [&](const Object& object) {
    if (visit_staged(&object.key) || !go_on) return go_on;
    go_on = visit(object);
    return go_on;
  });
  if (!status) return status;
  visit_staged(nullptr);
  return {};
}

void ObjectStore::Stage(Change change) {
  Impl& impl = *impl_;
  FAIRWAY_ASSERT(change.revision > impl.flushed && change.revision <= impl.staged);
  FAIRWAY_ASSERT(change.body != nullptr);
  // The caller has just read this object, so this comes from memory; a store that cannot be read at
  // this point must not be written to either.
  auto before = impl.Read(change.key);
  FAIRWAY_ASSERT(before.has_value());
  if (*before) {
    change.prev_revision = (*before)->revision;
    change.prev_body = (*before)->body;
    change.created = (*before)->created;
    if (change.kind == Change::Kind::kAdded) change.kind = Change::Kind::kModified;
  } else {
    FAIRWAY_ASSERT(change.kind != Change::Kind::kDeleted);
    change.kind = Change::Kind::kAdded;
    change.prev_revision = {};
    change.prev_body = nullptr;
    // One that was lost and is put back keeps the revision that once made it.
    if (!change.created) change.created = change.revision;
  }
  impl.staging.Put(change);
  impl.batch_bytes += ChangeBytes(change);
  auto shared = std::make_shared<const Change>(std::move(change));
  impl.batch.changes.push_back(shared);
  impl.AtTurnEnd();
  impl.Notify(shared);
}

void ObjectStore::Impl::Notify(const ChangePtr& change) {
  if (observers.empty()) return;
  to_observe.push_back(change);
  if (observing) return;  // an observer staged it: it is told after those before it
  observing = true;
  while (!to_observe.empty()) {
    ChangePtr next = std::move(to_observe.front());
    to_observe.pop_front();
    for (size_t i = 0; i < observers.size(); ++i) {
      Observer observer = observers[i];  // a copy: the call may add observers
      observer(*next);
    }
  }
  observing = false;
}

void ObjectStore::StageEdit(scheduler::Edit edit) {
  impl_->batch.edits.push_back(std::move(edit));
  impl_->batch_bytes += 256;
  impl_->AtTurnEnd();
}

void ObjectStore::AfterCommit(Revision revision, std::function<void()> done) {
  Impl& impl = *impl_;
  FAIRWAY_ASSERT(revision <= impl.staged);
  // Edits carry no revision of their own. Whoever waits for the newest revision also waits for the
  // edits staged after it, so the open batch needs a revision to wait for.
  if (!impl.batch.edits.empty() && revision == impl.staged) {
    if (impl.staged == impl.flushed) NextRevision();
    revision = impl.staged;
  }
  // Never before what was asked for earlier; in one turn that is the same batch.
  impl.outbox_last = std::max(impl.outbox_last, revision);
  impl.wanted = std::max(impl.wanted, revision);
  impl.outbox.Hold(impl.outbox_last, std::move(done));
  impl.AtTurnEnd();
}

void ObjectStore::AddObserver(Observer observer) {
  impl_->observers.push_back(std::move(observer));
}

void ObjectStore::Impl::AtTurnEnd() {
  if (turn_end_set) return;
  turn_end_set = true;
  defer([this, alive = std::weak_ptr<int>(life)] {
    if (alive.expired()) return;
    turn_end_set = false;
    turn_cache.clear();
    Flush();
    if (outbox.size() > 0) {
      outbox.Release(released, [](std::function<void()>&& done) { done(); });
    }
  });
}

void ObjectStore::Impl::Flush() {
  if (batch.changes.empty() && batch.edits.empty() && wanted <= flushed) return;
  batch.last = staged;
  if (retention.Note(Now(), staged)) {
    batch.meta.emplace_back(Retention::kMetaKey, retention.Save());
  }
  in_flight.push_back(batch.changes);
  flushed = staged;
  batch_bytes = 0;
  journal.Append(std::exchange(batch, {}), [this, alive = std::weak_ptr<int>(life)](Revision last) {
    if (!alive.expired()) Committed(last);
  });
  Trim();
}

void ObjectStore::Impl::Trim() {
  if (auto until = retention.Due(Now(), staged)) journal.TrimLog(std::min(*until, released));
}

void ObjectStore::Impl::Committed(Revision last) {
  std::vector<ChangePtr> changes = std::move(in_flight.front());
  in_flight.pop_front();
  released = std::max(released, last);
  staging.Committed(last);
  std::weak_ptr<int> alive = life;
  outbox.Release(last, [](std::function<void()>&& done) { done(); });
  if (!alive.expired()) hub.Publish(changes, last);
}

Revision ObjectStore::committed() const { return impl_->released; }
Revision ObjectStore::staged() const { return impl_->staged; }
Journal& ObjectStore::journal() { return impl_->journal; }

std::shared_ptr<const Snapshot> ObjectStore::SnapshotNow(bool keep) {
  Impl& impl = *impl_;
  auto newest = impl.shelf.Newest();
  // Nothing was written since: share it.
  bool current = newest && impl.flushed == impl.released && newest->revision() == impl.released;
  auto snapshot = current ? std::move(newest) : impl.journal.TakeSnapshot();
  if (keep) impl.shelf.Put(snapshot, impl.Now());
  return snapshot;
}

std::shared_ptr<const Snapshot> ObjectStore::SnapshotAt(Revision revision) {
  return impl_->shelf.Find(revision, impl_->Now());
}

Result<std::unique_ptr<ObjectStore::Subscription>> ObjectStore::Watch(WatchScope scope,
                                                                      Revision after,
                                                                      Deliver deliver,
                                                                      Ended ended) {
  return impl_->hub.Watch(std::move(scope), after, std::move(deliver), std::move(ended));
}

void ObjectStore::TellProgress() { impl_->hub.TellProgress(); }

void ObjectStore::Maintain() {
  impl_->shelf.DropOld(impl_->Now());
  impl_->Trim();
}

}  // namespace fairway::store
