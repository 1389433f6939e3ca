// QuotaTree::Rebuild: names become nodes, quotas become cells, usage is carried over.
#include <algorithm>

#include "scheduler/assert.h"
#include "scheduler/quota/quota_tree.h"

namespace fairway::scheduler {

class QuotaTree::Builder {
 public:
  Builder(const QuotaBook& book, QuotaTree& tree) : book_(book), tree_(tree) {}

  void Build(const Strays& holdings) {
    AddNodes();
    MarkCycles();
    OrderNodes();
    AddSlots(holdings);
    FillCells();
    SumUp();
    for (const auto& [key, usage] : holdings) Carry(key, usage);
  }

 private:
  struct Draft {
    Node node;
    std::string parent;  // a cohort's name
    const std::vector<ResourceGroup>* groups = nullptr;
    int32_t parent_draft = kNone;
  };

  int32_t CohortDraft(const std::string& name) {
    const auto [at, is_new] = cohorts_.try_emplace(name, static_cast<int32_t>(drafts_.size()));
    if (is_new) {
      Draft& draft = drafts_.emplace_back();
      draft.node.name = name;
    }
    return at->second;
  }

  // A cohort exists as soon as somebody names it.
  void AddNodes() {
    for (const auto& [id, spec] : book_.cohorts.objects()) {
      if (book_.cohorts.FindByName(spec.name) != id) continue;
      Draft& draft = drafts_[At(CohortDraft(spec.name))];
      draft.parent = spec.parent;
      draft.groups = &spec.groups;
      draft.node.weight_milli = spec.fair_weight_milli;
    }
    for (const auto& [id, spec] : book_.cluster_queues.objects()) {
      Draft& draft = drafts_.emplace_back();
      draft.node.name = spec.name;
      draft.node.queue = id;
      draft.node.weight_milli = spec.fair_weight_milli;
      draft.parent = spec.cohort;
      draft.groups = &spec.groups;
    }
    for (size_t i = 0; i < drafts_.size(); ++i) {
      const std::string parent = drafts_[i].parent;  // drafts_ grows
      if (!parent.empty()) drafts_[i].parent_draft = CohortDraft(parent);
    }
  }

  // Who walks up for longer than there are nodes walks in a circle.
  void MarkCycles() {
    for (Draft& draft : drafts_) {
      size_t steps = 0;
      int32_t at = draft.parent_draft;
      while (at != kNone && steps <= drafts_.size()) {
        at = drafts_[At(at)].parent_draft;
        ++steps;
      }
      draft.node.cyclic = at != kNone;
      draft.node.depth = draft.node.cyclic ? 0 : static_cast<int32_t>(steps);
    }
    for (Draft& draft : drafts_) {
      if (draft.node.cyclic) draft.parent_draft = kNone;
    }
  }

  void OrderNodes() {
    std::vector<int32_t> order(drafts_.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int32_t>(i);
    std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
      return drafts_[At(a)].node.depth < drafts_[At(b)].node.depth;
    });
    std::vector<int32_t> position(drafts_.size());
    for (size_t i = 0; i < order.size(); ++i) position[At(order[i])] = static_cast<int32_t>(i);
    int32_t trees = 0;
    for (const int32_t at : order) {
      Draft& draft = drafts_[At(at)];
      Node& node = draft.node;
      groups_.push_back(draft.groups);
      const auto index = static_cast<int32_t>(tree_.nodes_.size());
      if (draft.parent_draft == kNone) {
        node.tree = trees++;
      } else {
        node.parent = position[At(draft.parent_draft)];
        Node& parent = tree_.nodes_[At(node.parent)];
        node.tree = parent.tree;
        parent.children.push_back(index);
      }
      if (node.queue) tree_.by_queue_.emplace(node.queue, index);
      tree_.nodes_.push_back(std::move(node));
    }
    tree_.tree_slots_.resize(At(trees));
    for (size_t i = tree_.nodes_.size(); i-- > 0;) {
      Node& node = tree_.nodes_[i];
      if (!node.queue) node.height = std::max(node.height, node.children.empty() ? 0 : 1);
      if (node.parent == kNone || node.queue) continue;
      Node& parent = tree_.nodes_[At(node.parent)];
      parent.height = std::max(parent.height, node.height + 1);
    }
  }

  void AddSlots(const Strays& holdings) {
    std::vector<std::string>& names = tree_.resources_;
    ForEachQuota(
        [&](Node&, FlavorId, const ResourceQuota& quota) { names.push_back(quota.resource); });
    for (const auto& [key, usage] : holdings) names.push_back(key.resource);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    ForEachQuota([&](Node& node, FlavorId flavor, const ResourceQuota& quota) {
      tree_.tree_slots_[At(node.tree)].push_back({flavor, ResourceIndex(quota.resource)});
    });
    for (const auto& [key, usage] : holdings) {
      const int32_t node = tree_.FindNode(key.queue);
      if (node == kNone) continue;
      tree_.tree_slots_[At(tree_.node(node).tree)].push_back(
          {key.flavor, ResourceIndex(key.resource)});
    }
    for (std::vector<Slot>& slots : tree_.tree_slots_) {
      std::sort(slots.begin(), slots.end());
      slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
    }
  }

