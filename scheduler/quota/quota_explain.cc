#include "scheduler/quota/quota_explain.h"

#include <algorithm>
#include <utility>

#include "scheduler/constraint.h"
#include "scheduler/names.h"
#include "scheduler/placement.h"
#include "scheduler/policy/judge.h"
#include "scheduler/policy/reasons.h"
#include "scheduler/quota/admit.h"
#include "scheduler/quota/backfill.h"
#include "scheduler/quota/quota_estimate.h"

namespace fairway::scheduler {
namespace {

std::string AmountOf(const std::string& resource, int64_t amount) {
  if (resource != "cpu") return std::to_string(amount);
  const auto text = CanonicalQuantity(std::to_string(amount) + "m");
  return text ? *text : std::to_string(amount) + "m";
}

std::string Joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += ", ";
    text += part;
  }
  return text;
}

class Explanation {
 public:
  Explanation(World& world, const JobRecord& record, Instant now)
      : world_(world), record_(record), now_(now), spec_(world.specs().Get(record.spec)) {}

  Decision Run() {
    decision_ = ExplainJob(world_, record_);
    QuotaDecision& quota = decision_.quota.Make();
    const std::string& local_name = spec_.spec.queueing.local_queue;
    if (record_.quota->IsAdmitted()) {
      Name(record_.quota->cluster_queue);
      quota.reason = "QuotaReserved";
      quota.message = "Quota reserved in ClusterQueue " + quota.cluster_queue;
      return std::move(decision_);
    }
    if (Held(local_name)) return std::move(decision_);
    const ClusterQueueId home = world_.ledger().HomeOf(local_name);
    Name(home);
    Place(home);
    if (world_.settling()) {
      quota.reason = "Pending";
      quota.message = kSettlingText;
      return std::move(decision_);
    }
    node_ = world_.ledger().tree.FindNode(home);
    // A promise to the job itself is not in its own way.
    const auto claim = world_.ledger().claims().find(record_.job);
    const bool claimed = claim != world_.ledger().claims().end();
    QuotaClaim kept;
    if (claimed) {
      kept = claim->second;
      world_.DropClaim(record_.job, /*quiet=*/true);
    }
    plan_ = PlanAdmission(world_, record_, true);
    Say(home);
    BehindReservation();
    if (claimed) world_.SetClaim(record_.job, std::move(kept), /*quiet=*/true);
    return std::move(decision_);
  }

 private:
  QuotaDecision& quota() { return *decision_.quota; }

  void Name(ClusterQueueId queue) {
    const ClusterQueueSpec* spec = world_.quota().cluster_queues.Find(queue);
    if (spec != nullptr) quota().cluster_queue = spec->name;
  }

  void Place(ClusterQueueId home) {
    const QueueState* queue = world_.ledger().FindQueue(home);
    if (queue == nullptr) return;
    quota().waiting = static_cast<int64_t>(queue->pending.jobs());
    if (!WaitsForQuota(record_)) return;
    const auto most = static_cast<size_t>(kPlaceMax - 1);
    quota().place =
        1 + static_cast<int64_t>(queue->pending.Position(GroupOf(record_), record_.job, most));
  }

  void Hold(std::string reason, std::string message, std::string change) {
    decision_.outcome = names::kOutcomePolicyHeld;
    decision_.cluster = {};
    quota().reason = std::move(reason);
    quota().message = message;
    quota().nearest_change = std::move(change);
    decision_.message = std::move(message);
  }

  bool Held(const std::string& local_name) {
    const LocalQueueId local = world_.quota().local_queues.FindByName(local_name);
    if (record_.suspended) {
      Hold("Suspended", "The workload is deactivated", "fits if spec.active becomes true");
      return true;
    }
    if (!local) {
      Hold("Misconfigured", "LocalQueue " + local_name + " doesn't exist",
           "may fit if LocalQueue " + local_name + " is made");
      return true;
    }
    const LocalQueueSpec& spec = *world_.quota().local_queues.Find(local);
    const ClusterQueueId home = world_.quota().cluster_queues.FindByName(spec.cluster_queue);
    if (!home) {
      Hold("Misconfigured", "ClusterQueue " + spec.cluster_queue + " doesn't exist",
           "may fit if ClusterQueue " + spec.cluster_queue + " is made");
      return true;
    }
    quota().cluster_queue = spec.cluster_queue;
    if (spec.stop_policy != StopPolicy::kNone) {
      Hold("Suspended", "LocalQueue " + local_name + " is stopped",
           "may fit if LocalQueue " + local_name + " has stopPolicy None");
      return true;
    }
    if (!spec.namespace_admitted) {
      Hold("Misconfigured", "Workload namespace doesn't match ClusterQueue selector",
           "may fit if the namespaceSelector of ClusterQueue " + spec.cluster_queue +
               " matches the namespace");
      return true;
    }
    std::string reason;
    const std::string why = QueueInactive(world_, home, &reason);
    if (why.empty()) return false;
    const bool stopped = reason == "Stopped";
    Hold(stopped ? "Suspended" : "Misconfigured",
         "ClusterQueue " + spec.cluster_queue + " is inactive: " + why,
         stopped ? "may fit if ClusterQueue " + spec.cluster_queue + " has stopPolicy None"
                 : "may fit if ClusterQueue " + spec.cluster_queue + " becomes active");
    return true;
  }

