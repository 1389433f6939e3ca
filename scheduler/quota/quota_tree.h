// QuotaTree: cohorts and ClusterQueues as nodes of trees, what each may use of every flavor and
// resource, and what is used. Derived from QuotaBook and the admissions; part of World.
//
// The arithmetic is Kueue's (concept "Cohort", hierarchical cohorts): a node keeps `guaranteed` for
// itself (its subtree's quota less the lending limit) and shares the rest with its parent. Usage up
// to `guaranteed` stays in the node; what is above is counted in the parent as well. What a node
// may still take is its own unused part plus what the parent may still take, bounded by
// borrowingLimit.
//
// Two ledgers are kept: kHeld is what live admissions are charged. kPlanned is the same without
// those that are being withdrawn and with what was promised to jobs that wait for them (claims).
#pragma once

#include <absl/container/btree_map.h>

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scheduler/quota/quota_book.h"

namespace fairway::scheduler {

enum class Usage : uint8_t { kHeld, kPlanned };

// So much of one resource in one flavor.
struct QuotaCharge {
  FlavorId flavor;
  std::string resource;
  int64_t amount = 0;
  bool operator==(const QuotaCharge&) const = default;
};

class QuotaTree {
 public:
  static constexpr int32_t kNone = -1;
  // No sum of quotas goes beyond this.
  static constexpr int64_t kAmountMax = int64_t{1} << 60;

  struct Cell {
    int64_t nominal = 0;
    int64_t borrowing_limit = kNoLimit;
    int64_t lending_limit = kNoLimit;
    int64_t subtree = 0;     // nominal, and what the children share
    int64_t guaranteed = 0;  // of subtree, what is not shared with the parent
    int64_t potential = 0;   // the most this node could use if nobody else used anything
    std::array<int64_t, 2> usage{};
  };
  // One flavor of a queue's group, resolved. slots is parallel to the group's covered resources.
  struct GroupFlavor {
    FlavorId id;
    std::string name;
    std::vector<int32_t> slots;
  };
  struct Group {
    std::vector<std::string> covered;
    std::vector<GroupFlavor> flavors;
    std::vector<std::string> label_keys;  // that any flavor of the group carries, sorted
  };
  struct Node {
    std::string name;
    ClusterQueueId queue;  // 0 = a cohort
    int32_t parent = kNone;
    int32_t tree = 0;
    int32_t height = 0;  // 0 = a queue; a cohort: one more than its highest child cohort
    int32_t depth = 0;   // 0 = a root
    size_t cells = 0;    // first cell
    int64_t weight_milli = kFairWeightOne;
    bool cyclic = false;            // in a cycle of cohorts, or below one
    std::string missing_flavor;     // of a queue: a flavor that does not exist
    std::vector<Group> groups;      // of a queue
    std::vector<int64_t> lendable;  // of a cohort: per resource, the potential over all flavors
    std::vector<int32_t> children;
  };
  struct Slot {
    FlavorId flavor;
    int32_t resource = 0;  // index of resources()
    auto operator<=>(const Slot&) const = default;
  };

  // Takes the book over; usage stays.
  void Rebuild(const QuotaBook& book);

  // Charges (or, negative, frees) one queue, whether or not its spec is known. `gained` is told the
  // highest node that may take more than before; kNone when none.
  void Charge(ClusterQueueId queue, const QuotaCharge& charge, Usage ledger, int32_t* gained);

  int32_t FindNode(ClusterQueueId queue) const;
  int32_t FindSlot(int32_t node, FlavorId flavor, std::string_view resource) const;
  const std::vector<Node>& nodes() const { return nodes_; }
  const Node& node(int32_t index) const { return nodes_[static_cast<size_t>(index)]; }
  const std::vector<Slot>& slots(int32_t node) const;
  const std::string& ResourceName(int32_t resource) const {
    return resources_[static_cast<size_t>(resource)];
  }
  const std::string& SlotResource(int32_t node, int32_t slot) const;
  const Cell& cell(int32_t node, int32_t slot) const {
    return cells_[nodes_[static_cast<size_t>(node)].cells + static_cast<size_t>(slot)];
  }
  int64_t UsageOf(int32_t node, int32_t slot, Usage ledger) const {
    return cell(node, slot).usage[static_cast<size_t>(ledger)];
  }

  // What the node may still take; may be negative.
  int64_t Available(int32_t node, int32_t slot, Usage ledger) const;
  // `extra` more would make this node borrow.
  bool BorrowsWith(int32_t node, int32_t slot, int64_t extra, Usage ledger) const;
  // How high one must go for a subtree that holds `amount` more without borrowing: 0 = the queue
  // itself, 1 = its cohort ... And whether that subtree has a parent, from which quota that was
  // lent might be reclaimed.
  std::pair<int32_t, bool> BorrowHeight(int32_t node, int32_t slot, int64_t amount,
                                        Usage ledger) const;
  // Adds to one node and what it borrows from; undone by the same with -amount.
  void Move(int32_t node, int32_t slot, int64_t amount, Usage ledger, int32_t* gained = nullptr);

  // The dominant share of what a node borrows (Kueue's weighted share), in 2^-20 thousandths; 0
  // when it does not borrow, kShareMax when it borrows with weight 0. `extra` is parallel to the
  // tree's slots, or empty.
  static constexpr int64_t kShareMax = INT64_MAX;
  static constexpr int kShareFractionBits = 20;
  int64_t Share(int32_t node, Usage ledger) const;

  // What one queue holds, by slot order; includes charges for what the book does not know.
  std::vector<QuotaCharge> Holdings(ClusterQueueId queue, Usage ledger) const;
  // Aborts unless every parent's usage is what its children borrow.
  void CheckInvariants() const;
  // All queues that hold something.
  std::vector<ClusterQueueId> Holders() const;

 private:
  struct StrayKey {
    ClusterQueueId queue;
    FlavorId flavor;
    std::string resource;
    auto operator<=>(const StrayKey&) const = default;
  };
  using Strays = absl::btree_map<StrayKey, std::array<int64_t, 2>>;
  class Builder;

  Cell& MutableCell(int32_t node, int32_t slot) {
    return cells_[nodes_[static_cast<size_t>(node)].cells + static_cast<size_t>(slot)];
  }
  Strays AllHoldings() const;

  std::vector<Node> nodes_;  // parents before children
  std::vector<Cell> cells_;
  std::vector<std::vector<Slot>> tree_slots_;  // sorted
  std::vector<std::string> resources_;         // sorted
  absl::btree_map<ClusterQueueId, int32_t> by_queue_;
  Strays strays_;  // charges for which there is no cell
};

}  // namespace fairway::scheduler
