// ExplainJob: the readable path in words. Cold: runs when somebody asks, or once per decision.
#include <array>
#include <string_view>

#include "scheduler/names.h"
#include "scheduler/placement.h"
#include "scheduler/policy/reasons.h"
#include "scheduler/split/split_plan.h"

namespace fairway::scheduler {
namespace {

// What is collected about one verdict while the clusters are asked in turn.
struct Tally {
  int32_t count = 0;
  std::vector<std::string> names;
  std::string message;  // of the first cluster, or the least short one
  int64_t least_missing = 0;
};

void CountVerdict(Tally& tally, Verdict verdict, const Judge& judge, const ClusterState& state,
                  Against against) {
  if (static_cast<int>(tally.names.size()) < kVerdictNamesMax) {
    tally.names.push_back(state.record.spec.name);
  }
  ++tally.count;
  if (verdict == Verdict::kInsufficient) {
    const int64_t missing = MissingAmount(judge, state, against);
    if (tally.count > 1 && missing >= tally.least_missing) return;
    tally.least_missing = missing;
  } else if (tally.count > 1) {
    return;
  }
  tally.message = MessageOf(verdict, judge, state, against);
}

std::string Counted(int64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

// "; GroupOverflow: group 2 of 3 (eu), as no cluster of those before it has room".
std::string GroupText(const Judge& judge, const PlacementPick& pick) {
  const PlacementRules* rules = judge.spec().rules();
  if (rules == nullptr || rules->groups.empty()) return "";
  const ClusterGroup& group = rules->groups[static_cast<size_t>(pick.group)];
  std::string text =
      "group " + std::to_string(pick.group + 1) + " of " + std::to_string(rules->groups.size());
  if (!group.name.empty()) text += " (" + group.name + ")";
  if (pick.group == 0) return "; " + text;
  return "; " + std::string(names::kReasonGroupOverflow) + ": " + text +
         ", as no cluster of those before it can take it";
}

std::string Summary(const World& world, const Judge& judge, const PlacementPick& pick,
                    const Decision& decision) {
  if (decision.outcome == names::kOutcomePlaced) {
    const ClusterState* state = world.FindCluster(decision.cluster);
    return "best of " + Counted(decision.verdicts.front().count, "cluster") +
           " with room: " + (state == nullptr ? std::string() : state->record.spec.name) +
           GroupText(judge, pick);
  }
  if (world.clusters().empty()) return "no cluster is registered";
  std::string text =
      "0 of " + Counted(static_cast<int64_t>(world.clusters().size()), "cluster") +
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

std::string FreezeText(const FreezeRecord& freeze) {
  std::string text = "the gateway is frozen";
  if (!freeze.reason.empty()) text += ": " + freeze.reason;
  return text;
}

Decision ExplainJob(const World& world, const JobRecord& record) {
  Decision decision;
  decision.job = record.job;
  decision.epoch = record.epoch;
  const SpecEntry* spec = world.specs().Find(record.spec);
  if (spec == nullptr) return decision;  // finished: nothing is to be decided
  const PlacementPick pick = PlaceJobReadably(world, record);
  const Judge judge(world, record);
  decision.cluster = pick.cluster;
  decision.score = pick.score;
  const bool placed = static_cast<bool>(pick.cluster);
  const bool feasible = placed || IsFeasible(world, record);
  const Against against = feasible ? Against::kNow : Against::kEmpty;
  std::array<Tally, kVerdicts> tallies;
  int32_t runner_up_group = 0;
  for (const auto& [id, state] : world.clusters()) {
    const ClusterAnswer answer =
        feasible ? judge.Ask(state) : ClusterAnswer{judge.AskEmpty(state), 0, 0};
    CountVerdict(tallies[static_cast<size_t>(answer.verdict)], answer.verdict, judge, state,
                 against);
    if (answer.verdict != Verdict::kFits || id == pick.cluster) continue;
    if (!decision.runner_up || answer.group < runner_up_group ||
        (answer.group == runner_up_group && answer.score > decision.runner_up_score)) {
      decision.runner_up = id;
      decision.runner_up_score = answer.score;
      runner_up_group = answer.group;
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
  decision.message = Summary(world, judge, pick, decision);
  if (!placed) decision.nearest_change = NearestChange(world, judge);
  if (!spec->spec.split.empty() && (!placed || spec->spec.split[0].bar != SplitBar::kNone)) {
    if (const std::string text = SplitText(world, record); !text.empty()) {
      decision.message += "; " + text;
    }
  }
  if (world.HoldsPlacement() && !record.cluster) {
    const bool frozen = world.freeze().all;
    decision.cluster = ClusterId{};
    decision.outcome = names::kOutcomeWaiting;
    decision.message = frozen ? FreezeText(world.freeze()) : kSettlingText;
    decision.nearest_change = placed && frozen ? "fits once the gateway is unfrozen" : "";
  }
  return decision;
}

}  // namespace fairway::scheduler
