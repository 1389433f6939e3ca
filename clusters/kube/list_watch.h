// ListWatch: follows one resource of a server by list and watch (the reflector of client-go, as
// kube-apiserver's documentation "Efficient detection of changes" describes it).
//
// Lists are paged and consistent (no resourceVersion): bounded in memory however many objects there
// are, and never older than what was written before, so that "not in the list" means "not there".
// A watch resumes from the last version seen, also across connections; 410 lists anew.
//
// A watch can be mute: open, and nothing comes any more (a middlebox has forgotten the connection,
// a proxy hangs). What the client does itself must show in it, so Doubt() finds that out long
// before the server's bookmarks would be missed.
//
// Nothing is kept of the objects. The sink takes what it needs of each and forgets the rest; what
// it did not see again between OnListStart and OnListed is gone.
//
// Thread: the loop. Destroying it stops it; not inside a sink call.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "clusters/http/http_client.h"
#include "clusters/kube/backoff.h"
#include "clusters/kube/json.h"
#include "clusters/kube/watch_decoder.h"
#include "clusters/loop/loop.h"

namespace fairway::kube {

struct ListWatchConfig {
  std::string path;      // /apis/batch/v1/jobs
  std::string selector;  // labelSelector=..., fieldSelector=..., already encoded; may be empty
  std::vector<std::string> omit;  // what the sink does not read: "spec.template" (pruned_json.h)
  size_t page = 500;
  size_t page_bytes_max = 64u << 20;
  size_t line_bytes_max = 16u << 20;
  int64_t list_timeout_ms = 60'000;
  int64_t watch_idle_ms = 130'000;
  int64_t watch_late_ms = 5'000;  // for what is known to have been written; doubles while mute
  int64_t backoff_first_ms = 800;
  int64_t backoff_max_ms = 30'000;
  int64_t healthy_ms = 120'000;  // a watch that lived so long resets the backoff
  uint64_t seed = 0;
};

class ListWatchSink {
 public:
  virtual ~ListWatchSink() = default;
  virtual void OnListStart() = 0;  // also when a list is begun again before it was complete
  virtual void OnObject(const Object& object) = 0;
  virtual void OnDeleted(const Object& object) = 0;
  virtual void OnListed() = 0;
  // `synced`: a complete list was taken and the watch that follows it is not failing. `error` says
  // why not, with an empty reason when there was none yet.
  virtual void OnSyncChanged(bool synced, const Error& error) = 0;
};

class ListWatch {
 public:
  ListWatch(Loop& loop, clusters::HttpClient& http, ListWatchConfig config, ListWatchSink& sink);
  ListWatch(const ListWatch&) = delete;
  ListWatch& operator=(const ListWatch&) = delete;

  void Start();
  // The server is known to answer again: try now instead of at the end of a backoff.
  void Poke();
  // Lists anew, whatever is under way. Not inside a sink call.
  void Relist();
  // Something was written that the watch has not told of: unless it says anything within
  // watch_late_ms, it is ended and resumed on another connection.
  void Doubt();
  bool synced() const { return synced_; }

 private:
  void StartList();
  void FetchPage();
  void OnPage(Result<clusters::HttpResponse> answer);
  bool TakePage(const std::string& body, Error& error);
  void OnListError(Error error);
  void StartWatch();
  void OnWatchData(std::string_view piece);
  bool OnEvent(const WatchEvent& event);
  void OnWatchEnd(Status status);
  void AfterWatch(Status status, bool answered);
  void OnLate();
  void RetryLater(const Error& error, bool relist);
  void SetSynced(bool synced, const Error& error);
  clusters::HttpRequest Request(std::string query) const;

  Loop& loop_;
  clusters::HttpClient& http_;
  ListWatchConfig config_;
  ListWatchSink& sink_;
  Jitter jitter_;

  bool synced_ = false;
  bool listed_ = false;  // version_ may be watched from
  std::string version_;
  std::string continue_;
  size_t page_;  // as small as the server's objects demand
  int failures_ = 0;

  // Of the present watch.
  std::optional<WatchDecoder> decoder_;
  clusters::HttpResponse head_;
  std::string error_body_;
  Status watch_fault_;  // why we end the watch ourselves
  bool watch_event_seen_ = false;
  int64_t watch_started_ms_ = 0;

  int mute_ = 0;  // watches in a row that were ended for saying nothing
  Call late_;

  bool waiting_to_list_ = false;
  Call call_;
  Call retry_;
};

}  // namespace fairway::kube
