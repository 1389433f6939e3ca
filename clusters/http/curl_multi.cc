#include "clusters/http/curl_multi.h"

#include <curl/curl.h>
#include <uv.h>

#include <utility>

#include "clusters/loop/uv_handle.h"
#include "scheduler/assert.h"

namespace fairway::clusters {

struct CurlSocketWatch {
  UvHandle<uv_poll_t> poll;
  CurlMulti* owner = nullptr;
  int fd = -1;
};

struct CurlTimer {
  UvHandle<uv_timer_t> handle;
};

// libcurl's and libuv's C callbacks.
struct CurlMultiCallbacks {
  static int OnSocket(CURL*, curl_socket_t fd, int what, void* user, void* socket_user) noexcept {
    static_cast<CurlMulti*>(user)->OnSocketChange(fd, what,
                                                  static_cast<CurlSocketWatch*>(socket_user));
    return 0;
  }
  static int OnTimerChange(CURLM*, long timeout_ms, void* user) noexcept {
    static_cast<CurlMulti*>(user)->SetTimer(timeout_ms);
    return 0;
  }
  static void OnTimer(uv_timer_t* handle) noexcept {
    if (handle->data != nullptr) static_cast<CurlMulti*>(handle->data)->Act(CURL_SOCKET_TIMEOUT, 0);
  }
  static void OnPoll(uv_poll_t* handle, int status, int events) noexcept {
    auto* watch = static_cast<CurlSocketWatch*>(handle->data);
    if (watch == nullptr) return;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    if ((events & UV_READABLE) != 0) flags |= CURL_CSELECT_IN;
    if ((events & UV_WRITABLE) != 0) flags |= CURL_CSELECT_OUT;
    watch->owner->Act(watch->fd, flags);
  }
};

std::shared_ptr<CurlMulti> CurlMulti::Create(Loop& loop, int connections_max, OnDone on_done) {
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  FAIRWAY_ASSERT(global == CURLE_OK);
  std::shared_ptr<CurlMulti> self(new CurlMulti(loop, std::move(on_done)));
  CURLM* multi = curl_multi_init();
  FAIRWAY_ASSERT(multi != nullptr);
  self->multi_ = multi;
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &CurlMultiCallbacks::OnSocket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, self.get());
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &CurlMultiCallbacks::OnTimerChange);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, self.get());
  curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
  curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(connections_max));
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(connections_max));
  return self;
}

CurlMulti::CurlMulti(Loop& loop, OnDone on_done)
    : loop_(loop), on_done_(std::move(on_done)), timer_(std::make_unique<CurlTimer>()) {
  timer_->handle = MakeUvHandle<uv_timer_t>();
  uv_timer_init(loop_.uv(), timer_->handle.get());
  timer_->handle->data = this;
}

CurlMulti::~CurlMulti() {
  FAIRWAY_ASSERT(depth_ == 0);
  curl_multi_cleanup(static_cast<CURLM*>(multi_));
}

void CurlMulti::Add(void* easy) {
  FAIRWAY_ASSERT(CanEnter());
  CURLMcode code = curl_multi_add_handle(static_cast<CURLM*>(multi_), static_cast<CURL*>(easy));
  FAIRWAY_ASSERT(code == CURLM_OK);
}

void CurlMulti::Remove(void* easy) {
  FAIRWAY_ASSERT(CanEnter());
  // Removing may close a connection, and libcurl then calls OnSocket; that never re-enters.
  curl_multi_remove_handle(static_cast<CURLM*>(multi_), static_cast<CURL*>(easy));
}

void CurlMulti::Outside(std::function<void()> fn) {
  if (CanEnter()) {
    fn();
  } else {
    outside_.push_back(std::move(fn));
  }
}

void CurlMulti::OnSocketChange(int fd, int what, CurlSocketWatch* watch) {
  if (what == CURL_POLL_REMOVE) {
    // The descriptor is closed right after this; closing the handle stops its polling now.
    watches_.erase(fd);
    return;
  }
  if (watch == nullptr) {
    auto fresh = std::make_unique<CurlSocketWatch>();
    fresh->owner = this;
    fresh->fd = fd;
    fresh->poll = MakeUvHandle<uv_poll_t>();
    FAIRWAY_ASSERT(uv_poll_init_socket(loop_.uv(), fresh->poll.get(), fd) == 0);
    fresh->poll->data = fresh.get();
    watch = fresh.get();
    watches_[fd] = std::move(fresh);
    curl_multi_assign(static_cast<CURLM*>(multi_), fd, watch);
  }
  int events = 0;
  if (what != CURL_POLL_OUT) events |= UV_READABLE;
  if (what != CURL_POLL_IN) events |= UV_WRITABLE;
  uv_poll_start(watch->poll.get(), events, &CurlMultiCallbacks::OnPoll);
}

void CurlMulti::SetTimer(long timeout_ms) {
  if (timeout_ms < 0) {
    uv_timer_stop(timer_->handle.get());
    return;
  }
  // 0 means the next loop turn. Rounding it up to 1 ms would cost a lonely request a millisecond.
  uv_timer_start(timer_->handle.get(), &CurlMultiCallbacks::OnTimer,
                 static_cast<uint64_t>(timeout_ms), 0);
}

void CurlMulti::Act(int fd, int events) {
  auto self = shared_from_this();  // a completion may drop the last other reference
  int running = 0;
  ++depth_;
  curl_multi_socket_action(static_cast<CURLM*>(multi_), fd, events, &running);
  --depth_;
  while (!outside_.empty()) {
    std::vector<std::function<void()>> batch;
    batch.swap(outside_);
    for (auto& fn : batch) fn();
  }
  TakeResults();
}

void CurlMulti::TakeResults() {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(static_cast<CURLM*>(multi_), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;
    CURLcode code = message->data.result;  // `message` dies with the removal
    curl_multi_remove_handle(static_cast<CURLM*>(multi_), easy);
    on_done_(easy, code);
  }
}

}  // namespace fairway::clusters
