#include "scheduler/split/split_plan.h"

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>

#include "scheduler/constraint.h"
#include "scheduler/policy/judge.h"

namespace fairway::scheduler {
namespace {

struct Candidate {
  ClusterId cluster;
  int32_t group = 0;
  int64_t score = 0;
  int32_t pods = 0;  // the most that fit at once
};

// Answers for any number of pods; each form of the spec is made once.
class ShardRooms {
 public:
  ShardRooms(const World& world, const JobRecord& record, SplitRoom room)
      : world_(world), record_(record), room_(room), whole_(world.specs().Get(record.spec)) {}

  int32_t pods() const { return whole_.spec.parallelism; }
  ClusterAnswer Ask(const ClusterState& cluster, int32_t pods) {
    const Judge& judge = FormOf(pods).judge;
    if (room_ == SplitRoom::kWhenEmpty) return {judge.AskEmpty(cluster)};
    return judge.Ask(cluster);
  }
  int32_t MostPods(const ClusterState& cluster) {
    int32_t fits = 1;
    int32_t fails = pods() + 1;
    while (fails - fits > 1) {
      const int32_t middle = fits + (fails - fits) / 2;
      if (Ask(cluster, middle).verdict == Verdict::kFits) {
        fits = middle;
      } else {
        fails = middle;
      }
    }
    return fits;
  }

 private:
  struct Form {
    Form(const World& world, const JobRecord& record, SpecEntry entry)
        : spec(std::move(entry)), judge(world, record, spec) {}
    SpecEntry spec;
    Judge judge;
  };
  const Form& FormOf(int32_t pods) {
    std::unique_ptr<Form>& form = forms_[pods];
    if (form == nullptr) form = std::make_unique<Form>(world_, record_, WithPods(whole_, pods));
    return *form;
  }

