#include "clusters/loop/loop.h"

#include <uv.h>

#include <chrono>
#include <csignal>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "clusters/loop/uv_handle.h"
#include "scheduler/assert.h"

namespace fairway {

namespace {

struct TimerState;
// Timers under way. They own themselves here, so that a Call may be released without its timer
// ending, and the loop can close what is left.
using Timers = std::unordered_map<TimerState*, std::shared_ptr<TimerState>>;

struct TimerState {
  UvHandle<uv_timer_t> handle;
  std::function<void()> fn;
  bool repeating = false;
  Timers* timers = nullptr;

  void End() {
    fn = nullptr;
    handle.reset();
    timers->erase(this);
  }
};

}  // namespace

struct Loop::Impl {
  uv_loop_t loop;
  UvHandle<uv_async_t> wake;
  UvHandle<uv_prepare_t> prepare;  // deferred work, before the loop waits
  UvHandle<uv_check_t> check;      // deferred work, after I/O
  UvHandle<uv_idle_t> idle;        // active while work is deferred, so that the loop does not wait
  std::thread::id thread = std::this_thread::get_id();
  std::mutex mutex;
  std::vector<std::function<void()>> posted;  // guarded by mutex
  std::deque<std::function<void()>> deferred;
  std::vector<std::function<void()>> turn_end;
  Timers timers;
  bool stop = false;
  const std::function<bool()>* until = nullptr;  // of RunUntil
  int64_t now_ms = 0;
  uint64_t now_turn = 0;  // uv_now() at which now_ms was read

  void Wake() {
    if (!uv_is_active(reinterpret_cast<uv_handle_t*>(idle.get()))) {
      uv_idle_start(idle.get(), [](uv_idle_t*) {});
    }
  }

  bool HasWork() {
    std::lock_guard lock(mutex);
    return !posted.empty() || !deferred.empty() || !turn_end.empty();
  }

  void RunPosted() {
    std::vector<std::function<void()>> batch;
    {
      std::lock_guard lock(mutex);
      batch.swap(posted);
    }
    for (auto& fn : batch) fn();
  }

  // Deferred functions may defer more; those run in the same pass. Turn-end functions run when
  // nothing is deferred any more.
  void Settle() {
    while (!deferred.empty() || !turn_end.empty()) {
      while (!deferred.empty()) {
        auto fn = std::move(deferred.front());
        deferred.pop_front();
        fn();
      }
      std::vector<std::function<void()>> ends;
      ends.swap(turn_end);
      for (auto& fn : ends) fn();
    }
    uv_idle_stop(idle.get());
  }

  // A timer of this turn may have brought what RunUntil waits for: then there is nothing to wait
  // for in this turn's poll, which might have no end.
  void Prepare() {
    Settle();
    if (until != nullptr && (*until)()) uv_stop(&loop);
  }
};

Loop::Loop() : impl_(std::make_unique<Impl>()) {
  // A peer that has gone is an error of the write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  FAIRWAY_ASSERT(uv_loop_init(&impl_->loop) == 0);
  // For who gives way to others while there is much to do (uv_metrics_idle_time).
  FAIRWAY_ASSERT(uv_loop_configure(&impl_->loop, UV_METRICS_IDLE_TIME) == 0);
  impl_->loop.data = impl_.get();
  impl_->wake = MakeUvHandle<uv_async_t>();
  uv_async_init(&impl_->loop, impl_->wake.get(),
                [](uv_async_t* h) { static_cast<Impl*>(h->loop->data)->RunPosted(); });
  impl_->prepare = MakeUvHandle<uv_prepare_t>();
  uv_prepare_init(&impl_->loop, impl_->prepare.get());
  uv_prepare_start(impl_->prepare.get(),
                   [](uv_prepare_t* h) { static_cast<Impl*>(h->loop->data)->Prepare(); });
  impl_->check = MakeUvHandle<uv_check_t>();
  uv_check_init(&impl_->loop, impl_->check.get());
  uv_check_start(impl_->check.get(),
                 [](uv_check_t* h) { static_cast<Impl*>(h->loop->data)->Settle(); });
  impl_->idle = MakeUvHandle<uv_idle_t>();
  uv_idle_init(&impl_->loop, impl_->idle.get());
}

Loop::~Loop() {
  // What was posted or deferred may own handles, and their closing may defer more: let it all run
  // while the loop's own handles still stand.
  do {
    impl_->RunPosted();
    impl_->Settle();
    uv_run(&impl_->loop, UV_RUN_NOWAIT);
  } while (impl_->HasWork());
  while (!impl_->timers.empty()) {
    auto last = impl_->timers.begin()->second;
    last->End();
  }
  impl_->wake.reset();
  impl_->prepare.reset();
  impl_->check.reset();
  impl_->idle.reset();
  while (uv_run(&impl_->loop, UV_RUN_NOWAIT) != 0) {
  }
  FAIRWAY_ASSERT(uv_loop_close(&impl_->loop) == 0);
}

uv_loop_s* Loop::uv() { return &impl_->loop; }

Instant Loop::Now() {
  uint64_t turn = uv_now(&impl_->loop);
  if (impl_->now_ms == 0 || turn != impl_->now_turn) {
    impl_->now_turn = turn;
    impl_->now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                        std::chrono::system_clock::now().time_since_epoch())
                        .count();
  }
  return Instant{impl_->now_ms};
}

