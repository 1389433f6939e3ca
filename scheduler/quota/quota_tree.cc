#include "scheduler/quota/quota_tree.h"

#include <absl/numeric/int128.h>

#include <algorithm>

#include "scheduler/assert.h"

namespace fairway::scheduler {
namespace {

size_t Index(Usage ledger) { return static_cast<size_t>(ledger); }
size_t At(int32_t index) { return static_cast<size_t>(index); }

}  // namespace

int32_t QuotaTree::FindNode(ClusterQueueId queue) const {
  const auto at = by_queue_.find(queue);
  return at == by_queue_.end() ? kNone : at->second;
}

const std::vector<QuotaTree::Slot>& QuotaTree::slots(int32_t index) const {
  return tree_slots_[At(node(index).tree)];
}

const std::string& QuotaTree::SlotResource(int32_t index, int32_t slot) const {
  return ResourceName(slots(index)[At(slot)].resource);
}

int32_t QuotaTree::FindSlot(int32_t index, FlavorId flavor, std::string_view resource) const {
  const auto name = std::lower_bound(resources_.begin(), resources_.end(), resource);
  if (name == resources_.end() || *name != resource) return kNone;
  const Slot slot{flavor, static_cast<int32_t>(name - resources_.begin())};
  const std::vector<Slot>& all = slots(index);
  const auto at = std::lower_bound(all.begin(), all.end(), slot);
  return at == all.end() || *at != slot ? kNone : static_cast<int32_t>(at - all.begin());
}

int64_t QuotaTree::Available(int32_t index, int32_t slot, Usage ledger) const {
  const Cell& here = cell(index, slot);
  const int64_t usage = here.usage[Index(ledger)];
  const int32_t parent = node(index).parent;
  if (parent == kNone) return here.subtree - usage;
  int64_t from_parent = Available(parent, slot, ledger);
  if (here.borrowing_limit != kNoLimit) {
    const int64_t shared = here.subtree - here.guaranteed;
    const int64_t used = std::max<int64_t>(0, usage - here.guaranteed);
    from_parent = std::min(from_parent, shared - used + here.borrowing_limit);
  }
  return std::max<int64_t>(0, here.guaranteed - usage) + from_parent;
}

bool QuotaTree::BorrowsWith(int32_t index, int32_t slot, int64_t extra, Usage ledger) const {
  const Cell& here = cell(index, slot);
  return here.usage[Index(ledger)] + extra > here.subtree;
}

std::pair<int32_t, bool> QuotaTree::BorrowHeight(int32_t index, int32_t slot, int64_t amount,
                                                 Usage ledger) const {
  const Node& queue = node(index);
  if (queue.parent == kNone || !BorrowsWith(index, slot, amount, ledger)) {
    return {0, queue.parent != kNone};
  }
  int32_t at = index;
  int64_t remaining = amount;
  while (true) {
    const Cell& here = cell(at, slot);
    remaining -= std::max<int64_t>(0, here.guaranteed - here.usage[Index(ledger)]);
    const int32_t parent = node(at).parent;
    if (parent == kNone) return {node(at).height, false};
    at = parent;
    if (!BorrowsWith(at, slot, remaining, ledger)) {
      return {node(at).height, node(at).parent != kNone};
    }
  }
}

void QuotaTree::Move(int32_t index, int32_t slot, int64_t amount, Usage ledger, int32_t* gained) {
  for (int32_t at = index; at != kNone && amount != 0; at = node(at).parent) {
    Cell& here = MutableCell(at, slot);
    int64_t& usage = here.usage[Index(ledger)];
    const int64_t above = std::max<int64_t>(0, usage - here.guaranteed);
    usage += amount;
    if (amount < 0 && gained != nullptr) *gained = at;
    amount = std::max<int64_t>(0, usage - here.guaranteed) - above;
  }
}

void QuotaTree::Charge(ClusterQueueId queue, const QuotaCharge& charge, Usage ledger,
                       int32_t* gained) {
  if (gained != nullptr) *gained = kNone;
  const int32_t index = FindNode(queue);
  const int32_t slot = index == kNone ? kNone : FindSlot(index, charge.flavor, charge.resource);
  if (slot != kNone) {
    Move(index, slot, charge.amount, ledger, gained);
    return;
  }
  const auto at = strays_.try_emplace({queue, charge.flavor, charge.resource}).first;
  at->second[Index(ledger)] += charge.amount;
  if (at->second == std::array<int64_t, 2>{}) strays_.erase(at);
}

int64_t QuotaTree::Share(int32_t index, Usage ledger) const {
  const Node& here = node(index);
  if (here.parent == kNone) return 0;
  const std::vector<Slot>& all = slots(index);
  std::vector<int64_t> borrowed(resources_.size(), 0);
  bool borrows = false;
  for (size_t slot = 0; slot < all.size(); ++slot) {
    const Cell& at = cells_[here.cells + slot];
    const int64_t above = at.usage[Index(ledger)] - at.subtree;
    if (above <= 0) continue;
    int64_t& sum = borrowed[At(all[slot].resource)];
    sum = std::min(sum + above, kAmountMax);
    borrows = true;
  }
  if (!borrows) return 0;
  absl::int128 dominant = 0;
  const std::vector<int64_t>& lendable = node(here.parent).lendable;
  for (size_t resource = 0; resource < borrowed.size(); ++resource) {
    if (borrowed[resource] == 0 || lendable[resource] <= 0) continue;
    const absl::int128 ratio =
        (absl::int128(borrowed[resource]) * 1000 << kShareFractionBits) / lendable[resource];
    dominant = std::max(dominant, ratio);
  }
  if (dominant == 0) return 0;
  if (here.weight_milli <= 0) return kShareMax;
  const absl::int128 weighted = dominant * kFairWeightOne / here.weight_milli;
  return weighted >= kShareMax ? kShareMax - 1 : static_cast<int64_t>(weighted);
}

QuotaTree::Strays QuotaTree::AllHoldings() const {
  Strays all = strays_;
  for (const auto& [queue, index] : by_queue_) {
    const std::vector<Slot>& known = slots(index);
    for (size_t slot = 0; slot < known.size(); ++slot) {
      const Cell& here = cells_[node(index).cells + slot];
      if (here.usage == std::array<int64_t, 2>{}) continue;
      all[{queue, known[slot].flavor, ResourceName(known[slot].resource)}] = here.usage;
    }
  }
  return all;
}

std::vector<QuotaCharge> QuotaTree::Holdings(ClusterQueueId queue, Usage ledger) const {
  std::vector<QuotaCharge> holdings;
  const int32_t index = FindNode(queue);
  if (index != kNone) {
    const std::vector<Slot>& known = slots(index);
    for (size_t slot = 0; slot < known.size(); ++slot) {
      const int64_t amount = cells_[node(index).cells + slot].usage[Index(ledger)];
      if (amount == 0) continue;
      holdings.push_back({known[slot].flavor, ResourceName(known[slot].resource), amount});
    }
  }
  for (auto at = strays_.lower_bound({queue, {}, {}});
       at != strays_.end() && at->first.queue == queue; ++at) {
    const int64_t amount = at->second[Index(ledger)];
    if (amount != 0) holdings.push_back({at->first.flavor, at->first.resource, amount});
  }
  return holdings;
}

std::vector<ClusterQueueId> QuotaTree::Holders() const {
  std::vector<ClusterQueueId> holders;
  for (const auto& [key, usage] : AllHoldings()) {
    if (holders.empty() || holders.back() != key.queue) holders.push_back(key.queue);
  }
  return holders;
}

void QuotaTree::CheckInvariants() const {
  std::vector<std::array<int64_t, 2>> expected(cells_.size());
  for (size_t i = nodes_.size(); i-- > 0;) {
    const Node& here = nodes_[i];
    for (size_t slot = 0; slot < tree_slots_[At(here.tree)].size(); ++slot) {
      const Cell& at = cells_[here.cells + slot];
      if (!here.queue) FAIRWAY_ASSERT(at.usage == expected[here.cells + slot]);
      if (here.parent == kNone) continue;
      for (size_t ledger = 0; ledger < 2; ++ledger) {
        expected[node(here.parent).cells + slot][ledger] +=
            std::max<int64_t>(0, at.usage[ledger] - at.guaranteed);
      }
    }
  }
}

}  // namespace fairway::scheduler