  void Say(ClusterQueueId home) {
    const FlavorAssignment& found = plan_.assignment;
    std::string message = "couldn't assign flavors to pod set " +
                          (found.pod_set.empty() ? std::string("main") : found.pod_set) + ": " +
                          Joined(found.reasons);
    switch (plan_.outcome) {
      case AdmitOutcome::kAdmit:
        decision_.outcome = names::kOutcomeWaiting;
        decision_.cluster = {};
        quota().reason = "Pending";
        quota().message = "waits for its turn";
        Behind(home);
        break;
      case AdmitOutcome::kPreempt:
        decision_.outcome = names::kOutcomeWaiting;
        decision_.cluster = {};
        quota().reason = "WaitingForPreemptedWorkloads";
        quota().message = message + ". Pending the preemption of " +
                          std::to_string(plan_.victims.size()) + " workload(s)";
        break;
      case AdmitOutcome::kNoRoom:
        quota().reason = "WaitingForRoom";
        quota().message = message;
        if (decision_.outcome == names::kOutcomePlaced) {
          // Some cluster has room, but none to which its flavors lead.
          decision_.outcome = names::kOutcomeWaiting;
        }
        decision_.cluster = {};
        quota().nearest_change = RoomChange();
        if (plan_.no_headroom) {
          quota().message = "room is kept free for the loss of a cluster (n-minus-one)";
          quota().nearest_change = "fits if a cluster is added or jobs of guarded queues end";
        }
        break;
      case AdmitOutcome::kNoQuota:
        decision_.outcome = names::kOutcomeQuotaExceeded;
        decision_.cluster = {};
        quota().reason = "WaitingForQuota";
        quota().message = message;
        Levels();
        quota().nearest_change = QuotaChange();
        if (short_slot_ != QuotaTree::kNone) {
          const StartEstimate estimate =
              EstimateStart(world_, node_, short_slot_, short_amount_, now_);
          quota().start = estimate.start;
          quota().start_error = estimate.error;
        }
        break;
      case AdmitOutcome::kNever:
        decision_.outcome = names::kOutcomeInfeasible;
        decision_.cluster = {};
        quota().reason = found.exceeds_maximum ? "ExceedsMaxQuota" : "NoMatchingFlavor";
        quota().message = message;
        Levels();
        quota().nearest_change = NeverChange(home);
        break;
      case AdmitOutcome::kHeld:
        break;
    }
    decision_.message = quota().message;
  }

  // In a strict queue nobody passes the head, however little he asks for.
  void Behind(ClusterQueueId home) {
    const ClusterQueueSpec& queue = *world_.quota().cluster_queues.Find(home);
    const QueueState* state = world_.ledger().FindQueue(home);
    const QueueHead* head =
        state == nullptr ? nullptr : state->pending.Next(PendingQueue::kBeforeAll);
    if (head == nullptr || head->job == record_.job ||
        queue.strategy != QueueingStrategy::kStrictFifo) {
      return;
    }
    const std::string& name = world_.FindJob(head->job)->name;
    quota().message += " behind " + name + ": the order of the queue is strict";
    quota().nearest_change = "fits if job " + name +
                             ", which is before it, is deleted, or ClusterQueue " + queue.name +
                             " were BestEffortFIFO";
  }

  // It would fit if nothing were kept for another that has waited for long.
  void BehindReservation() {
    const auto& reservations = world_.ledger().reservations();
    if (reservations.empty() || plan_.outcome == AdmitOutcome::kAdmit) return;
    Claims aside = SetReservationsAside(world_);
    const AdmitOutcome without = PlanAdmission(world_, record_, false).outcome;
    std::string kept_for;
    Instant start = aside.front().second.start;
    for (const auto& [job, claim] : aside) {
      kept_for += (kept_for.empty() ? "" : ", ") + world_.FindJob(job)->name;
      start = std::min(start, claim.start);
    }
    PutBack(world_, std::move(aside));
    if (without != AdmitOutcome::kAdmit) return;
    decision_.outcome = names::kOutcomeWaiting;
    quota().message = "quota and room are kept for " + kept_for + ", which has waited for long";
    quota().nearest_change = "fits if job " + kept_for + " is deleted";
    const int64_t seconds = (start.ms - now_.ms - kBackfillGrace.ms) / 1000;
    if (seconds > 0) {
      quota().nearest_change += ", or if its own maximum execution time is " +
                                std::to_string(seconds) + " seconds at most";
    }
    decision_.message = quota().message;
  }

