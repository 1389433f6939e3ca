#include "scheduler/pending_queue.h"

#include "scheduler/assert.h"

namespace fairway::scheduler {

QueueHead PendingQueue::HeadOf(GroupId id, const Group& group) {
  return {-static_cast<int64_t>(group.priority), *group.jobs.begin(), id};
}

void PendingQueue::Add(GroupId id, int32_t priority, JobId job) {
  const auto [at, is_new] = groups_.try_emplace(id);
  Group& group = at->second;
  if (is_new) {
    group.priority = priority;
  } else if (*group.jobs.begin() < job) {
    FAIRWAY_ASSERT(group.priority == priority);
    const bool added = group.jobs.insert(job).second;
    FAIRWAY_ASSERT(added);
    ++jobs_;
    return;  // the head is the same
  } else {
    heads_.erase(HeadOf(id, group));
  }
  group.jobs.insert(job);
  heads_.insert(HeadOf(id, group));
  ++jobs_;
}

void PendingQueue::Remove(GroupId id, JobId job) {
  const auto at = groups_.find(id);
  FAIRWAY_ASSERT(at != groups_.end());
  Group& group = at->second;
  const auto member = group.jobs.find(job);
  FAIRWAY_ASSERT(member != group.jobs.end());
  --jobs_;
  if (member != group.jobs.begin()) {
    group.jobs.erase(member);
    return;
  }
  heads_.erase(HeadOf(id, group));
  group.jobs.erase(member);
  if (group.jobs.empty()) {
    groups_.erase(at);
  } else {
    heads_.insert(HeadOf(id, group));
  }
}

const QueueHead* PendingQueue::Next(const QueueHead& after) const {
  const auto at = heads_.upper_bound(after);
  return at == heads_.end() ? nullptr : &*at;
}

void PendingQueue::MarkBlocked(GroupId id, uint64_t generation) {
  const auto at = groups_.find(id);
  FAIRWAY_ASSERT(at != groups_.end());
  at->second.blocked = generation;
}

bool PendingQueue::IsBlocked(GroupId id, uint64_t generation) const {
  const auto at = groups_.find(id);
  return at != groups_.end() && at->second.blocked == generation;
}

void PendingQueue::RememberLacks(GroupId id, std::vector<Lack> lacks, uint64_t era) {
  const auto at = groups_.find(id);
  FAIRWAY_ASSERT(at != groups_.end());
  at->second.lacks = std::move(lacks);
  at->second.era = era;
}

const std::vector<Lack>* PendingQueue::LacksOf(GroupId id, uint64_t era) const {
  const auto at = groups_.find(id);
  return at == groups_.end() || at->second.era != era ? nullptr : &at->second.lacks;
}

bool PendingQueue::Contains(GroupId id, JobId job) const {
  const auto at = groups_.find(id);
  return at != groups_.end() && at->second.jobs.contains(job);
}

void PendingQueue::MoveGroup(GroupId id, PendingQueue& to) {
  const auto at = groups_.find(id);
  if (at == groups_.end()) return;
  heads_.erase(HeadOf(id, at->second));
  jobs_ -= at->second.jobs.size();
  to.jobs_ += at->second.jobs.size();
  at->second.blocked = 0;
  at->second.era = 0;
  to.heads_.insert(HeadOf(id, at->second));
  const bool added = to.groups_.emplace(id, std::move(at->second)).second;
  FAIRWAY_ASSERT(added);
  groups_.erase(id);
}

size_t PendingQueue::Position(GroupId id, JobId job, size_t most) const {
  const auto mine = groups_.find(id);
  if (mine == groups_.end()) return 0;
  size_t before = 0;
  for (const auto& [other, group] : groups_) {
    if (group.priority < mine->second.priority) continue;
    if (group.priority > mine->second.priority) {
      before += group.jobs.size();
    } else {
      for (auto at = group.jobs.begin(); at != group.jobs.end() && *at < job && before < most;
           ++at) {
        ++before;
      }
    }
    if (before >= most) return most;
  }
  return before;
}

}  // namespace fairway::scheduler
