#include "scheduler/core_state.h"

namespace fairway::scheduler {

void RetryTable::Add(JobId job, Instant due) {
  Entry& entry = entries_[job];
  due_.erase({entry.due, job});
  ++entry.attempts;
  entry.due = due;
  due_.emplace(due, job);
}

void RetryTable::Erase(JobId job) {
  const auto at = entries_.find(job);
  if (at == entries_.end()) return;
  due_.erase({at->second.due, job});
  entries_.erase(at);
}

bool RetryTable::Hurry(JobId job, Instant now) {
  const auto at = entries_.find(job);
  if (at == entries_.end() || due_.erase({at->second.due, job}) == 0) return false;
  at->second.due = now;
  due_.emplace(now, job);
  return true;
}

int32_t RetryTable::Attempts(JobId job) const {
  const auto at = entries_.find(job);
  return at == entries_.end() ? 0 : at->second.attempts;
}

JobId RetryTable::TakeDue(Instant now) {
  if (due_.empty() || now < due_.begin()->first) return {};
  const JobId job = due_.begin()->second;
  due_.erase(due_.begin());
  return job;
}

}  // namespace fairway::scheduler