  // Finds the first flavor in order that suits and is short, and tells every level of it.
  void Levels() {
    const QuotaTree& tree = world_.ledger().tree;
    for (const PodSet& pod_set : spec_.spec.queueing.pod_sets) {
      for (const QuotaTree::Group& group : tree.node(node_).groups) {
        for (const QuotaTree::GroupFlavor& flavor : group.flavors) {
          const FlavorSpec* known = world_.quota().flavors.Find(flavor.id);
          if (!FlavorSuits(*known, group.label_keys, pod_set, nullptr)) continue;
          for (size_t i = 0; i < group.covered.size(); ++i) {
            const int64_t amount = Asked(group.covered[i]);
            if (flavor.slots[i] == QuotaTree::kNone || amount == 0) continue;
            const int64_t available =
                std::min(tree.Available(node_, flavor.slots[i], Usage::kPlanned),
                         tree.Available(node_, flavor.slots[i], Usage::kHeld));
            if (amount <= available) continue;
            if (short_slot_ == QuotaTree::kNone || amount - available < short_missing_) {
              short_slot_ = flavor.slots[i];
              short_amount_ = amount;
              short_missing_ = amount - available;
              short_flavor_ = flavor.name;
            }
            TellLevels(flavor, group.covered[i], flavor.slots[i]);
          }
        }
      }
    }
  }

  void TellLevels(const QuotaTree::GroupFlavor& flavor, const std::string& resource, int32_t slot) {
    const QuotaTree& tree = world_.ledger().tree;
    for (int32_t at = node_; at != QuotaTree::kNone; at = tree.node(at).parent) {
      const QuotaTree::Cell& cell = tree.cell(at, slot);
      QuotaLevel& level = quota().levels.emplace_back();
      level.kind = tree.node(at).queue ? "ClusterQueue" : "Cohort";
      level.name = tree.node(at).name;
      level.flavor = flavor.name;
      level.resource = resource;
      level.nominal = cell.nominal;
      level.quota = cell.subtree;
      level.used = std::max(cell.usage[0], cell.usage[1]);
      level.available = std::min(tree.Available(at, slot, Usage::kPlanned),
                                 tree.Available(at, slot, Usage::kHeld));
    }
  }

  int64_t Asked(const std::string& resource) const {
    int64_t sum = 0;
    for (const PodSet& pod_set : spec_.spec.queueing.pod_sets) {
      const int64_t pods = std::max(pod_set.count, 0);
      sum += resource == "pods" ? pods : pod_set.request.Get(resource) * pods;
    }
    return sum;
  }

  // What is missing could come from a limit of the own queue, from quota that another keeps for
  // itself, or from the ends of others.
  std::string QuotaChange() {
    if (short_slot_ == QuotaTree::kNone) return "";
    const QuotaTree& tree = world_.ledger().tree;
    const std::string& resource = tree.SlotResource(node_, short_slot_);
    const std::string missing = AmountOf(resource, short_missing_) + " " + resource;
    const auto usable = [&](int32_t at) {
      return std::min(tree.Available(at, short_slot_, Usage::kPlanned),
                      tree.Available(at, short_slot_, Usage::kHeld));
    };
    const int32_t parent = tree.node(node_).parent;
    const QuotaTree::Cell& own = tree.cell(node_, short_slot_);
    const int64_t kept =
        std::max<int64_t>(0, own.guaranteed - std::max(own.usage[0], own.usage[1]));
    if (parent != QuotaTree::kNone && own.borrowing_limit != kNoLimit &&
        usable(parent) + kept >= short_amount_) {
      return "fits if the borrowingLimit of ClusterQueue " + tree.node(node_).name + " for " +
             resource + " in flavor " + short_flavor_ + " rises by " +
             AmountOf(resource, short_missing_);
    }
    for (size_t i = 0; parent != QuotaTree::kNone && i < tree.nodes().size(); ++i) {
      const auto index = static_cast<int32_t>(i);
      const QuotaTree::Node& other = tree.nodes()[i];
      if (other.tree != tree.node(node_).tree || index == node_ || other.parent != parent) continue;
      const QuotaTree::Cell& cell = tree.cell(index, short_slot_);
      if (cell.guaranteed - std::max(cell.usage[0], cell.usage[1]) < short_missing_) continue;
      return std::string("fits if ") + (other.queue ? "queue " : "cohort ") + other.name +
             " lends " + missing + " more";
    }
    return "fits if nominalQuota of ClusterQueue " + tree.node(node_).name + " for " + resource +
           " in flavor " + short_flavor_ + " rises by " + AmountOf(resource, short_missing_) +
           ", or as much comes free";
  }

