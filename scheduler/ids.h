// Identifiers. Each is its own type, so that a job is never mistaken for a cluster; all are
// ordered, so that iteration and tie-breaks are the same on every run.
#pragma once

#include <bit>
#include <compare>
#include <cstdint>

namespace fairway {

// A 64-bit identifier with a tag. Zero means "none".
template <typename Tag>
struct Id {
  uint64_t value = 0;

  constexpr auto operator<=>(const Id&) const = default;
  constexpr explicit operator bool() const { return value != 0; }
};

// A job. The lower bits are the revision that created its object. A part of a split job
// (scheduler/split/) has that of its whole, and its own number from 1 above them; it comes right
// after its whole in every order, so it is as old as that. Revisions leave the upper bits alone:
// after a restore they go on at 2^22 for each second since 1970 (store/restore.h), which needs 54
// bits in a hundred years.
inline constexpr int kShardBits = 7;
struct JobTag;
template <>
struct Id<JobTag> {
  uint64_t value = 0;

  constexpr bool operator==(const Id&) const = default;
  constexpr std::strong_ordering operator<=>(const Id& other) const {
    return std::rotl(value, kShardBits) <=> std::rotl(other.value, kShardBits);
  }
  constexpr explicit operator bool() const { return value != 0; }
};

// One global counter orders everything that is saved; it is Kubernetes' resourceVersion.
using Revision = Id<struct RevisionTag>;

// A Job or a Cluster is known to the core by the revision that created its object: unique for ever,
// also when a name is used again, and the same after a restart.
using JobId = Id<JobTag>;
using ClusterId = Id<struct ClusterTag>;

inline constexpr int kShardShift = 64 - kShardBits;
inline constexpr uint64_t kShardsMax = 64;  // of one job
constexpr uint64_t ShardNumber(JobId job) { return job.value >> kShardShift; }
constexpr bool IsShard(JobId job) { return ShardNumber(job) != 0; }
// The job itself when it is no part.
constexpr JobId WholeOf(JobId job) { return JobId{job.value & ((uint64_t{1} << kShardShift) - 1)}; }
constexpr JobId ShardOf(JobId whole, uint64_t number) {
  return JobId{whole.value | number << kShardShift};
}

// An interned JobSpec.
using SpecId = Id<struct SpecTag>;

// Counts a job's placements from 1. It rises on every move, so that the late report of a returning
// cluster is recognised.
using Epoch = Id<struct EpochTag>;

}  // namespace fairway
