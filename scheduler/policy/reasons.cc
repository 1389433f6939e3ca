#include "scheduler/policy/reasons.h"

#include <algorithm>
#include <array>

#include "scheduler/names.h"
#include "scheduler/names_trouble.h"

namespace fairway::scheduler {
namespace {

// An amount as people write it: "1500m" of cpu, "2Gi" of memory, "3" of pods.
std::string AmountText(std::string_view resource, int64_t amount) {
  const std::string digits = std::to_string(amount);
  std::string text = digits;
  if (resource == "cpu") {
    text += 'm';
  } else if (resource == "memory" || resource == "ephemeral-storage") {
    constexpr std::array<std::string_view, 5> kSuffixes = {"", "Ki", "Mi", "Gi", "Ti"};
    size_t suffix = 0;
    // Whole Mi are enough for an explanation; smaller amounts stay exact.
    while (suffix + 1 < kSuffixes.size() && amount >= 10'240) {
      amount /= 1024;
      ++suffix;
    }
    return std::to_string(amount) + std::string(kSuffixes[suffix]);
  }
  const auto canonical = CanonicalQuantity(text);
  return canonical ? *canonical : digits;
}

// "needs 4 cpu, 1500m is free": of the first resource that is missing, or of the node that is too
// small.
struct Shortage {
  std::string resource;
  int64_t need = 0;
  int64_t have = 0;
  bool on_node = false;
};

Shortage FindShortage(const SpecEntry& spec, const Resources& room, const Resources& node) {
  Shortage shortage;
  shortage.resource = spec.need.FirstMissing(room);
  if (!shortage.resource.empty()) {
    shortage.need = spec.need.Get(shortage.resource);
    shortage.have = room.Get(shortage.resource);
    return shortage;
  }
  shortage.on_node = true;
  shortage.resource = spec.pod.FirstMissing(node);
  shortage.need = spec.pod.Get(shortage.resource);
  shortage.have = node.Get(shortage.resource);
  return shortage;
}

Shortage ShortageOf(const SpecEntry& spec, const ClusterState& state, Against against) {
  const Capacity& capacity = state.capacity;
  return against == Against::kNow
             ? FindShortage(spec, state.Free(), capacity.largest_node_free)
             : FindShortage(spec, capacity.allocatable, capacity.largest_node_allocatable);
}

std::string ShortageText(const Shortage& shortage, std::string_view state) {
  const int64_t have = std::max<int64_t>(shortage.have, 0);
  return std::string(shortage.on_node ? "a pod needs " : "needs ") +
         AmountText(shortage.resource, shortage.need) + " " + shortage.resource + ", " +
         AmountText(shortage.resource, have) + " is " + std::string(state) +
         (shortage.on_node ? " on the roomiest node" : "");
}

}  // namespace

std::string TaintText(const Taint& taint) {
  std::string text = taint.key;
  if (!taint.value.empty()) text += "=" + taint.value;
  return text + (taint.effect == TaintEffect::kNoExecute ? ":NoExecute" : ":NoSchedule");
}

namespace {

std::string PlaceText(const TopologyKey& topology, const ClusterState& cluster) {
  const auto place = Judge::PlaceOf(topology, cluster);
  if (topology.empty()) return "cluster " + cluster.record.spec.name;
  return place ? topology + "=" + *place : "a cluster without the label " + topology;
}

std::string SelectorText(const JobSelector& jobs) {
  if (jobs.requirements.empty()) return "every job of namespace " + jobs.scope;
  std::string text = "jobs with ";
  bool first = true;
  for (const LabelRequirement& each : jobs.requirements) {
    if (!first) text += ",";
    first = false;
    using Op = LabelRequirement::Op;
    if (each.op == Op::kDoesNotExist) text += "!";
    text += each.key;
    if (each.op == Op::kIn) text += each.values.size() == 1 ? "=" : " in (";
    if (each.op == Op::kNotIn) text += " notin (";
    for (size_t i = 0; i < each.values.size(); ++i) text += (i > 0 ? "," : "") + each.values[i];
    if (each.op == Op::kNotIn || (each.op == Op::kIn && each.values.size() != 1)) text += ")";
  }
  return text;
}

const Taint* NodeTaintOf(const Judge& judge, const ClusterState& cluster) {
  const PlacementRules* rules = judge.spec().rules();
  const NodeWish* wish = rules == nullptr ? nullptr : &rules->nodes;
  for (const NodeClass& nodes : cluster.capacity.node_classes) {
    if (!MatchesNodeLabels(wish, nodes, cluster.capacity)) continue;
    if (const Taint* taint = FirstUntoleratedNodeTaint(wish, nodes)) return taint;
  }
  return nullptr;
}

int64_t PodsThatFitThere(const Judge& judge, const ClusterState& cluster, Against against) {
  const bool now = against == Against::kNow;
  return CountPodsThatFit(
      judge.spec(), now ? judge.NodesOf(cluster) : cluster.capacity.node_classes, cluster.capacity,
      now ? Rooms::kFree : Rooms::kWhole, judge.spec().need.pods);
}

// "3 of 8 pods fit: the freest node has 1500m cpu".
std::string FragmentedText(const Judge& judge, const ClusterState& cluster, Against against) {
  const PlacementRules* rules = judge.spec().rules();
  const NodeWish* wish = rules == nullptr ? nullptr : &rules->nodes;
  const bool now = against == Against::kNow;
  const std::vector<NodeClass> nodes = now ? judge.NodesOf(cluster) : cluster.capacity.node_classes;
  Resources freest;
  for (const NodeClass& each : nodes) {
    if (!MatchesNodeLabels(wish, each, cluster.capacity) || !MatchesNodeTaints(wish, each)) {
      continue;
    }
    for (const NodeRoom& room : now ? each.free : each.whole) {
      if (room.amounts.cpu_milli > freest.cpu_milli) freest = room.amounts;
    }
  }
  std::string missing = judge.spec().pod.FirstMissing(freest);
  if (missing.empty()) missing = "cpu";
  return std::to_string(PodsThatFitThere(judge, cluster, against)) + " of " +
         std::to_string(judge.spec().need.pods) + " pods fit: the freest node has " +
         AmountText(missing, std::max<int64_t>(freest.Get(missing), 0)) + " " + missing;
}

std::string DatasetText(const Judge& judge, const ClusterState& cluster) {
  const PlacementRules* rules = judge.spec().rules();
  const DatasetWish* missing =
      rules == nullptr ? nullptr : FirstMissingDataset(*rules, cluster.record.spec);
  return missing == nullptr ? "" : missing->name;
}

std::string AffinityText(const Judge& judge, const ClusterState& cluster, bool anti) {
  const JobAffinityTerm* term = judge.FailedAffinity(cluster, anti);
  if (term == nullptr) return "jobs there do not want this one near them";
  return SelectorText(term->jobs) + (anti ? " run in " : " do not run in ") +
         PlaceText(term->topology, cluster);
}

std::string SpreadText(const Judge& judge, const ClusterState& cluster) {
  const Judge::Skew skew = judge.FailedSpread(cluster);
  if (skew.spread == nullptr) return "its label for the topology is missing";
  if (!Judge::PlaceOf(skew.spread->topology, cluster)) {
    return "it lacks the label " + skew.spread->topology + " of a spread constraint";
  }
  return std::to_string(skew.there) + " such jobs are in " +
         PlaceText(skew.spread->topology, cluster) + ", " + std::to_string(skew.fewest) +
         " where there are fewest; maxSkew is " + std::to_string(skew.spread->max_skew);
}

// What would have to be different, about a cluster whose only obstacle is this one.
std::string ChangeText(Verdict verdict, const Judge& judge, const ClusterState& cluster) {
  const std::string name = "cluster " + cluster.record.spec.name;
  switch (verdict) {
    case Verdict::kCordoned:
      return "fits if " + name + " is " + OpenedWord(cluster.record.spec);
    case Verdict::kNotReady:
      return "fits if " + name + " can be reached again";
    case Verdict::kTaint: {
      const Taint* taint =
          FirstUntoleratedTaint(cluster.record.spec.taints, judge.spec().spec.tolerations);
      return taint == nullptr ? ""
                              : "fits if the job tolerates " + TaintText(*taint) + " of " + name;
    }
    case Verdict::kAffinity:
      return "fits if the cluster affinity allows " + name;
    case Verdict::kDataset:
      return "fits if " + name + " holds the dataset " + DatasetText(judge, cluster);
    case Verdict::kJobAffinity: {
      const JobAffinityTerm* term = judge.FailedAffinity(cluster, false);
      if (term == nullptr) return "";
      return "fits once " + SelectorText(term->jobs) + " run in " +
             PlaceText(term->topology, cluster);
    }
    case Verdict::kJobAntiAffinity: {
      const JobAffinityTerm* term = judge.FailedAffinity(cluster, true);
      return term == nullptr ? "fits once the jobs that keep it away have left " + name
                             : "fits once " + SelectorText(term->jobs) + " have left " +
                                   PlaceText(term->topology, cluster);
    }
    case Verdict::kSpread: {
      const Judge::Skew skew = judge.FailedSpread(cluster);
      if (skew.spread == nullptr || !Judge::PlaceOf(skew.spread->topology, cluster)) return "";
      return "fits if maxSkew were " + std::to_string(skew.skew);
    }
    case Verdict::kInsufficient: {
      // A gang that would not fit if the cluster were empty can only be smaller.
      if (judge.spec().spec.gang && judge.spec().need.pods > 1 &&
          judge.AskEmpty(cluster) != Verdict::kFits) {
        const int64_t pods = PodsThatFitThere(judge, cluster, Against::kNow);
        if (pods > 0 && pods < judge.spec().need.pods) {
          return "fits if parallelism were " + std::to_string(pods);
        }
      }
      const Shortage shortage = ShortageOf(judge.spec(), cluster, Against::kNow);
      return "fits if " + AmountText(shortage.resource, shortage.need - shortage.have) + " more " +
             shortage.resource + " were free " + (shortage.on_node ? "on a node of " : "on ") +
             name;
    }
    case Verdict::kNodeTaint: {
      const Taint* taint = NodeTaintOf(judge, cluster);
      return taint == nullptr
                 ? ""
                 : "fits if its pods tolerate " + TaintText(*taint) + " of nodes of " + name;
    }
    case Verdict::kFragmented: {
      const int64_t pods = PodsThatFitThere(judge, cluster, Against::kNow);
      if (pods > 0) return "fits if parallelism were " + std::to_string(pods);
      return "fits if a node of " + name + " had room for one of its pods";
    }
    case Verdict::kNoMatchingNode:
      return "fits if " + name + " had nodes with the labels that its pods ask for";
    default:
      return "";
  }
}

// From the least trouble to the most.
std::string AvoidedText(const Judge& judge, const ClusterState& cluster) {
  const FormerEpoch* former = AvoidanceOf(judge.record(), cluster.record.cluster);
  if (former == nullptr) return "";
  std::string text = "could not run this job before (";
  switch (former->reason) {
    case EndReason::kImagePull:
      text += "an image could not be pulled";
      break;
    case EndReason::kPodsRefused:
      text += "its pods could not be made";
      break;
    default:
      text += "its pods failed with their nodes";
      break;
  }
  return text + "), and is avoided for a while";
}

constexpr std::array<Verdict, 11> kByTrouble = {
    Verdict::kCordoned,        Verdict::kSpread,      Verdict::kTaint,    Verdict::kNodeTaint,
    Verdict::kJobAntiAffinity, Verdict::kDataset,     Verdict::kAffinity, Verdict::kFragmented,
    Verdict::kInsufficient,    Verdict::kJobAffinity, Verdict::kNotReady};

}  // namespace

std::string_view ReasonOf(Verdict verdict) {
  static constexpr std::array<std::string_view, kVerdicts> kReasons = {
      names::kReasonFits,
      names::kReasonNotReady,
      names::kReasonNotMeasured,
      names::kReasonCordoned,
      names::kReasonRejected,
      names::kReasonAvoided,
      names::kReasonSibling,
      names::kReasonAffinity,
      names::kReasonTaint,
      names::kReasonDataset,
      names::kReasonClaim,
      names::kReasonJobAffinity,
      names::kReasonJobAntiAffinity,
      names::kReasonSpread,
      names::kReasonInsufficient,
      names::kReasonNoMatchingNode,
      names::kReasonNodeTaint,
      names::kReasonFragmented};
  return kReasons[static_cast<size_t>(verdict)];
}

std::string MessageOf(Verdict verdict, const Judge& judge, const ClusterState& cluster,
                      Against against) {
  switch (verdict) {
    case Verdict::kFits:
      return "has room";
    case Verdict::kNotReady:
      return "the link is down";
    case Verdict::kNotMeasured:
      return "its capacity has not been seen yet";
    case Verdict::kCordoned:
      return "takes no new jobs";
    case Verdict::kRejected:
      return "refused this job before";
    case Verdict::kAvoided:
      return AvoidedText(judge, cluster);
    case Verdict::kSibling:
      return "another part of this job is there";
    case Verdict::kAffinity:
      return "its labels do not match the required affinity";
    case Verdict::kTaint: {
      const Taint* taint =
          FirstUntoleratedTaint(cluster.record.spec.taints, judge.spec().spec.tolerations);
      return taint == nullptr ? "" : "does not tolerate " + TaintText(*taint);
    }
    case Verdict::kDataset:
      return "does not hold the dataset " + DatasetText(judge, cluster);
    case Verdict::kClaim: {
      const std::string* claim = judge.FailedClaim(cluster);
      return claim == nullptr ? "" : "the volume of claim " + *claim + " is elsewhere";
    }
    case Verdict::kJobAffinity:
    case Verdict::kJobAntiAffinity:
      return AffinityText(judge, cluster, verdict == Verdict::kJobAntiAffinity);
    case Verdict::kSpread:
      return SpreadText(judge, cluster);
    case Verdict::kInsufficient:
      return ShortageText(ShortageOf(judge.spec(), cluster, against),
                          against == Against::kNow ? "free" : "all it has");
    case Verdict::kNoMatchingNode:
      return "no node has the labels that its pods ask for";
    case Verdict::kNodeTaint: {
      const Taint* taint = NodeTaintOf(judge, cluster);
      return taint == nullptr ? "" : "its pods do not tolerate " + TaintText(*taint) + " of nodes";
    }
    case Verdict::kFragmented:
      return FragmentedText(judge, cluster, against);
  }
  return "";
}

int64_t MissingAmount(const Judge& judge, const ClusterState& cluster, Against against) {
  const Shortage shortage = ShortageOf(judge.spec(), cluster, against);
  return shortage.need - shortage.have;
}

std::string NearestChange(const World& world, const Judge& judge) {
  std::array<std::string, kVerdicts> changes;
  int64_t least_missing = 0;
  for (const auto& [id, state] : world.clusters()) {
    const Verdict verdict = judge.Ask(state).verdict;
    std::string& change = changes[static_cast<size_t>(verdict)];
    const bool insufficient = verdict == Verdict::kInsufficient;
    if (!change.empty() && !insufficient) continue;
    // More room comes as nodes with room.
    const Verdict rest = judge.Ask(state, verdict).verdict;
    if (rest != Verdict::kFits && !(insufficient && rest == Verdict::kFragmented)) continue;
    const int64_t missing = insufficient ? MissingAmount(judge, state, Against::kNow) : int64_t{0};
    if (!change.empty() && missing >= least_missing) continue;
    least_missing = missing;
    change = ChangeText(verdict, judge, state);
  }
  for (const Verdict verdict : kByTrouble) {
    if (!changes[static_cast<size_t>(verdict)].empty()) {
      return changes[static_cast<size_t>(verdict)];
    }
  }
  return changes[static_cast<size_t>(Verdict::kNoMatchingNode)];
}

}  // namespace fairway::scheduler
