#include "gateway/api/watch_session.h"

#include "gateway/api/reply.h"

namespace fairway::gateway::api {

namespace {

constexpr int kInitialSlice = 256;  // objects sent in one loop turn

}  // namespace

WatchSession::WatchSession(const Services& services, WatchEncoder& encoder, ContextPtr context,
                           WatchParameters parameters, std::function<void()> ended)
    : services_(services),
      encoder_(encoder),
      context_(std::move(context)),
      parameters_(std::move(parameters)),
      ended_(std::move(ended)) {}

void WatchSession::Start() {
  std::weak_ptr<WatchSession> weak = weak_from_this();
  auto& exchange = *context_->exchange;
  exchange.OnClose([weak] {
    if (auto self = weak.lock()) self->Finish();
  });
  exchange.OnDrain([weak] {
    if (auto self = weak.lock()) self->Finish();
  });
  exchange.OnWritable([weak] {
    if (auto self = weak.lock()) self->OnWritable();
  });
  timeout_ = services_.loop.StartTimer(parameters_.timeout_seconds * 1000, [weak] {
    auto self = weak.lock();
    if (!self) return;
    self->SendBookmark();
    self->Finish();
  });
  exchange.Start(200, StreamHeaders(*context_, "application/json"));
  if (!parameters_.initial_events) return Subscribe(parameters_.after);
  snapshot_ = services_.store.SnapshotNow(false);
  SendInitial();
}

bool WatchSession::Write(const EventBytes& bytes) { return context_->exchange->Write(bytes); }

bool WatchSession::TakesColumns() {
  if (parameters_.form.view != View::kTable || columns_sent_) return false;
  columns_sent_ = true;
  return true;
}

void WatchSession::SendInitial() {
  store::Journal::Range range{parameters_.scope.resource, parameters_.scope.ns, cursor_};
  const ServedKind& kind = *parameters_.form.kind;
  int left = kInitialSlice;
  bool writable = true;
  bool more = false;
  auto visit = [&](const store::Object& object) {
    if (left-- == 0 || !writable) {
      more = true;
      return false;
    }
    cursor_ = {object.key.ns, object.key.name};
    if (!parameters_.selection.empty()) {
      kube::MonotonicResource arena;
      auto doc = ParseServed(kind, *object.body, &arena);
      if (!doc || !parameters_.selection.Matches(doc->get_object())) return true;
    }
    writable = Write(encoder_.Added(object.body, parameters_.form, TakesColumns()));
    return true;
  };
  Status status = services_.store.journal().Scan(range, snapshot_.get(), visit);
  if (!status) return Abort(status.error());
  if (done_) return;
  if (!more) return EndInitial(snapshot_->revision());
  // A paused client goes on in OnWritable.
  if (writable) next_slice_ = services_.loop.StartTimer(0, [this] { SendInitial(); });
}

void WatchSession::EndInitial(Revision through) {
  snapshot_.reset();
  if (parameters_.bookmarks) Write(encoder_.Bookmark(parameters_.form, through, true));
  Subscribe(through);
}

void WatchSession::Subscribe(Revision after) {
  std::weak_ptr<WatchSession> weak = weak_from_this();
  auto deliver = [weak](const std::vector<store::ChangePtr>& changes, Revision) {
    auto self = weak.lock();
    if (!self || self->done_) return true;
    bool writable = true;
    for (const store::ChangePtr& change : changes) {
      EventBytes bytes =
          self->encoder_.Event(change, self->parameters_.form, self->parameters_.selection);
      if (bytes != nullptr) writable = self->Write(bytes);
      if (self->done_) return true;
    }
    return writable;
  };
  auto ended = [weak](const Error& why) {
    if (auto self = weak.lock()) self->Abort(why);
  };
  auto subscription = services_.store.Watch(parameters_.scope, after, deliver, ended);
  if (!subscription) return Abort(subscription.error());
  subscription_ = std::move(*subscription);
}

void WatchSession::OnWritable() {
  if (done_) return;
  if (subscription_) return subscription_->Resume();
  if (snapshot_) next_slice_ = services_.loop.StartTimer(0, [this] { SendInitial(); });
}

void WatchSession::SendBookmark() {
  if (done_ || !parameters_.bookmarks || !subscription_) return;
  Write(encoder_.Bookmark(parameters_.form, subscription_->Through(), false));
}

void WatchSession::Abort(const Error& error) {
  if (done_) return;
  Write(WatchEncoder::ErrorEvent(error));
  Finish();
}

void WatchSession::Finish() {
  if (done_) return;
  done_ = true;
  subscription_.reset();
  snapshot_.reset();
  timeout_.Cancel();
  next_slice_.Cancel();
  if (!context_->exchange->closed()) context_->exchange->End();
  ended_();
}

}  // namespace fairway::gateway::api