  const World& world_;
  const JobRecord& record_;
  SplitRoom room_;
  const SpecEntry& whole_;
  std::map<int32_t, std::unique_ptr<Form>> forms_;
};

bool IsAmong(const ResidueRecord& residue, ClusterId cluster) {
  return std::any_of(residue.copies.begin(), residue.copies.end(),
                     [&](const Residue& copy) { return copy.cluster == cluster; });
}

// Clusters that can take at least one pod, the best first.
std::vector<Candidate> CandidatesOf(const World& world, const JobRecord& record,
                                    const PlaceScope& scope, SplitRoom room) {
  ShardRooms rooms(world, record, room);
  std::vector<Candidate> candidates;
  const auto residue = world.residues().find(record.job);
  for (const auto& [id, state] : world.clusters()) {
    if (!MatchesRequiredAffinity(scope.only, state.record.spec.labels)) continue;
    // A copy of the whole that was left behind there has the name that a part's would have.
    if (room == SplitRoom::kNow && residue != world.residues().end() &&
        IsAmong(residue->second, id)) {
      continue;
    }
    const ClusterAnswer answer = rooms.Ask(state, 1);
    if (answer.verdict != Verdict::kFits) continue;
    candidates.push_back({id, answer.group, answer.score, rooms.MostPods(state)});
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) {
                     return std::pair(a.group, -a.score) < std::pair(b.group, -b.score);
                   });
  return candidates;
}

int64_t MostParts(const SplitWish& wish) {
  const int64_t by_policy = wish.max_clusters > 0 ? wish.max_clusters : int64_t{kShardsMax};
  const int64_t by_indexes = wish.completions / std::max(wish.min_indexes, 1);
  return std::min({by_policy, by_indexes, static_cast<int64_t>(kShardsMax)});
}

using Shares = std::vector<SplitPart>;  // without indexes

// One after the other, as much as each can take.
Shares Fill(const std::vector<Candidate>& order, int32_t pods, int64_t most_parts) {
  Shares shares;
  for (const Candidate& each : order) {
    if (pods == 0 || static_cast<int64_t>(shares.size()) == most_parts) break;
    shares.push_back({each.cluster, std::min(each.pods, pods), {}});
    pods -= shares.back().pods;
  }
  return pods == 0 ? shares : Shares{};
}

Shares FillRoomiest(std::vector<Candidate> order, int32_t pods, int64_t most_parts) {
  std::stable_sort(order.begin(), order.end(),
                   [](const Candidate& a, const Candidate& b) { return a.pods > b.pods; });
  return Fill(order, pods, most_parts);
}

// As evenly as their room allows, over the best of them.
Shares Level(const std::vector<Candidate>& order, int32_t pods, int64_t most_parts) {
  const auto count = static_cast<size_t>(
      std::min({static_cast<int64_t>(order.size()), most_parts, int64_t{pods}}));
  Shares shares;
  if (count < 2) return shares;
  for (size_t i = 0; i < count; ++i) shares.push_back({order[i].cluster, 0, {}});
  std::vector<size_t> tightest(count);
  std::iota(tightest.begin(), tightest.end(), size_t{0});
  std::stable_sort(tightest.begin(), tightest.end(),
                   [&](size_t a, size_t b) { return order[a].pods < order[b].pods; });
  for (size_t i = 0; i < count; ++i) {
    const auto left = static_cast<int32_t>(count - i);
    int32_t& share = shares[tightest[i]].pods;
    share = std::min(order[tightest[i]].pods, pods / left);
    pods -= share;
  }
  return pods == 0 ? shares : Shares{};
}

// Every part gets indexes in proportion to its pods, and no fewer than it has pods or the policy
// allows; what that takes comes from the largest.
bool GiveIndexes(const SplitWish& wish, int32_t pods, Shares& shares) {
  std::vector<int64_t> counts;
  int64_t taken = 0;
  int64_t before = 0;
  for (const SplitPart& share : shares) {
    taken += share.pods;
    const int64_t until = int64_t{wish.completions} * taken / pods;
    counts.push_back(std::max<int64_t>(until - before, wish.min_indexes));
    before = until;
  }
  int64_t over = std::accumulate(counts.begin(), counts.end(), int64_t{0}) - wish.completions;
  while (over > 0) {
    const auto largest = std::max_element(counts.begin(), counts.end());
    if (*largest <= wish.min_indexes) return false;
    const int64_t cut = std::min(over, std::max<int64_t>((*largest - wish.min_indexes) / 2, 1));
    *largest -= cut;
    over -= cut;
  }
  int64_t first = 0;
  for (size_t i = 0; i < shares.size(); ++i) {
    shares[i].indexes = {static_cast<int32_t>(first), static_cast<int32_t>(first + counts[i] - 1)};
    shares[i].pods = static_cast<int32_t>(std::min<int64_t>(shares[i].pods, counts[i]));
    first += counts[i];
  }
  return true;
}

// Rules about other jobs count whole jobs.
bool HasJobRules(const JobSpec& spec) {
  return !spec.rules.empty() &&
         (!spec.rules.front().job_affinity.empty() || !spec.rules.front().spread.empty());
}

}  // namespace

bool MaySplit(const JobRecord& record, const JobSpec& spec) {
  return !spec.split.empty() && !HasJobRules(spec) && spec.split.front().bar == SplitBar::kNone &&
         !record.part && spec.parallelism > 1 && spec.split.front().completions >= spec.parallelism;
}

std::vector<SplitPart> PlanSplit(const World& world, const JobRecord& record,
                                 const PlaceScope& scope, SplitRoom room) {
  const JobSpec& spec = world.specs().Get(record.spec).spec;
  const SplitWish& wish = spec.split.front();
  const int64_t most = MostParts(wish);
  if (most < 2) return {};
  const std::vector<Candidate> candidates = CandidatesOf(world, record, scope, room);
  Shares shares;
  if (wish.mode == SplitMode::kAlways) shares = Level(candidates, spec.parallelism, most);
  if (shares.empty()) shares = Fill(candidates, spec.parallelism, most);
  if (shares.empty()) shares = FillRoomiest(candidates, spec.parallelism, most);
  if (shares.size() < 2 || !GiveIndexes(wish, spec.parallelism, shares)) return {};
  return shares;
}

