// PendingQueue: the jobs that wait for a cluster, highest priority first, then oldest first (JobIds
// rise with submission). Jobs of one spec form a group, because they fit or wait alike: when the
// head of a group finds no room, the rest of it need not be asked. A job that a cluster has refused
// has a group of its own, as it may go to fewer clusters than its likes.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>

#include <compare>
#include <cstdint>
#include <utility>
#include <vector>

#include "scheduler/ids.h"

namespace fairway::scheduler {

struct GroupId {
  SpecId spec;
  JobId own;  // 0 for the shared group
  auto operator<=>(const GroupId&) const = default;
};

// The head of one group; heads are tried in this order.
struct QueueHead {
  int64_t minus_priority = 0;
  JobId job;
  GroupId group;
  auto operator<=>(const QueueHead&) const = default;
};

// So much of one slot of the quota tree (quota/quota_tree.h) has to be free before a group can find
// quota; see quota/hope.h.
struct Lack {
  int32_t slot = 0;
  int64_t amount = 0;
};

class PendingQueue {
 public:
  void Add(GroupId group, int32_t priority, JobId job);
  void Remove(GroupId group, JobId job);

  // The first head after `after` in order; nullptr at the end. A default QueueHead with the
  // smallest priority key comes before all (kBeforeAll).
  const QueueHead* Next(const QueueHead& after) const;
  static constexpr QueueHead kBeforeAll = {INT64_MIN, {}, {}};

  // A group found no room in the given generation of the world: until room is gained, skip it.
  void MarkBlocked(GroupId group, uint64_t generation);
  bool IsBlocked(GroupId group, uint64_t generation) const;
  // What the group lacked when it was last looked at; holds while the quota book is the same
  // (`era`).
  void RememberLacks(GroupId group, std::vector<Lack> lacks, uint64_t era);
  // Null: not known.
  const std::vector<Lack>* LacksOf(GroupId group, uint64_t era) const;

  bool Contains(GroupId group, JobId job) const;
  // All jobs of a group go over to another queue.
  void MoveGroup(GroupId group, PendingQueue& to);
  // How many jobs come before this one, counted up to `most`.
  size_t Position(GroupId group, JobId job, size_t most) const;
  bool HasGroup(GroupId group) const { return groups_.contains(group); }
  size_t jobs() const { return jobs_; }
  size_t groups() const { return groups_.size(); }

 private:
  struct Group {
    int32_t priority = 0;
    uint64_t blocked = 0;
    uint64_t era = 0;  // of `lacks`; 0 = not known
    std::vector<Lack> lacks;
    absl::btree_set<JobId> jobs;
  };
  static QueueHead HeadOf(GroupId id, const Group& group);

  absl::btree_map<GroupId, Group> groups_;
  absl::btree_set<QueueHead> heads_;
  size_t jobs_ = 0;
};

}  // namespace fairway::scheduler
