#include "store/watch_hub.h"

#include <algorithm>

#include "scheduler/assert.h"
#include "store/errors.h"

namespace fairway::store {
namespace {
// Changes that wait for one paused watcher; beyond, it is served from the ring or the log later.
constexpr size_t kPendingMax = 256;
// Work of one slice on the loop: a log entry costs a read of its body, a ring entry a comparison.
constexpr size_t kLogSlice = 256;
constexpr size_t kRingSlice = 4096;
constexpr size_t kDeliverMax = 256;
}  // namespace

struct WatchHub::Watcher {
  ObjectStore::WatchScope scope;
  ObjectStore::Deliver deliver;
  ObjectStore::Ended ended;
  Resource* resource = nullptr;
  Revision position;  // everything in scope up to it was delivered
  bool live = false;
  bool paused = false;
  bool closed = false;
  bool slice_scheduled = false;
  bool dirty = false;
  std::vector<ChangePtr> pending;  // only while live
};

struct WatchHub::Resource {
  std::deque<ChangePtr> ring;
  Revision evicted;  // changes up to it are not in the ring
  // Watchers by what they look at: everything, one namespace, one name (in any or one namespace).
  std::vector<WatcherPtr> all;
  std::unordered_map<std::string, std::vector<WatcherPtr>> by_ns;
  std::unordered_map<std::string, std::vector<WatcherPtr>> by_name;

  std::vector<WatcherPtr>& BucketOf(const ObjectStore::WatchScope& scope) {
    if (!scope.name.empty()) return by_name[scope.name];
    return scope.ns.empty() ? all : by_ns[scope.ns];
  }
};

// What the owner of a watch holds.
class WatchHub::Token final : public ObjectStore::Subscription {
 public:
  Token(WatchHub& hub, WatcherPtr watcher)
      : hub_(&hub), life_(hub.life_), watcher_(std::move(watcher)) {}
  ~Token() override {
    if (!life_.expired()) hub_->Close(watcher_);
  }
  void Resume() override {
    if (life_.expired() || watcher_->closed || !watcher_->paused) return;
    watcher_->paused = false;
    hub_->ScheduleSlice(watcher_);
  }
  Revision Through() const override {
    bool idle = watcher_->live && watcher_->pending.empty() && !life_.expired();
    return idle ? std::max(watcher_->position, hub_->through_) : watcher_->position;
  }