std::vector<int32_t> DividePods(int32_t pods, const std::vector<int64_t>& indexes) {
  const int64_t all = std::accumulate(indexes.begin(), indexes.end(), int64_t{0});
  const int64_t divided = std::min<int64_t>(std::max(pods, 0), all);
  std::vector<int32_t> shares;
  std::vector<size_t> order;
  std::vector<int64_t> lacks;
  int64_t left = divided;
  for (const int64_t count : indexes) {
    const int64_t share = all == 0 ? 0 : divided * count / all;
    order.push_back(shares.size());
    shares.push_back(static_cast<int32_t>(share));
    lacks.push_back(all == 0 ? 0 : divided * count % all);
    left -= share;
  }
  // What rounding has left over goes to those that have none, then to whom it has cost most.
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::pair(shares[a] > 0, -lacks[a]) < std::pair(shares[b] > 0, -lacks[b]);
  });
  for (const size_t i : order) {
    if (left == 0) break;
    if (shares[i] >= indexes[i]) continue;
    ++shares[i];
    --left;
  }
  return shares;
}

JobSpec SpecOfPart(const JobSpec& whole, int32_t pods) {
  JobSpec spec = whole;
  spec.split.clear();
  spec.parallelism = pods;
  for (PodSet& pod_set : spec.queueing.pod_sets) {
    pod_set.count = pods;
    pod_set.min_count = 0;
  }
  return spec;
}

std::string_view SplitBarText(SplitBar bar) {
  switch (bar) {
    case SplitBar::kNone:
      return "";
    case SplitBar::kNotIndexed:
      return "its completionMode is not Indexed";
    case SplitBar::kOptedOut:
      return "its annotation fairway.flext.sh/split says false";
    case SplitBar::kPodFailures:
      return "it has a podFailurePolicy";
    case SplitBar::kSuccess:
      return "it has a successPolicy";
    case SplitBar::kPerIndex:
      return "it has a backoffLimitPerIndex";
    case SplitBar::kExecutionLimit:
      return "it has a maximum execution time";
  }
  return "";
}

std::string SplitText(const World& world, const JobRecord& record) {
  const SpecEntry* spec = world.specs().Find(record.spec);
  if (spec == nullptr || spec->spec.split.empty() || record.part) return "";
  const SplitWish& wish = spec->spec.split.front();
  if (wish.bar != SplitBar::kNone) return "not split: " + std::string(SplitBarText(wish.bar));
  if (HasJobRules(spec->spec)) return "not split: it has rules about other jobs";
  const ClusterQueueId queue = world.ledger().HomeOf(spec->spec.queueing.local_queue);
  const ClusterQueueSpec* rules = queue ? world.quota().cluster_queues.Find(queue) : nullptr;
  if (rules != nullptr && rules->survive_cluster_loss) {
    return "not split: its queue keeps room for the loss of a cluster";
  }
  if (!MaySplit(record, spec->spec)) return "not split: one pod at a time runs in one place";
  int64_t pods = 0;
  const std::vector<Candidate> candidates = CandidatesOf(world, record, {}, SplitRoom::kNow);
  for (const Candidate& each : candidates) pods += each.pods;
  if (pods < spec->spec.parallelism) {
    return "split: all clusters together can take " + std::to_string(pods) + " of " +
           std::to_string(spec->spec.parallelism) + " pods now";
  }
  return "split: no parts of at least " + std::to_string(wish.min_indexes) +
         " indexes over at most " + std::to_string(MostParts(wish)) + " clusters have room now";
}

}  // namespace fairway::scheduler