int64_t Loop::MonotonicMs() { return static_cast<int64_t>(uv_now(&impl_->loop)); }

void Loop::Post(std::function<void()> fn) {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->posted.push_back(std::move(fn));
  }
  uv_async_send(impl_->wake.get());
}

void Loop::Defer(std::function<void()> fn) {
  impl_->deferred.push_back(std::move(fn));
  impl_->Wake();
}

void Loop::AtTurnEnd(std::function<void()> fn) {
  impl_->turn_end.push_back(std::move(fn));
  impl_->Wake();
}

namespace {

void Fire(uv_timer_t* handle) {
  auto* timer = static_cast<TimerState*>(handle->data);
  if (timer == nullptr) return;
  // The callback may drop its own Call: what is running stays alive.
  if (timer->repeating) {
    auto run = timer->fn;
    run();
  } else {
    auto run = std::move(timer->fn);
    timer->End();
    run();
  }
}

Call Start(uv_loop_t* loop, Timers& timers, int64_t ms, std::function<void()> fn, bool repeating) {
  auto state = std::make_shared<TimerState>();
  state->handle = MakeUvHandle<uv_timer_t>();
  state->fn = std::move(fn);
  state->repeating = repeating;
  state->timers = &timers;
  timers[state.get()] = state;
  uv_timer_init(loop, state->handle.get());
  state->handle->data = state.get();
  auto delay = static_cast<uint64_t>(ms < 0 ? 0 : ms);
  uv_timer_start(state->handle.get(), Fire, delay, repeating ? (delay == 0 ? 1 : delay) : 0);
  return Call([weak = std::weak_ptr<TimerState>(state)] {
    if (auto timer = weak.lock()) timer->End();
  });
}

}  // namespace

Call Loop::StartTimer(int64_t ms, std::function<void()> fn) {
  return Start(&impl_->loop, impl_->timers, ms, std::move(fn), false);
}

Call Loop::StartRepeating(int64_t ms, std::function<void()> fn) {
  return Start(&impl_->loop, impl_->timers, ms, std::move(fn), true);
}

void Loop::Run() {
  impl_->thread = std::this_thread::get_id();
  impl_->stop = false;
  while (!impl_->stop) uv_run(&impl_->loop, UV_RUN_ONCE);
}

void Loop::RunUntil(const std::function<bool()>& done) {
  impl_->thread = std::this_thread::get_id();
  const auto* outer = std::exchange(impl_->until, &done);
  while (!done()) uv_run(&impl_->loop, UV_RUN_ONCE);
  impl_->until = outer;
}

void Loop::Stop() {
  impl_->stop = true;
  uv_async_send(impl_->wake.get());
}

bool Loop::InLoop() const { return std::this_thread::get_id() == impl_->thread; }

}  // namespace fairway