  void FillCells() {
    size_t cells = 0;
    for (Node& node : tree_.nodes_) {
      node.cells = cells;
      cells += tree_.tree_slots_[At(node.tree)].size();
    }
    tree_.cells_.resize(cells);
    ForEachQuota([&](Node& node, FlavorId flavor, const ResourceQuota& quota) {
      const auto index = static_cast<int32_t>(&node - tree_.nodes_.data());
      Cell& cell = tree_.MutableCell(index, tree_.FindSlot(index, flavor, quota.resource));
      cell.nominal = std::min(quota.nominal, kAmountMax);
      const bool has_parent = node.parent != kNone;
      if (has_parent && quota.borrowing_limit != kNoLimit) {
        cell.borrowing_limit = std::min(quota.borrowing_limit, kAmountMax);
      }
      if (has_parent && quota.lending_limit != kNoLimit) {
        cell.lending_limit = std::min(quota.lending_limit, kAmountMax);
      }
    });
    for (size_t i = 0; i < tree_.nodes_.size(); ++i) {
      if (tree_.nodes_[i].queue) ResolveGroups(static_cast<int32_t>(i), groups_[i]);
    }
  }

  void ResolveGroups(int32_t index, const std::vector<ResourceGroup>* groups) {
    Node& node = tree_.nodes_[At(index)];
    if (groups == nullptr) return;
    for (const ResourceGroup& written : *groups) {
      Group& group = node.groups.emplace_back();
      group.covered = written.covered;
      for (const FlavorQuotas& quotas : written.flavors) {
        const FlavorId id = book_.flavors.FindByName(quotas.flavor);
        if (!id) {
          if (node.missing_flavor.empty()) node.missing_flavor = quotas.flavor;
          continue;
        }
        GroupFlavor& flavor = group.flavors.emplace_back();
        flavor.id = id;
        flavor.name = quotas.flavor;
        for (const std::string& resource : group.covered) {
          flavor.slots.push_back(tree_.FindSlot(index, id, resource));
        }
        for (const auto& [key, value] : book_.flavors.Find(id)->node_labels) {
          group.label_keys.push_back(key);
        }
      }
      std::sort(group.label_keys.begin(), group.label_keys.end());
      group.label_keys.erase(std::unique(group.label_keys.begin(), group.label_keys.end()),
                             group.label_keys.end());
    }
  }

  void SumUp() {
    std::vector<Node>& nodes = tree_.nodes_;
    for (size_t i = nodes.size(); i-- > 0;) {
      Node& node = nodes[i];
      for (size_t slot = 0; slot < tree_.tree_slots_[At(node.tree)].size(); ++slot) {
        Cell& cell = tree_.cells_[node.cells + slot];
        cell.subtree = std::min(cell.subtree + cell.nominal, kAmountMax);
        if (cell.lending_limit != kNoLimit) {
          cell.guaranteed = std::max<int64_t>(0, cell.subtree - cell.lending_limit);
        }
        if (node.parent == kNone) continue;
        Cell& parent = tree_.cells_[nodes[At(node.parent)].cells + slot];
        parent.subtree = std::min(parent.subtree + cell.subtree - cell.guaranteed, kAmountMax);
      }
    }
    for (Node& node : nodes) {
      const std::vector<Slot>& slots = tree_.tree_slots_[At(node.tree)];
      if (!node.queue) node.lendable.assign(tree_.resources_.size(), 0);
      for (size_t slot = 0; slot < slots.size(); ++slot) {
        Cell& cell = tree_.cells_[node.cells + slot];
        cell.potential = cell.subtree;
        if (node.parent != kNone) {
          const Cell& parent = tree_.cells_[nodes[At(node.parent)].cells + slot];
          cell.potential = std::min(cell.guaranteed + parent.potential, kAmountMax);
          if (cell.borrowing_limit != kNoLimit) {
            cell.potential = std::min(cell.potential, cell.subtree + cell.borrowing_limit);
          }
        }
        if (node.queue) continue;
        int64_t& lendable = node.lendable[At(slots[slot].resource)];
        lendable = std::min(lendable + cell.potential, kAmountMax);
      }
    }
  }

  void Carry(const StrayKey& key, const std::array<int64_t, 2>& usage) {
    for (size_t ledger = 0; ledger < 2; ++ledger) {
      if (usage[ledger] == 0) continue;
      tree_.Charge(key.queue, {key.flavor, key.resource, usage[ledger]}, static_cast<Usage>(ledger),
                   nullptr);
    }
  }

  template <typename Visit>
  void ForEachQuota(Visit visit) {
    for (size_t i = 0; i < tree_.nodes_.size(); ++i) {
      if (groups_[i] == nullptr) continue;
      for (const ResourceGroup& group : *groups_[i]) {
        for (const FlavorQuotas& flavor : group.flavors) {
          const FlavorId id = book_.flavors.FindByName(flavor.flavor);
          if (!id) continue;
          for (const ResourceQuota& quota : flavor.resources) visit(tree_.nodes_[i], id, quota);
        }
      }
    }
  }

  int32_t ResourceIndex(const std::string& name) const {
    const std::vector<std::string>& names = tree_.resources_;
    return static_cast<int32_t>(std::lower_bound(names.begin(), names.end(), name) - names.begin());
  }
  static size_t At(int32_t index) { return static_cast<size_t>(index); }

  const QuotaBook& book_;
  QuotaTree& tree_;
  std::vector<Draft> drafts_;
  absl::btree_map<std::string, int32_t> cohorts_;
  std::vector<const std::vector<ResourceGroup>*> groups_;  // by node
};

void QuotaTree::Rebuild(const QuotaBook& book) {
  const Strays holdings = AllHoldings();
  *this = QuotaTree();
  Builder(book, *this).Build(holdings);
}

}  // namespace fairway::scheduler