  std::string NeverChange(ClusterQueueId home) {
    const QuotaTree& tree = world_.ledger().tree;
    const std::string& queue = world_.quota().cluster_queues.Find(home)->name;
    if (plan_.assignment.exceeds_maximum && short_slot_ != QuotaTree::kNone) {
      const std::string& resource = tree.SlotResource(node_, short_slot_);
      const int64_t more = short_amount_ - tree.cell(node_, short_slot_).potential;
      return "may fit if nominalQuota of ClusterQueue " + queue + " for " + resource +
             " in flavor " + short_flavor_ + " rises by " +
             AmountOf(resource, std::max<int64_t>(more, 0));
    }
    for (const std::string& reason : plan_.assignment.reasons) {
      if (reason.find(" unavailable in ClusterQueue") == std::string::npos) continue;
      return "may fit if ClusterQueue " + queue + " covers the resource";
    }
    const std::string change = FlavorChange();
    if (!change.empty()) return change;
    return "may fit if a flavor of ClusterQueue " + queue + " suits its node selector and " +
           "tolerations";
  }

  // The first flavor that one toleration or one label would make suit the pods.
  std::string FlavorChange() const {
    const QuotaTree& tree = world_.ledger().tree;
    for (const PodSet& pod_set : spec_.spec.queueing.pod_sets) {
      for (const QuotaTree::Group& group : tree.node(node_).groups) {
        for (const QuotaTree::GroupFlavor& each : group.flavors) {
          FlavorSpec flavor = *world_.quota().flavors.Find(each.id);
          if (FlavorSuits(flavor, group.label_keys, pod_set, nullptr)) continue;
          const std::vector<Taint> taints = std::exchange(flavor.node_taints, {});
          if (FlavorSuits(flavor, group.label_keys, pod_set, nullptr)) {
            std::vector<Toleration> all = pod_set.tolerations;
            all.insert(all.end(), flavor.tolerations.begin(), flavor.tolerations.end());
            return "may fit if the job tolerates " +
                   TaintText(*FirstUntoleratedTaint(taints, all)) + " of flavor " + each.name;
          }
          for (const SelectorTerm& term : pod_set.node_terms) {
            for (const LabelRequirement& wanted : term.requirements) {
              if (wanted.op != LabelRequirement::Op::kIn || wanted.values.empty()) continue;
              FlavorSpec other = flavor;
              other.node_labels[wanted.key] = wanted.values.front();
              if (!taints.empty() || !FlavorSuits(other, group.label_keys, pod_set, nullptr)) {
                continue;
              }
              return "may fit if flavor " + each.name + " had the node label " + wanted.key + "=" +
                     wanted.values.front();
            }
          }
        }
      }
    }
    return "";
  }

  // The cluster that would do if it were open, or that lacks the least.
  std::string RoomChange() {
    std::string change;
    const Judge judge(world_, record_);
    for (const auto& [id, state] : world_.clusters()) {
      if (judge.AskEmpty(state) != Verdict::kFits || !state.measured) continue;
      const Resources& total = spec_.need;
      const bool has_room = HasRoom(total, spec_.pod, state.Free(), state.capacity);
      const std::string& name = state.record.spec.name;
      if (has_room && state.record.spec.IsClosed() && state.ready) {
        return "fits if cluster " + name + " is " + OpenedWord(state.record.spec);
      }
      if (has_room && !state.ready) return "fits if cluster " + name + " becomes ready";
      const std::string resource = total.FirstMissing(state.Free());
      if (!change.empty() || resource.empty() || !state.IsOpen()) continue;
      const int64_t missing =
          total.Get(resource) - std::max<int64_t>(0, state.Free().Get(resource));
      change = "fits if " + AmountOf(resource, missing) + " " + resource +
               " come free on cluster " + name;
    }
    return change;
  }

  World& world_;
  const JobRecord& record_;
  Instant now_;
  const SpecEntry& spec_;
  Decision decision_;
  AdmitPlan plan_;
  int32_t node_ = QuotaTree::kNone;
  int32_t short_slot_ = QuotaTree::kNone;
  int64_t short_amount_ = 0;
  int64_t short_missing_ = 0;
  std::string short_flavor_;
};

}  // namespace

Decision ExplainQueued(World& world, const JobRecord& record, Instant now) {
  if (!record.quota || !record.spec || world.ledger().stale()) return ExplainJob(world, record);
  return Explanation(world, record, now).Run();
}

}  // namespace fairway::scheduler
