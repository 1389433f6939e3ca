// EventExpiry: Events are kept for a limited time after their last change. Thread: the loop.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <utility>

#include "clusters/loop/call.h"
#include "clusters/loop/loop.h"
#include "gateway/api/object_writer.h"

namespace fairway::gateway::api {

class EventExpiry {
 public:
  EventExpiry(Loop& loop, ObjectWriter& writer, int64_t ttl_ms);

  // Takes up the Events that are stored already.
  Status Start();

 private:
  void Note(const store::ObjectKey& key, Instant expires);
  void Arm();
  void Expire();

  Loop& loop_;
  ObjectWriter& writer_;
  const int64_t ttl_ms_;
  std::map<store::ObjectKey, Instant> expires_;
  // In the order of writing, which is that of expiry; an entry that was renewed is passed over.
  std::deque<std::pair<Instant, store::ObjectKey>> queue_;
  Call timer_;
  std::shared_ptr<int> life_ = std::make_shared<int>(0);
};

}  // namespace fairway::gateway::api
