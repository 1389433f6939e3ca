// Loop: one libuv event loop. Gateway, members and core share one; the store has its writer thread.
//
// Thread: everything but Post() belongs to the thread that calls Run(). Callbacks never run inside
// the call that starts them. Destroy every handle and Call before the Loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "clusters/loop/call.h"
#include "scheduler/instant.h"

struct uv_loop_s;

namespace fairway {

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  uv_loop_s* uv();

  // Wall-clock time, constant within a loop turn.
  Instant Now();
  // Milliseconds on a clock that never steps, constant within a turn.
  int64_t MonotonicMs();

  // Runs `fn` on the loop in a later turn. From any thread. Functions of one thread keep their
  // order.
  void Post(std::function<void()> fn);
  // Runs `fn` on the loop before it next waits for I/O, after the current callback. Loop thread
  // only.
  void Defer(std::function<void()> fn);
  // Runs `fn` once at the end of the current turn, after all I/O callbacks of the turn: the place
  // where the turn's batch is flushed. Loop thread only.
  void AtTurnEnd(std::function<void()> fn);
  // Runs `fn` after `ms`; a Call that is dropped cancels. 0 = next turn.
  Call StartTimer(int64_t ms, std::function<void()> fn);
  Call StartRepeating(int64_t ms, std::function<void()> fn);

  // Deletes `object` after the current callback has returned: for objects that end inside their
  // own.
  template <typename T>
  void DeferDelete(std::unique_ptr<T> object) {
    std::shared_ptr<T> holder(std::move(object));
    Defer([holder] {});
  }

  // Runs until Stop() and until no handle keeps it alive.
  void Run();
  // Runs turns until `done` returns true (tests, start-up).
  void RunUntil(const std::function<bool()>& done);
  void Stop();

  bool InLoop() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fairway
