// Dispatcher: runs a member's tasks, so many at once, the others in a bounded queue; runs again
// what failed for a passing reason, after a growing, jittered wait. How many at once is learnt from
// the member's answers, up to a maximum (ConcurrencyLimit).
//
// Thread: the loop. Tasks of one key (one job) never overlap: a copy that is being made is not
// withdrawn before the answer is there. A 429 with Retry-After holds all new work of this member
// back for that long.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>

#include "clusters/kube/backoff.h"
#include "clusters/loop/loop.h"
#include "clusters/member/concurrency_limit.h"
#include "clusters/member/task.h"

namespace fairway::clusters {

struct DispatcherLimits {
  int in_flight_min = 4;
  int in_flight_max = 64;
  size_t queue_max = 16'384;
  int attempts_max = 5;
  int polls_max = 240;
  int64_t backoff_first_ms = 500;
  int64_t backoff_max_ms = 30'000;
  uint64_t seed = 0;
};

class Dispatcher {
 public:
  // `on_room` runs when there is room again after Add() had refused.
  Dispatcher(Loop& loop, DispatcherLimits limits, std::function<void()> on_room);
  ~Dispatcher();

  // False, and `task` is dropped, when the queue is full.
  bool Add(std::unique_ptr<Task> task);
  // Gives up the tasks of this key for which `matches` is true. One that runs now ends first, but
  // is neither run again nor reported.
  void Drop(uint64_t key, const std::function<bool(const Task&)>& matches);
  // `task` takes the place in the queue of one of its key that waits there and `matches`: what is
  // asked for again and again, faster than it can be done, still gets its turn. False, and `task`
  // is left alone, when none waits.
  bool Replace(std::unique_ptr<Task>& task, const std::function<bool(const Task&)>& matches);
  // Gives up all tasks, as Drop() does.
  void DropAll();
  // One request of a task was answered; `error` is null when it was what was asked for.
  void OnAnswer(int64_t rtt_us, const Error* error);
  const ConcurrencyLimit& limit() const { return limit_; }
  // The member is back: what waits out a backoff runs now.
  void Poke();

  size_t room() const;
  size_t running() const { return running_.size(); }
  size_t waiting() const { return waiting_; }

 private:
  struct Entry {
    std::unique_ptr<Task> task;
    int attempts = 0;
    int polls = 0;
    uint64_t id = 0;
    Call timer;  // while it waits out a backoff
    bool dropped = false;
  };
  using EntryPtr = std::shared_ptr<Entry>;

  void Pump();
  void Start(EntryPtr entry);
  void OnFinished(uint64_t key, Outcome outcome);
  bool RunsAgain(const EntryPtr& entry, const Outcome& outcome);
  void WaitFor(const EntryPtr& entry, int64_t ms);
  void ReleaseKey(uint64_t key);
  void Hold(int64_t ms);
  void CountWaiting(uint64_t key, int change);

  Loop& loop_;
  DispatcherLimits limits_;
  ConcurrencyLimit limit_;
  std::function<void()> on_room_;
  kube::Jitter jitter_;
  std::deque<EntryPtr> queue_;
  std::unordered_map<uint64_t, EntryPtr> running_;                // by key
  std::unordered_map<uint64_t, std::deque<EntryPtr>> following_;  // behind a running one
  std::unordered_map<uint64_t, EntryPtr> delayed_;                // by id
  std::unordered_map<uint64_t, int> waiting_by_key_;
  size_t waiting_ = 0;  // in queue_, following_ and delayed_, dropped ones aside
  uint64_t next_id_ = 1;
  bool refused_ = false;
  Call hold_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace fairway::clusters
