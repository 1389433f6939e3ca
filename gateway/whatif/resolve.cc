// ResolveChanges: names of a question against a world.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "clusters/kube/kinds/core_terms.h"
#include "clusters/kube/schema/leaf.h"
#include "gateway/whatif/request.h"
#include "scheduler/measured_capacity.h"
#include "scheduler/resources.h"

namespace fairway::gateway {

using scheduler::ClusterState;
using scheduler::World;

namespace {

constexpr size_t kNamesShown = 20;

class Resolver {
 public:
  Resolver(const WhatIfRequest& request, const World& world) : request_(request), world_(world) {
    for (const auto& [id, cluster] : world.clusters()) by_name_[cluster.record.spec.name] = id;
  }

  Result<scheduler::ForecastChanges> Resolve() {
    for (const std::string& name : request_.remove) {
      if (const auto id = Find("removeClusters", name)) out_.removed.push_back(*id);
    }
    for (const std::string& name : request_.cordon) Cordon("cordonClusters", name, true);
    for (const std::string& name : request_.uncordon) Cordon("uncordonClusters", name, false);
    for (const auto& [id, spec] : changed_) out_.clusters.push_back({id, spec});
    for (const WhatIfCluster& cluster : request_.add) Add(cluster);
    for (const WhatIfQuota& quota : request_.quotas) SetQuota(quota);
    for (const auto& [id, spec] : queues_) out_.cluster_queues.push_back({id, spec});
    if (causes_.empty()) return std::move(out_);
    Error error;
    error.code = 422;
    error.reason = "Invalid";
    error.message = "the question does not fit this gateway: ";
    for (size_t i = 0; i < causes_.size(); ++i) {
      error.message += (i == 0 ? "" : "; ") + causes_[i].field + ": " + causes_[i].message;
    }
    error.causes = std::move(causes_);
    return Fail(std::move(error));
  }

 private:
  void Complain(std::string_view field, std::string reason, std::string message) {
    causes_.push_back({std::move(reason), std::move(message), std::string(field)});
  }

  template <typename Names>
  void NotFound(std::string_view field, const std::string& name, const Names& known,
                std::string_view what) {
    std::string list;
    size_t shown = 0;
    for (const std::string& each : known) {
      if (shown++ == kNamesShown) {
        list += " ... (" + std::to_string(known.size()) + " in all)";
        break;
      }
      list += (list.empty() ? "" : ", ") + each;
    }
    Complain(field, "FieldValueNotFound",
             "Not found: " + kube::GoQuote(name) +
                 (known.empty() ? "; there are no " + std::string(what)
                                : "; known " + std::string(what) + ": " + list));
  }

  std::optional<ClusterId> Find(std::string_view field, const std::string& name) {
    const auto at = by_name_.find(name);
    if (at != by_name_.end()) return at->second;
    std::set<std::string> names;
    for (const auto& [known, id] : by_name_) names.insert(known);
    NotFound(field, name, names, "clusters");
    return std::nullopt;
  }

  void Cordon(std::string_view field, const std::string& name, bool cordoned) {
    const auto id = Find(field, name);
    if (!id) return;
    const auto at = changed_.try_emplace(*id, world_.FindCluster(*id)->record.spec).first;
    at->second.cordoned = cordoned;
  }

  void Add(const WhatIfCluster& wish) {
    if (by_name_.contains(wish.name) || !added_.insert(wish.name).second) {
      return Complain("addClusters", "FieldValueDuplicate",
                      "Duplicate value: " + kube::GoQuote(wish.name));
    }
    const uint64_t last = world_.clusters().empty() ? 0 : world_.clusters().rbegin()->first.value;
    scheduler::ForecastCluster cluster;
    cluster.cluster = ClusterId{last + added_.size()};
    if (!wish.like.empty()) {
      const auto id = Find("addClusters.like", wish.like);
      if (!id) return;
      CopyOf(*world_.FindCluster(*id), cluster);
    } else if (!GivenCapacity(wish, cluster.capacity)) {
      return;
    }
    cluster.spec.name = wish.name;
    for (const auto& [label, value] : wish.labels) cluster.spec.labels[label] = value;
    out_.new_clusters.push_back(std::move(cluster));
  }

