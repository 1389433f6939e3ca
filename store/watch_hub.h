// WatchHub: who watches what, and what each watcher has seen. Committed changes enter once
// (Publish); each watcher gets those in its scope, in order and exactly once.
//
// A watcher is live or behind. A live one is found through an index by scope, so that a watcher
// whose objects do not change costs nothing; its changes wait in a short list while it is paused. A
// watcher that is behind (it starts in the past, or its list overflowed) is served in slices, from
// the ring of recent changes or, further back, from the journal's log, until it is live.
//
// Thread: the loop. Nothing is delivered inside Watch(), Resume() or a destructor.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "scheduler/instant.h"
#include "store/object_store.h"

namespace fairway::store {

class WatchHub {
 public:
  // `start`: everything up to it is in the journal only.
  WatchHub(Journal& journal, size_t ring_bytes_max, Revision start);
  ~WatchHub();

  Result<std::unique_ptr<ObjectStore::Subscription>> Watch(ObjectStore::WatchScope scope,
                                                           Revision after,
                                                           ObjectStore::Deliver deliver,
                                                           ObjectStore::Ended ended);
  // `changes` are committed, in revision order, and nothing else up to `through` is missing.
  void Publish(const std::vector<ChangePtr>& changes, Revision through);
  // Tells every live watcher that it has seen all up to now.
  void TellProgress();

  size_t watchers() const { return watchers_; }
  size_t ring_bytes() const { return ring_bytes_; }

 private:
  struct Watcher;
  struct Resource;
  class Token;
  using WatcherPtr = std::shared_ptr<Watcher>;

  Resource& ResourceOf(const std::string& name);
  void PushRing(Resource& resource, const ChangePtr& change);
  void Collect(Resource& resource, const ChangePtr& change, std::vector<WatcherPtr>& dirty);
  static void Offer(const WatcherPtr& watcher, const ChangePtr& change,
                    std::vector<WatcherPtr>& dirty);
  void DeliverPending(const WatcherPtr& watcher);
  void ScheduleSlice(const WatcherPtr& watcher);
  void RunSlice(const WatcherPtr& watcher);
  void SliceFromRing(const WatcherPtr& watcher);
  void SliceFromLog(const WatcherPtr& watcher);
  void Close(const WatcherPtr& watcher);

  Journal& journal_;
  const size_t ring_bytes_max_;
  const Revision start_;
  Revision through_;
  size_t ring_bytes_ = 0;
  size_t watchers_ = 0;
  std::unordered_map<std::string, std::unique_ptr<Resource>> resources_;
  std::deque<Resource*> ring_order_;  // the resource of each change in the rings, oldest first
  std::shared_ptr<int> life_ = std::make_shared<int>(0);
};

}  // namespace fairway::store
