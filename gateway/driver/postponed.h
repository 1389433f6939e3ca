// Postponed: what members report while the store takes no writes. Reports are levels, not edges: of
// each kind about each job only the last one counts, so that what is kept is bounded by the live
// jobs.
//
// Thread: the loop. Lifetime: loop and store outlive it.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <tuple>

#include "clusters/loop/loop.h"
#include "scheduler/ids.h"
#include "store/object_store.h"

namespace fairway::gateway {

class Postponed {
 public:
  enum class Kind : uint8_t {
    kLink,
    kCapacity,
    kInventory,
    kCopy,
    kTrouble,
    kDispatched,
    kWithdrawn
  };

  Postponed(Loop& loop, store::ObjectStore& store) : loop_(loop), store_(store) {}

  // True when something has to wait: the store refuses, or earlier reports still wait.
  bool Blocked() const;
  void Keep(Kind kind, ClusterId cluster, JobId job, std::function<void()> later);
  size_t size() const { return order_.size(); }

 private:
  using Key = std::tuple<Kind, ClusterId, JobId>;
  struct Entry {
    Key key;
    std::function<void()> later;
  };
  void RunSome();

  Loop& loop_;
  store::ObjectStore& store_;
  std::list<Entry> order_;  // oldest first
  std::map<Key, std::list<Entry>::iterator> entries_;
  bool running_ = false;
  Call timer_;
};

}  // namespace fairway::gateway
