// ExplainJob: the readable path in words. Cold: runs when somebody asks, or once per decision.
#include <array>
#include <string_view>

#include "scheduler/names.h"
#include "scheduler/placement.h"

namespace fairway::scheduler {
namespace {

constexpr size_t kVerdicts = static_cast<size_t>(Verdict::kInsufficient) + 1;

std::string_view ReasonOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kFits:
      return names::kReasonFits;
    case Verdict::kNotReady:
      return names::kReasonNotReady;
    case Verdict::kNotMeasured:
      return names::kReasonNotMeasured;
    case Verdict::kCordoned:
      return names::kReasonCordoned;
    case Verdict::kRejected:
      return names::kReasonRejected;
    case Verdict::kAffinity:
      return names::kReasonAffinity;
    case Verdict::kTaint:
      return names::kReasonTaint;
    case Verdict::kInsufficient:
      return names::kReasonInsufficient;
  }
  return "";
}

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
  shortage.resource = spec.total.FirstMissing(room);
  if (!shortage.resource.empty()) {
    shortage.need = spec.total.Get(shortage.resource);
    shortage.have = room.Get(shortage.resource);
    return shortage;
  }
  shortage.on_node = true;
  shortage.resource = spec.pod.FirstMissing(node);
  shortage.need = spec.pod.Get(shortage.resource);
  shortage.have = node.Get(shortage.resource);
  return shortage;
}

std::string ShortageText(const Shortage& shortage, std::string_view state) {
  const int64_t have = shortage.have < 0 ? 0 : shortage.have;
  return std::string(shortage.on_node ? "a pod needs " : "needs ") +
         AmountText(shortage.resource, shortage.need) + " " + shortage.resource + ", " +
         AmountText(shortage.resource, have) + " is " + std::string(state) +
         (shortage.on_node ? " on the roomiest node" : "");
}

// The taint in the way, as kubectl writes it: key=value:Effect.
std::string TaintText(const Taint& taint) {
  std::string text = taint.key;
  if (!taint.value.empty()) text += "=" + taint.value;
  return text + (taint.effect == TaintEffect::kNoExecute ? ":NoExecute" : ":NoSchedule");
}

// Now: against what is free. Never: against what the empty cluster has.
enum class Against { kNow, kEmpty };

Shortage ShortageOf(const SpecEntry& spec, const ClusterState& state, Against against) {
  const Capacity& capacity = state.capacity;
  return against == Against::kNow
             ? FindShortage(spec, state.Free(), capacity.largest_node_free)
             : FindShortage(spec, capacity.allocatable, capacity.largest_node_allocatable);
}

// What is collected about one verdict while the clusters are asked in turn.
struct Tally {
  int32_t count = 0;
  std::vector<std::string> names;
  std::string message;  // of the first cluster, or the least short one
  int64_t least_missing = 0;
};

std::string MessageOf(Verdict verdict, const SpecEntry& spec, const ClusterState& state,
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
    case Verdict::kAffinity:
      return "its labels do not match the required affinity";
    case Verdict::kTaint: {
      const Taint* taint = FirstUntoleratedTaint(state.record.spec.taints, spec.spec.tolerations);
      return taint == nullptr ? "" : "does not tolerate " + TaintText(*taint);
    }
    case Verdict::kInsufficient:
      return ShortageText(ShortageOf(spec, state, against),
                          against == Against::kNow ? "free" : "all it has");
  }
  return "";
}

void CountVerdict(Tally& tally, Verdict verdict, const SpecEntry& spec, const ClusterState& state,
                  Against against) {
  if (static_cast<int>(tally.names.size()) < kVerdictNamesMax) {
    tally.names.push_back(state.record.spec.name);
  }
  ++tally.count;
  if (verdict == Verdict::kInsufficient) {
    const Shortage shortage = ShortageOf(spec, state, against);
    const int64_t missing = shortage.need - shortage.have;
    if (tally.count > 1 && missing >= tally.least_missing) return;
    tally.least_missing = missing;
  } else if (tally.count > 1) {
    return;
  }
  tally.message = MessageOf(verdict, spec, state, against);
}

std::string CountOf(int64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string Summary(const World& world, const Decision& decision) {
  if (decision.outcome == names::kOutcomePlaced) {
    const ClusterState* state = world.FindCluster(decision.cluster);
    return "best of " + CountOf(decision.verdicts.front().count, "cluster") +
           " with room: " + (state == nullptr ? std::string() : state->record.spec.name);
  }
  if (world.clusters().empty()) return "no cluster is registered";
  std::string text =
      "0 of " + CountOf(static_cast<int64_t>(world.clusters().size()), "cluster") +
      (decision.outcome == names::kOutcomeInfeasible ? " could run this job even when empty: "
                                                     : " can take this job now: ");
  bool first = true;
  for (const VerdictGroup& group : decision.verdicts) {
    if (!first) text += "; ";
    first = false;
    text += std::to_string(group.count) + " " + group.reason + " (" + group.message + ")";
  }
  return text;
}

}  // namespace

Decision ExplainJob(const World& world, const JobRecord& record) {
  Decision decision;
  decision.job = record.job;
  decision.epoch = record.epoch;
  const SpecEntry* spec = world.specs().Find(record.spec);
  if (spec == nullptr) return decision;  // finished: nothing is to be decided
  const PlacementPick pick = PlaceJobReadably(world, record);
  decision.cluster = pick.cluster;
  decision.score = pick.score;
  const bool placed = static_cast<bool>(pick.cluster);
  const bool feasible = placed || IsFeasible(world, record, *spec);
  const Against against = feasible ? Against::kNow : Against::kEmpty;
  std::array<Tally, kVerdicts> tallies;
  for (const auto& [id, state] : world.clusters()) {
    const ClusterAnswer answer = feasible
                                     ? JudgeCluster(record, *spec, state)
                                     : ClusterAnswer{JudgeEmptyCluster(record, *spec, state), 0};
    CountVerdict(tallies[static_cast<size_t>(answer.verdict)], answer.verdict, *spec, state,
                 against);
    if (answer.verdict != Verdict::kFits || id == pick.cluster) continue;
    if (!decision.runner_up || answer.score > decision.runner_up_score) {
      decision.runner_up = id;
      decision.runner_up_score = answer.score;
    }
  }
  for (size_t i = 0; i < kVerdicts; ++i) {
    Tally& tally = tallies[i];
    if (tally.count == 0) continue;
    decision.verdicts.push_back({std::string(ReasonOf(static_cast<Verdict>(i))),
                                 std::move(tally.message), tally.count, std::move(tally.names)});
  }
  decision.outcome = placed     ? names::kOutcomePlaced
                     : feasible ? names::kOutcomeWaiting
                                : names::kOutcomeInfeasible;
  decision.message = Summary(world, decision);
  return decision;
}

}  // namespace fairway::scheduler
