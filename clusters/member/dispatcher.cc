#include "clusters/member/dispatcher.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "clusters/http/http_client.h"

namespace fairway::clusters {

Dispatcher::Dispatcher(Loop& loop, DispatcherLimits limits, std::function<void()> on_room)
    : loop_(loop),
      limits_(limits),
      limit_(limits.in_flight_min, limits.in_flight_max),
      on_room_(std::move(on_room)),
      jitter_(limits.seed) {}

Dispatcher::~Dispatcher() = default;

size_t Dispatcher::room() const {
  return waiting_ >= limits_.queue_max ? 0 : limits_.queue_max - waiting_;
}

bool Dispatcher::Add(std::unique_ptr<Task> task) {
  if (room() == 0) {
    refused_ = true;
    return false;
  }
  auto entry = std::make_shared<Entry>();
  entry->task = std::move(task);
  entry->id = next_id_++;
  CountWaiting(entry->task->key(), 1);
  queue_.push_back(std::move(entry));
  Pump();
  return true;
}

void Dispatcher::Drop(uint64_t key, const std::function<bool(const Task&)>& matches) {
  auto drop = [&](const EntryPtr& entry) {
    if (entry->dropped || entry->task->key() != key || !matches(*entry->task)) return;
    entry->dropped = true;
    entry->timer.Cancel();
    CountWaiting(key, -1);
  };
  // What runs is not cut off: whether the member has done it is known only by its answer. But it
  // neither runs again nor is answered.
  if (auto found = running_.find(key); found != running_.end() && matches(*found->second->task)) {
    found->second->dropped = true;
  }
  // Looking through a long queue for what is not there would make mass withdrawal quadratic.
  if (!waiting_by_key_.contains(key)) return;
  for (auto& entry : queue_) drop(entry);
  for (auto it = delayed_.begin(); it != delayed_.end();) {
    drop(it->second);
    it = it->second->dropped ? delayed_.erase(it) : std::next(it);
  }
  if (auto found = following_.find(key); found != following_.end()) {
    for (auto& entry : found->second) drop(entry);
  }
}

bool Dispatcher::Replace(std::unique_ptr<Task>& task,
                         const std::function<bool(const Task&)>& matches) {
  const uint64_t key = task->key();
  if (!waiting_by_key_.contains(key)) return false;
  const auto replace = [&](std::deque<EntryPtr>& entries) {
    for (EntryPtr& entry : entries) {
      if (entry->dropped || entry->task->key() != key || !matches(*entry->task)) continue;
      entry->task = std::move(task);
      entry->attempts = entry->polls = 0;
      return true;
    }
    return false;
  };
  if (replace(queue_)) return true;
  const auto found = following_.find(key);
  return found != following_.end() && replace(found->second);
}

void Dispatcher::DropAll() {
  for (auto& [key, entry] : running_) entry->dropped = true;
  for (auto& [id, entry] : delayed_) entry->timer.Cancel();
  queue_.clear();
  following_.clear();
  delayed_.clear();
  waiting_by_key_.clear();
  waiting_ = 0;
  if (!refused_) return;
  refused_ = false;
  loop_.Defer([this, alive = std::weak_ptr<bool>(alive_)] {
    if (!alive.expired()) on_room_();
  });
}

// What fails before the member has seen it (no connection) tells nothing about its load.
void Dispatcher::OnAnswer(int64_t rtt_us, const Error* error) {
  bool overload = error != nullptr && error->reason != kHttpUnreachable &&
                  (error->code == 429 || error->code == 503 || error->code == 504);
  if (overload) {
    limit_.OnOverload();
  } else if (error == nullptr || error->code < 500) {
    limit_.OnAnswer(rtt_us, static_cast<int>(running_.size()));
  }
}

void Dispatcher::Poke() {
  if (hold_) return;
  auto delayed = std::move(delayed_);
  delayed_.clear();
  for (auto& [id, entry] : delayed) {
    entry->timer.Cancel();
    queue_.push_back(entry);
  }
  Pump();
}

void Dispatcher::Pump() {
  while (!hold_ && !queue_.empty() && running_.size() < static_cast<size_t>(limit_.limit())) {
    EntryPtr entry = std::move(queue_.front());
    queue_.pop_front();
    if (entry->dropped) continue;
    uint64_t key = entry->task->key();
    if (running_.contains(key)) {
      following_[key].push_back(std::move(entry));
      continue;
    }
    CountWaiting(key, -1);
    Start(std::move(entry));
  }
  if (refused_ && waiting_ <= limits_.queue_max / 2) {
    refused_ = false;
    loop_.Defer([this, alive = std::weak_ptr<bool>(alive_)] {
      if (!alive.expired()) on_room_();
    });
  }
}

void Dispatcher::Start(EntryPtr entry) {
  uint64_t key = entry->task->key();
  Task& task = *entry->task;
  running_.emplace(key, std::move(entry));
  task.Run([this, key](Outcome outcome) { OnFinished(key, std::move(outcome)); });
}

void Dispatcher::OnFinished(uint64_t key, Outcome outcome) {
  auto found = running_.find(key);
  EntryPtr entry = std::move(found->second);
  running_.erase(found);
  bool again = !entry->dropped && RunsAgain(entry, outcome);
  ReleaseKey(key);
  if (!again) {
    // The task is inside its own callback: it goes when that has returned.
    loop_.Defer([entry] {});
    if (!entry->dropped) entry->task->Report(outcome);
  }
  Pump();
}

bool Dispatcher::RunsAgain(const EntryPtr& entry, const Outcome& outcome) {
  if (outcome.status && outcome.poll_ms == 0) return false;
  if (outcome.poll_ms > 0) {
    if (++entry->polls > limits_.polls_max) return false;
    WaitFor(entry, outcome.poll_ms);
    return true;
  }
  const Error& error = outcome.status.error();
  if (!outcome.retryable) return false;
  int64_t asked_ms = int64_t{1000} * error.retry_after_seconds;
  if (error.code == 429 && asked_ms > 0) Hold(std::min(asked_ms, limits_.backoff_max_ms));
  if (++entry->attempts >= limits_.attempts_max) return false;
  int64_t wait_ms =
      kube::BackoffMs(entry->attempts, limits_.backoff_first_ms, limits_.backoff_max_ms, jitter_);
  WaitFor(entry, std::max(wait_ms, std::min(asked_ms, limits_.backoff_max_ms)));
  return true;
}

void Dispatcher::WaitFor(const EntryPtr& entry, int64_t ms) {
  CountWaiting(entry->task->key(), 1);
  delayed_.emplace(entry->id, entry);
  entry->timer = loop_.StartTimer(ms, [this, id = entry->id] {
    auto found = delayed_.find(id);
    if (found == delayed_.end()) return;
    EntryPtr due = std::move(found->second);
    delayed_.erase(found);
    due->timer.Cancel();
    queue_.push_back(std::move(due));
    Pump();
  });
}

// What waited for the key goes to the front, in its order.
void Dispatcher::ReleaseKey(uint64_t key) {
  auto found = following_.find(key);
  if (found == following_.end()) return;
  auto entries = std::move(found->second);
  following_.erase(found);
  for (auto it = entries.rbegin(); it != entries.rend(); ++it) queue_.push_front(std::move(*it));
}

void Dispatcher::CountWaiting(uint64_t key, int change) {
  waiting_ += static_cast<size_t>(change);
  auto found = waiting_by_key_.try_emplace(key, 0).first;
  found->second += change;
  if (found->second == 0) waiting_by_key_.erase(found);
}

void Dispatcher::Hold(int64_t ms) {
  hold_ = loop_.StartTimer(ms, [this] {
    hold_.Cancel();
    Pump();
  });
}

}  // namespace fairway::clusters
