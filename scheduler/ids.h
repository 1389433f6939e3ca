// Identifiers. Each is its own type, so that a job is never mistaken for a cluster; all are
// ordered, so that iteration and tie-breaks are the same on every run.
#pragma once

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

// One global counter orders everything that is saved; it is Kubernetes' resourceVersion.
using Revision = Id<struct RevisionTag>;

// A Job or a Cluster is known to the core by the revision that created its object: unique for ever,
// also when a name is used again, and the same after a restart.
using JobId = Id<struct JobTag>;
using ClusterId = Id<struct ClusterTag>;

// An interned JobSpec.
using SpecId = Id<struct SpecTag>;

// Counts a job's placements from 1. It rises on every move, so that the late report of a returning
// cluster is recognised.
using Epoch = Id<struct EpochTag>;

}  // namespace fairway
