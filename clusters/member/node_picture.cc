#include "clusters/member/node_picture.h"

#include <algorithm>
#include <set>
#include <utility>

#include "scheduler/policy/node_rooms.h"

namespace fairway::clusters {

using scheduler::NodeClass;
using scheduler::NodeRoom;
using scheduler::Resources;
using scheduler::Taint;
using scheduler::TaintEffect;

namespace {

int64_t Round(int64_t amount, int64_t whole, int64_t steps, bool up) {
  if (amount <= 0) return 0;
  if (amount == whole) return amount;
  const int64_t step = std::max<int64_t>((whole + steps - 1) / steps, 1);
  const int64_t down = amount / step * step;
  return up && down < amount ? down + step : down;
}

// Against `whole`, in steps of a fraction of it.
Resources Rounded(const Resources& amounts, const Resources& whole, int64_t steps, bool up) {
  Resources out = amounts;
  out.cpu_milli = Round(amounts.cpu_milli, whole.cpu_milli, steps, up);
  out.memory_bytes = Round(amounts.memory_bytes, whole.memory_bytes, steps, up);
  out.ephemeral_storage_bytes =
      Round(amounts.ephemeral_storage_bytes, whole.ephemeral_storage_bytes, steps, up);
  out.pods = Round(amounts.pods, whole.pods, steps, up);
  for (auto& [name, amount] : out.extended) {
    amount = Round(amount, whole.GetExtended(name), steps, up);
  }
  std::erase_if(out.extended, [](const auto& entry) { return entry.second == 0; });
  return out;
}

Resources Largest(const std::vector<Resources>& all) {
  Resources most;
  for (const Resources& each : all) scheduler::Widen(most, each);
  return most;
}

struct Amounts {
  std::vector<Resources> allocatable, free;
};

// The rooms of all classes, `up` for what the nodes have when empty; rounded in steps that grow
// until there are few enough.
std::vector<std::vector<NodeRoom>> BoundedRooms(const std::vector<Amounts>& classes, bool up) {
  std::vector<std::vector<NodeRoom>> out;
  for (int64_t steps = 0;; steps = steps == 0 ? 64 : steps / 2) {
    out.clear();
    size_t rooms = 0;
    for (const Amounts& each : classes) {
      std::vector<Resources> amounts = up ? each.allocatable : each.free;
      if (steps > 0) {
        const Resources most = Largest(each.allocatable);
        // One ladder for the whole class: steps of each node's own size would never meet.
        for (Resources& room : amounts) room = Rounded(room, most, steps, up);
      }
      rooms += out.emplace_back(scheduler::RoomsOf(std::move(amounts))).size();
    }
    if (rooms <= static_cast<size_t>(scheduler::kNodeRoomsMax) || steps == 1) return out;
  }
}

std::string TaintsKey(const std::vector<Taint>& taints) {
  std::string key;
  for (const Taint& taint : taints) {
    key += taint.key + '=' + taint.value + ':' +
           static_cast<char>('0' + static_cast<int>(taint.effect)) + ' ';
  }
  return key;
}

// What tells classes apart: the addresses of the values of the labels that count, and the taints.
using ClassKey = std::pair<std::vector<const void*>, std::string>;

ClassKey KeyOf(const NodeFacts& facts, const std::set<std::string_view>& blurred) {
  ClassKey key;
  for (const LabelPool::Label& label : facts.labels) {
    if (!blurred.contains(label.key->first)) key.first.push_back(&label.value->first);
  }
  key.second = TaintsKey(facts.taints);
  return key;
}

// In the order of what people see, not of addresses: the picture must be the same on every run.
bool ByContent(const NodeFacts* a, const NodeFacts* b) {
  const size_t size = std::min(a->labels.size(), b->labels.size());
  for (size_t i = 0; i < size; ++i) {
    const auto of = [](const LabelPool::Label& label) {
      return std::tie(label.key->first, label.value->first);
    };
    if (of(a->labels[i]) != of(b->labels[i])) return of(a->labels[i]) < of(b->labels[i]);
  }
  if (a->labels.size() != b->labels.size()) return a->labels.size() < b->labels.size();
  return TaintsKey(a->taints) < TaintsKey(b->taints);
}

}  // namespace

LabelPool::Label LabelPool::Add(std::string_view key, std::string_view value) {
  auto at = keys_.find(key);
  if (at == keys_.end()) at = keys_.emplace(std::string(key), Values()).first;
  auto found = at->second.find(value);
  if (found == at->second.end()) found = at->second.emplace(std::string(value), 0).first;
  ++found->second;
  return {at, found};
}

void LabelPool::Remove(const Label& label) {
  if (--label.value->second > 0) return;
  label.key->second.erase(label.value);
  if (label.key->second.empty()) keys_.erase(label.key);
}

NodeFacts ReadNode(const kube::Object& node, LabelPool& pool) {
  NodeFacts facts;
  if (const kube::Object* labels = kube::GetObject(node, {"metadata", "labels"})) {
    for (const auto& [key, value] : *labels) {
      if (value.is_string()) facts.labels.push_back(pool.Add(key, value.get_string()));
    }
  }
  std::sort(facts.labels.begin(), facts.labels.end(),
            [](const auto& a, const auto& b) { return a.key->first < b.key->first; });
  const kube::Array* taints = kube::GetArray(node, {"spec", "taints"});
  for (size_t i = 0; taints != nullptr && i < taints->size(); ++i) {
    const kube::Value& taint = (*taints)[i];
    const std::string_view effect = kube::GetString(taint, {"effect"});
    if (effect != "NoSchedule" && effect != "NoExecute") continue;
    Taint out;
    out.key = kube::GetString(taint, {"key"});
    out.value = kube::GetString(taint, {"value"});
    out.effect = effect == "NoExecute" ? TaintEffect::kNoExecute : TaintEffect::kNoSchedule;
    facts.taints.push_back(std::move(out));
  }
  std::sort(facts.taints.begin(), facts.taints.end(), [](const Taint& a, const Taint& b) {
    return std::tie(a.key, a.value, a.effect) < std::tie(b.key, b.value, b.effect);
  });
  return facts;
}

void ForgetNode(NodeFacts& facts, LabelPool& pool) {
  for (const LabelPool::Label& label : facts.labels) pool.Remove(label);
  facts = NodeFacts();
}

void NodePicture::Add(const NodeFacts& facts, const Resources& allocatable, Resources free) {
  nodes_.push_back({&facts, allocatable, std::move(free)});
}

void NodePicture::Finish(scheduler::Capacity& out) {
  std::set<std::string_view> blurred;
  for (const auto& [key, values] : pool_.keys()) {
    if (values.size() > kLabelValuesMax) blurred.insert(key);
  }
  std::map<ClassKey, std::vector<const Entry*>> classes;
  for (;;) {
    classes.clear();
    for (const Entry& node : nodes_) classes[KeyOf(*node.facts, blurred)].push_back(&node);
    if (classes.size() <= static_cast<size_t>(scheduler::kNodeClassesMax)) break;
    const LabelPool::Keys::value_type* most = nullptr;
    for (const auto& entry : pool_.keys()) {
      if (blurred.contains(entry.first) || entry.second.size() < 2) continue;
      if (most == nullptr || entry.second.size() > most->second.size()) most = &entry;
    }
    if (most == nullptr) break;  // only taints are left to differ
    blurred.insert(most->first);
  }
  out.blurred_labels.assign(blurred.begin(), blurred.end());
  std::vector<const std::vector<const Entry*>*> ordered;
  for (auto& [key, nodes] : classes) {
    std::sort(nodes.begin(), nodes.end(),
              [](const Entry* a, const Entry* b) { return ByContent(a->facts, b->facts); });
    ordered.push_back(&nodes);
  }
  std::sort(ordered.begin(), ordered.end(), [](const auto* a, const auto* b) {
    return ByContent(a->front()->facts, b->front()->facts);
  });
  if (ordered.size() > static_cast<size_t>(scheduler::kNodeClassesMax)) {
    ordered.resize(static_cast<size_t>(scheduler::kNodeClassesMax));
  }
  std::vector<Amounts> amounts;
  for (const auto* nodes : ordered) {
    NodeClass& each = out.node_classes.emplace_back();
    const NodeFacts& facts = *nodes->front()->facts;
    for (const LabelPool::Label& label : facts.labels) {
      if (!blurred.contains(label.key->first)) {
        each.labels.emplace(label.key->first, label.value->first);
      }
    }
    each.taints = facts.taints;
    Amounts& of_class = amounts.emplace_back();
    for (const Entry* node : *nodes) {
      of_class.allocatable.push_back(node->allocatable);
      of_class.free.push_back(node->free);
    }
  }
  const auto free = BoundedRooms(amounts, false);
  const auto whole = BoundedRooms(amounts, true);
  for (size_t i = 0; i < out.node_classes.size(); ++i) {
    out.node_classes[i].free = free[i];
    out.node_classes[i].whole = whole[i];
  }
}

}  // namespace fairway::clusters
