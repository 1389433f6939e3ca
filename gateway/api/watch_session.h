// WatchSession: one watch stream. First, where asked for, the objects of a snapshot as ADDED
// events, then every change in order, bookmarks between, until the client, the time limit or a
// drain ends it. A slow reader pauses its own delivery and holds nothing but its place in the log.
//
// Thread: the loop. Lifetime: owned by the WatchHub; the callbacks it leaves behind hold it weakly.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "clusters/loop/call.h"
#include "gateway/api/context.h"
#include "gateway/api/selection.h"
#include "gateway/api/watch_encoder.h"
#include "store/object_store.h"

namespace fairway::gateway::api {

struct WatchParameters {
  EventForm form;
  Selection selection;
  store::ObjectStore::WatchScope scope;
  bool initial_events = false;
  Revision after;          // where to go on when there are no initial events
  bool bookmarks = false;  // also: the marker that ends the initial events
  int64_t timeout_seconds = 0;
};

class WatchSession : public std::enable_shared_from_this<WatchSession> {
 public:
  WatchSession(const Services& services, WatchEncoder& encoder, ContextPtr context,
               WatchParameters parameters, std::function<void()> ended);

  // Sends the headers; everything else follows in later turns.
  void Start();
  // A bookmark of what was delivered so far, if the client takes bookmarks and all is live.
  void SendBookmark();
  // Ends the stream cleanly.
  void Finish();

  const std::string& user() const { return context_->user.name; }

 private:
  void SendInitial();
  void EndInitial(Revision through);
  void Subscribe(Revision after);
  void OnWritable();
  void Abort(const Error& error);
  bool Write(const EventBytes& bytes);
  bool TakesColumns();

  const Services& services_;
  WatchEncoder& encoder_;
  ContextPtr context_;
  WatchParameters parameters_;
  std::function<void()> ended_;
  std::shared_ptr<const store::Snapshot> snapshot_;  // while the initial events go out
  std::optional<std::pair<std::string, std::string>> cursor_;
  std::unique_ptr<store::ObjectStore::Subscription> subscription_;
  Call timeout_;
  Call next_slice_;
  bool columns_sent_ = false;
  bool done_ = false;
};

}  // namespace fairway::gateway::api