  // As the other one is, without the jobs that we sent there.
  static void CopyOf(const ClusterState& other, scheduler::ForecastCluster& out) {
    out.spec = other.record.spec;
    out.spec.cordoned = false;
    out.spec.confirmed_lost = false;
    out.capacity = scheduler::MeasuredCapacity(other);
    out.capacity.largest_node_free = other.capacity.largest_node_allocatable;
    for (scheduler::NodeClass& nodes : out.capacity.node_classes) nodes.free = nodes.whole;
  }

  bool GivenCapacity(const WhatIfCluster& wish, scheduler::Capacity& out) {
    scheduler::Resources one;
    one.pods = 110;  // a kubelet's default
    for (const auto& [resource, text] : wish.amounts) {
      const auto amount = kube::ParseAmount(resource, text);
      if (!amount || *amount < 0) {
        Complain("addClusters.capacity", "FieldValueInvalid",
                 "Invalid value: " + kube::GoQuote(text) + ": " + resource +
                     " must be a quantity like 64 or 256Gi");
        return false;
      }
      one.Set(resource, *amount / wish.nodes);
    }
    out.nodes = static_cast<int32_t>(wish.nodes);
    out.allocatable = one.Times(wish.nodes);
    out.largest_node_free = out.largest_node_allocatable = one;
    scheduler::NodeClass& nodes = out.node_classes.emplace_back();
    nodes.free = nodes.whole = {{one, out.nodes}};
    return true;
  }

  void SetQuota(const WhatIfQuota& wish) {
    const auto& book = world_.quota().cluster_queues;
    const auto id = book.FindByName(wish.cluster_queue);
    if (!id) {
      std::set<std::string> names;
      for (const auto& [each, spec] : book.objects()) names.insert(spec.name);
      return NotFound("quotas.clusterQueue", wish.cluster_queue, names, "ClusterQueues");
    }
    const auto at = queues_.try_emplace(id, *book.Find(id)).first;
    std::set<std::string> known;
    scheduler::ResourceQuota* found = nullptr;
    for (scheduler::ResourceGroup& group : at->second.groups) {
      for (scheduler::FlavorQuotas& flavor : group.flavors) {
        for (scheduler::ResourceQuota& quota : flavor.resources) {
          known.insert(flavor.flavor + "/" + quota.resource);
          if (flavor.flavor == wish.flavor && quota.resource == wish.resource) found = &quota;
        }
      }
    }
    if (found == nullptr) {
      return NotFound("quotas", wish.flavor + "/" + wish.resource, known,
                      "flavors and resources of " + wish.cluster_queue);
    }
    const auto amount = kube::ParseAmount(wish.resource, wish.nominal);
    if (!amount || *amount < 0) {
      return Complain("quotas.nominalQuota", "FieldValueInvalid",
                      "Invalid value: " + kube::GoQuote(wish.nominal) +
                          ": must be a quantity like 40 or 128Gi");
    }
    found->nominal = *amount;
  }

  const WhatIfRequest& request_;
  const World& world_;
  std::map<std::string, ClusterId> by_name_;
  std::map<ClusterId, scheduler::ClusterSpec> changed_;
  std::map<scheduler::ClusterQueueId, scheduler::ClusterQueueSpec> queues_;
  std::set<std::string> added_;
  scheduler::ForecastChanges out_;
  std::vector<ErrorCause> causes_;
};

}  // namespace

Result<scheduler::ForecastChanges> ResolveChanges(const WhatIfRequest& request,
                                                  const World& world) {
  return Resolver(request, world).Resolve();
}

}  // namespace fairway::gateway