 private:
  WatchHub* hub_;
  std::weak_ptr<int> life_;
  WatcherPtr watcher_;
};

WatchHub::WatchHub(Journal& journal, size_t ring_bytes_max, Revision start)
    : journal_(journal), ring_bytes_max_(ring_bytes_max), start_(start), through_(start) {}

WatchHub::~WatchHub() = default;

WatchHub::Resource& WatchHub::ResourceOf(const std::string& name) {
  std::unique_ptr<Resource>& slot = resources_[name];
  if (!slot) {
    slot = std::make_unique<Resource>();
    slot->evicted = start_;
  }
  return *slot;
}

Result<std::unique_ptr<ObjectStore::Subscription>> WatchHub::Watch(ObjectStore::WatchScope scope,
                                                                   Revision after,
                                                                   ObjectStore::Deliver deliver,
                                                                   ObjectStore::Ended ended) {
  FAIRWAY_ASSERT(!scope.resource.empty());
  if (after < journal_.log_start()) return Fail(TooOld(after, journal_.log_start()));
  auto watcher = std::make_shared<Watcher>();
  watcher->resource = &ResourceOf(scope.resource);
  watcher->scope = std::move(scope);
  watcher->deliver = std::move(deliver);
  watcher->ended = std::move(ended);
  watcher->position = after;
  watcher->resource->BucketOf(watcher->scope).push_back(watcher);
  ++watchers_;
  ScheduleSlice(watcher);
  return std::unique_ptr<ObjectStore::Subscription>(std::make_unique<Token>(*this, watcher));
}

void WatchHub::Close(const WatcherPtr& watcher) {
  if (watcher->closed) return;
  watcher->closed = true;
  watcher->pending.clear();
  Resource& resource = *watcher->resource;
  std::vector<WatcherPtr>& bucket = resource.BucketOf(watcher->scope);
  bucket.erase(std::find(bucket.begin(), bucket.end(), watcher));
  if (bucket.empty() && !watcher->scope.name.empty()) {
    resource.by_name.erase(watcher->scope.name);
  } else if (bucket.empty() && !watcher->scope.ns.empty()) {
    resource.by_ns.erase(watcher->scope.ns);
  }
  --watchers_;
}

void WatchHub::PushRing(Resource& resource, const ChangePtr& change) {
  resource.ring.push_back(change);
  ring_order_.push_back(&resource);
  ring_bytes_ += ChangeBytes(*change);
  while (ring_bytes_ > ring_bytes_max_ && !ring_order_.empty()) {
    Resource& oldest = *ring_order_.front();
    ring_order_.pop_front();
    oldest.evicted = oldest.ring.front()->revision;
    ring_bytes_ -= ChangeBytes(*oldest.ring.front());
    oldest.ring.pop_front();
  }
}

void WatchHub::Publish(const std::vector<ChangePtr>& changes, Revision through) {
  std::vector<WatcherPtr> dirty;
  for (const ChangePtr& change : changes) {
    Resource& resource = ResourceOf(change->key.resource);
    PushRing(resource, change);
    Collect(resource, change, dirty);
  }
  through_ = std::max(through_, through);
  std::weak_ptr<int> life = life_;
  for (const WatcherPtr& watcher : dirty) {
    if (life.expired()) return;
    watcher->dirty = false;
    DeliverPending(watcher);
  }
}

void WatchHub::Collect(Resource& resource, const ChangePtr& change,
                       std::vector<WatcherPtr>& dirty) {
  for (const WatcherPtr& watcher : resource.all) Offer(watcher, change, dirty);
  if (auto it = resource.by_ns.find(change->key.ns); it != resource.by_ns.end()) {
    for (const WatcherPtr& watcher : it->second) Offer(watcher, change, dirty);
  }
  if (auto it = resource.by_name.find(change->key.name); it != resource.by_name.end()) {
    for (const WatcherPtr& watcher : it->second) {
      if (watcher->scope.ns.empty() || watcher->scope.ns == change->key.ns) {
        Offer(watcher, change, dirty);
      }
    }
  }
}

void WatchHub::Offer(const WatcherPtr& watcher, const ChangePtr& change,
                     std::vector<WatcherPtr>& dirty) {
  // A slice from the log may have run ahead of Publish: durable, but not yet reported.
  if (!watcher->live || change->revision <= watcher->position) return;
  if (watcher->paused && watcher->pending.size() >= kPendingMax) {
    watcher->live = false;
    watcher->pending.clear();
    watcher->pending.shrink_to_fit();
    return;
  }
  // Everything before it was delivered: an idle watcher's place moves on with time, so that it is
  // not taken for one that the log's retention has overtaken.
  if (watcher->pending.empty()) watcher->position = Revision{change->revision.value - 1};
  watcher->pending.push_back(change);
  if (!watcher->dirty) {
    watcher->dirty = true;
    dirty.push_back(watcher);
  }
}

void WatchHub::DeliverPending(const WatcherPtr& watcher) {
  if (watcher->closed || watcher->paused || !watcher->live || watcher->pending.empty()) return;
  std::vector<ChangePtr> changes = std::move(watcher->pending);
  watcher->pending.clear();
  watcher->position = std::max(watcher->position, through_);
  if (!watcher->deliver(changes, watcher->position)) watcher->paused = true;
}

void WatchHub::TellProgress() {
  std::vector<WatcherPtr> idle;
  for (auto& [name, resource] : resources_) {
    auto take = [&idle](const std::vector<WatcherPtr>& bucket) {
      for (const WatcherPtr& w : bucket) {
        if (w->live && !w->paused && w->pending.empty()) idle.push_back(w);
      }
    };
    take(resource->all);
    for (auto& [key, bucket] : resource->by_ns) take(bucket);
    for (auto& [key, bucket] : resource->by_name) take(bucket);
  }
  std::weak_ptr<int> life = life_;
  for (const WatcherPtr& watcher : idle) {
    if (life.expired()) return;
    if (watcher->closed || watcher->paused || watcher->position >= through_) continue;
    watcher->position = through_;
    if (!watcher->deliver({}, through_)) watcher->paused = true;
  }
}

void WatchHub::ScheduleSlice(const WatcherPtr& watcher) {
  if (watcher->slice_scheduled) return;
  watcher->slice_scheduled = true;
  journal_.Post([this, life = std::weak_ptr<int>(life_), watcher] {
    if (life.expired()) return;
    watcher->slice_scheduled = false;
    RunSlice(watcher);
  });
}

void WatchHub::RunSlice(const WatcherPtr& watcher) {
  if (watcher->closed || watcher->paused) return;
  if (watcher->live) {
    DeliverPending(watcher);
  } else if (watcher->position >= watcher->resource->evicted) {
    SliceFromRing(watcher);
  } else {
    SliceFromLog(watcher);
  }
}

void WatchHub::SliceFromRing(const WatcherPtr& watcher) {
  const std::deque<ChangePtr>& ring = watcher->resource->ring;
  const ObjectStore::WatchScope& scope = watcher->scope;
  auto it = std::upper_bound(ring.begin(), ring.end(), watcher->position,
                             [](Revision r, const ChangePtr& c) { return r < c->revision; });
  std::vector<ChangePtr> changes;
  for (size_t seen = 0; it != ring.end() && seen < kRingSlice && changes.size() < kDeliverMax;
       ++it, ++seen) {
    watcher->position = (*it)->revision;
    if (InScope((*it)->key, scope.resource, scope.ns, scope.name)) changes.push_back(*it);
  }
  if (it == ring.end()) {
    watcher->live = true;
    watcher->position = std::max(watcher->position, through_);
  }
  std::weak_ptr<int> life = life_;
  if (!watcher->deliver(changes, watcher->position)) watcher->paused = true;
  if (!life.expired() && !watcher->live && !watcher->closed) ScheduleSlice(watcher);
}

void WatchHub::SliceFromLog(const WatcherPtr& watcher) {
  const ObjectStore::WatchScope& scope = watcher->scope;
  std::vector<ChangePtr> changes;
  auto reached = journal_.ReadLogScope({scope.resource, scope.ns, scope.name}, watcher->position,
                                       kLogSlice, [&changes](const ChangePtr& change) {
                                         changes.push_back(change);
                                         return changes.size() < kDeliverMax;
                                       });
  if (!reached) {
    Close(watcher);
    if (watcher->ended) watcher->ended(reached.error());
    return;
  }
  watcher->position = std::max(watcher->position, *reached);
  std::weak_ptr<int> life = life_;
  if (!changes.empty() && !watcher->deliver(changes, watcher->position)) watcher->paused = true;
  if (!life.expired() && !watcher->closed) ScheduleSlice(watcher);
}

}  // namespace fairway::store
