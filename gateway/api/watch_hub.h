// WatchHub: all watch streams of one API server: how many there may be, and the one timer that
// sends their bookmarks. Thread: the loop.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "clusters/loop/call.h"
#include "gateway/api/context.h"
#include "gateway/api/watch_encoder.h"
#include "gateway/api/watch_session.h"

namespace fairway::gateway::api {

class WatchHub {
 public:
  explicit WatchHub(Loop& loop) : loop_(loop), encoder_(loop) {}
  ~WatchHub();

  // Answers a watch request.
  void Handle(const Services& services, const ContextPtr& context);
  // Sends every stream a bookmark now; the timer's work.
  void SendBookmarks();
  size_t size() const { return sessions_.size(); }

 private:
  void Open(const Services& services, const ContextPtr& context, WatchParameters parameters);
  void Remove(WatchSession* session);

  Loop& loop_;
  WatchEncoder encoder_;
  std::unordered_map<WatchSession*, std::shared_ptr<WatchSession>> sessions_;
  std::unordered_map<std::string, size_t> per_user_;
  Call bookmark_timer_;
};

}  // namespace fairway::gateway::api
