#include "scheduler/policy/node_fit.h"

#include <algorithm>
#include <limits>

#include "scheduler/constraint.h"

namespace fairway::scheduler {
namespace {

constexpr int64_t kMany = std::numeric_limits<int64_t>::max();

int64_t Times(int64_t have, int64_t need) {
  if (need <= 0) return kMany;
  return have <= 0 ? 0 : have / need;
}

const NodeWish* WishOf(const SpecEntry& spec) {
  return spec.rules() == nullptr ? nullptr : &spec.rules()->nodes;
}

// Beside a label that does not tell nodes apart, a term is what is left of it.
bool TermHolds(const SelectorTerm& term, const NodeClass& nodes, const Capacity& capacity) {
  if (term.requirements.empty()) return false;
  return std::all_of(
      term.requirements.begin(), term.requirements.end(), [&](const LabelRequirement& each) {
        const auto& blurred = capacity.blurred_labels;
        return std::find(blurred.begin(), blurred.end(), each.key) != blurred.end() ||
               MatchesRequirement(each, nodes.labels);
      });
}

bool Matches(const NodeWish* wish, const NodeClass& nodes, const Capacity& capacity) {
  return MatchesNodeTaints(wish, nodes) && MatchesNodeLabels(wish, nodes, capacity);
}

// Takes one pod's request off `count` nodes of rooms[at], which keeps the order by cpu.
void TakeFrom(std::vector<NodeRoom>& rooms, size_t at, int32_t count, const Resources& pod) {
  NodeRoom taken{rooms[at].amounts, count};
  taken.amounts.Subtract(pod);
  rooms[at].nodes -= count;
  if (rooms[at].nodes == 0) rooms.erase(rooms.begin() + static_cast<ptrdiff_t>(at));
  const auto after = std::find_if(rooms.begin(), rooms.end(), [&](const NodeRoom& room) {
    return room.amounts.cpu_milli <= taken.amounts.cpu_milli;
  });
  for (auto same = after; same != rooms.end() && same->amounts.cpu_milli == taken.amounts.cpu_milli;
       ++same) {
    if (same->amounts == taken.amounts) {
      same->nodes += count;
      return;
    }
  }
  rooms.insert(after, std::move(taken));
}

// The class and room with most cpu free that takes such a pod.
struct Spot {
  NodeClass* nodes = nullptr;
  size_t room = 0;
};
Spot FreestSpot(const std::vector<NodeClass*>& open, const Resources& pod) {
  Spot best;
  for (NodeClass* nodes : open) {
    for (size_t i = 0; i < nodes->free.size(); ++i) {
      const Resources& room = nodes->free[i].amounts;
      if (best.nodes != nullptr &&
          room.cpu_milli <= best.nodes->free[best.room].amounts.cpu_milli) {
        break;
      }
      if (PodsThatFit(pod, room, 1) == 0) continue;
      best = {nodes, i};
      break;
    }
  }
  return best;
}

void ChargePods(std::vector<NodeClass>& classes, const SpecEntry& spec, int64_t pods,
                const Capacity& capacity) {
  const NodeWish* wish = WishOf(spec);
  std::vector<NodeClass*> open;
  for (NodeClass& nodes : classes) {
    if (Matches(wish, nodes, capacity)) open.push_back(&nodes);
  }
  Resources pod = spec.pod;
  pod.pods = 1;
  while (pods > 0) {
    const Spot spot = FreestSpot(open, spec.pod);
    if (spot.nodes == nullptr) return;  // the rest waits on the member
    const auto count =
        static_cast<int32_t>(std::min<int64_t>(pods, spot.nodes->free[spot.room].nodes));
    TakeFrom(spot.nodes->free, spot.room, count, pod);
    pods -= count;
  }
}

// At most so many places for `pod` can be lost to pods that ask for `load` together: on one node a
// pod of another kind takes at most one place more than its share of each resource.
int64_t MostPlacesLost(const Resources& pod, const Resources& load) {
  int64_t lost = load.pods;
  const auto add = [&](int64_t have, int64_t need) {
    if (need <= 0 || have <= 0) return;
    const int64_t share = have / need + 1;
    lost = lost > kMany - share ? kMany : lost + share;
  };
  add(load.cpu_milli, pod.cpu_milli);
  add(load.memory_bytes, pod.memory_bytes);
  add(load.ephemeral_storage_bytes, pod.ephemeral_storage_bytes);
  for (const auto& [name, amount] : pod.extended) add(load.GetExtended(name), amount);
  return lost;
}

}  // namespace

int64_t PodsThatFit(const Resources& pod, const Resources& room, int64_t most) {
  int64_t fit = std::min(most, std::max<int64_t>(room.pods, 0));
  fit = std::min(fit, Times(room.cpu_milli, pod.cpu_milli));
  fit = std::min(fit, Times(room.memory_bytes, pod.memory_bytes));
  fit = std::min(fit, Times(room.ephemeral_storage_bytes, pod.ephemeral_storage_bytes));
  for (const auto& [name, amount] : pod.extended) {
    fit = std::min(fit, Times(room.GetExtended(name), amount));
  }
  return fit;
}

const Taint* FirstUntoleratedNodeTaint(const NodeWish* wish, const NodeClass& nodes) {
  static const std::vector<Toleration> kNone;
  return FirstUntoleratedTaint(nodes.taints, wish == nullptr ? kNone : wish->tolerations);
}

bool MatchesNodeTaints(const NodeWish* wish, const NodeClass& nodes) {
  return nodes.taints.empty() || FirstUntoleratedNodeTaint(wish, nodes) == nullptr;
}

bool MatchesNodeLabels(const NodeWish* wish, const NodeClass& nodes, const Capacity& capacity) {
  if (wish == nullptr || wish->required.empty()) return true;
  return std::any_of(wish->required.begin(), wish->required.end(),
                     [&](const SelectorTerm& term) { return TermHolds(term, nodes, capacity); });
}

std::vector<NodeClass> ChargeNodes(const Capacity& capacity, const PodsInFlight& in_flight,
                                   const SpecTable& specs) {
  std::vector<NodeClass> classes = capacity.node_classes;
  for (const auto& [id, pods] : in_flight) ChargePods(classes, specs.Get(id), pods, capacity);
  return classes;
}

const std::vector<NodeClass>& ChargedNodes::Get(const Capacity& capacity,
                                                const PodsInFlight& in_flight,
                                                const SpecTable& specs) const {
  if (in_flight.empty()) return capacity.node_classes;
  if (!made_) nodes_ = ChargeNodes(capacity, in_flight, specs);
  made_ = true;
  return nodes_;
}

Verdict VerdictOf(NodeAnswer answer) {
  switch (answer) {
    case NodeAnswer::kFits:
      return Verdict::kFits;
    case NodeAnswer::kNoMatch:
      return Verdict::kNoMatchingNode;
    case NodeAnswer::kTaint:
      return Verdict::kNodeTaint;
    case NodeAnswer::kFragmented:
      return Verdict::kFragmented;
  }
  return Verdict::kFits;
}

bool OnlyLess(const std::vector<NodeClass>& now, const std::vector<NodeClass>& before) {
  if (now.size() != before.size()) return false;
  for (size_t i = 0; i < now.size(); ++i) {
    if (now[i].labels != before[i].labels || now[i].taints != before[i].taints) return false;
    // Both are sorted by cpu: the n-th freest of now against the n-th freest of before.
    size_t at = 0;
    int32_t left = before[i].free.empty() ? 0 : before[i].free.front().nodes;
    for (const NodeRoom& room : now[i].free) {
      for (int32_t nodes = room.nodes; nodes > 0;) {
        if (left == 0) {
          if (++at >= before[i].free.size()) return false;
          left = before[i].free[at].nodes;
        }
        if (!room.amounts.FitsIn(before[i].free[at].amounts)) return false;
        const int32_t step = std::min(nodes, left);
        nodes -= step;
        left -= step;
      }
    }
  }
  return true;
}

int64_t CountPodsThatFit(const SpecEntry& spec, const std::vector<NodeClass>& nodes,
                         const Capacity& capacity, Rooms rooms, int64_t most) {
  const NodeWish* wish = WishOf(spec);
  int64_t fit = 0;
  for (const NodeClass& each : nodes) {
    if (!Matches(wish, each, capacity)) continue;
    for (const NodeRoom& room : rooms == Rooms::kFree ? each.free : each.whole) {
      const int64_t on_one = PodsThatFit(spec.pod, room.amounts, most);
      if (on_one > 0 && room.nodes > (most - fit - 1) / on_one) return most;
      fit += on_one * room.nodes;
      if (fit >= most) return most;
    }
  }
  return fit;
}

NodeAnswer AskNodes(const SpecEntry& spec, const std::vector<NodeClass>& nodes,
                    const Capacity& capacity, Rooms rooms) {
  const int64_t pods = spec.need.pods;
  if (nodes.empty() || pods <= 0) return NodeAnswer::kFits;
  if (CountPodsThatFit(spec, nodes, capacity, rooms, pods) >= pods) return NodeAnswer::kFits;
  const NodeWish* wish = WishOf(spec);
  NodeAnswer answer = NodeAnswer::kNoMatch;
  for (const NodeClass& each : nodes) {
    if (!MatchesNodeLabels(wish, each, capacity)) continue;
    if (MatchesNodeTaints(wish, each)) return NodeAnswer::kFragmented;
    answer = NodeAnswer::kTaint;
  }
  return answer;
}

bool FitsOnNodes(const SpecEntry& spec, const Capacity& capacity, const PodsInFlight& in_flight,
                 const Resources& load, const ChargedNodes& charged, const SpecTable& specs) {
  const int64_t pods = spec.need.pods;
  const std::vector<NodeClass>& nodes = capacity.node_classes;
  if (nodes.empty() || pods <= 0) return true;
  if (in_flight.empty()) {
    return CountPodsThatFit(spec, nodes, capacity, Rooms::kFree, pods) >= pods;
  }
  const int64_t lost = MostPlacesLost(spec.pod, load);
  const int64_t wanted = pods > kMany - lost ? kMany : pods + lost;
  const int64_t fit = CountPodsThatFit(spec, nodes, capacity, Rooms::kFree, wanted);
  if (fit < pods) return false;
  if (fit >= wanted) return true;
  return CountPodsThatFit(spec, charged.Get(capacity, in_flight, specs), capacity, Rooms::kFree,
                          pods) >= pods;
}

}  // namespace fairway::scheduler
