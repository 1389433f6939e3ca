// Merging an applied configuration into a live document, and pruning what it no longer has
// (typed.h).
#include <string>
#include <vector>

#include "clusters/kube/patch/item_index.h"
#include "clusters/kube/patch/typed.h"

namespace fairway::kube {

namespace {

using Kind = Node::Kind;

class Merging {
 public:
  explicit Merging(const Schema& schema) : schema_(schema) {}

  void Values(const Node& node, Value& live, const Value& config) const {
    // An empty or null configuration of something that has parts asks for none of them.
    bool asks_nothing = config.is_null() || (SameShape(node, config) && !node.HasParts(config));
    if (node.HasParts(live) && asks_nothing) return;
    if (!node.HasParts(config) || !node.HasParts(live)) {
      live = Value(config, live.storage());
    } else if (node.is_list()) {
      Lists(node, live, config);
    } else {
      Objects(node, live.get_object(), config.get_object());
    }
  }

 private:
  static bool SameShape(const Node& node, const Value& value) {
    return node.is_object() ? value.is_object() : value.is_array();
  }

  void Objects(const Node& node, Object& live, const Object& config) const {
    for (const auto& member : config) {
      std::string_view name = member.key();
      if (Value* mine = Find(live, name)) {
        Values(node.Member(schema_, name), *mine, member.value());
      } else {
        live.insert_or_assign(name, Value(member.value(), live.storage()));
      }
    }
  }

  // The applied items come in the applied order; items of the live list alone stay as far in front
  // as the order of the items that both have allows.
  void Lists(const Node& node, Value& live_list, const Value& config_list) const {
    const ItemIndex live(node, &live_list), config(node, &config_list);
    std::vector<size_t> shared;  // of config, those that are live too
    for (size_t i = 0; i < config.size(); ++i) {
      if (live.Has(config.element(i))) shared.push_back(i);
    }
    Array& from = live_list.get_array();
    const Array& wanted = config_list.get_array();
    Array merged(from.storage());
    std::vector<bool> done(config.size(), false);
    size_t next_shared = 0;
    auto take = [&](size_t c) {
      merged.push_back(Merged(node, live, from, config.element(c), wanted[c]));
      done[c] = true;
      if (next_shared < shared.size() && shared[next_shared] == c) ++next_shared;
    };
    for (size_t l = 0, c = 0; l < live.size() || c < config.size();) {
      if (l < live.size()) {
        size_t same = config.First(live.element(l));
        if (same == config.size()) {
          merged.push_back(std::move(from[l++]));
          continue;
        }
        // Shared, but others of the applied items come first.
        if (next_shared < shared.size() && shared[next_shared] != same) {
          ++l;
          continue;
        }
        if (c == same) {
          take(c++);
          ++l;
          continue;
        }
        if (done[same]) ++l;
      }
      if (c < config.size()) take(c++);
    }
    live_list = std::move(merged);
  }

  // Duplicates of the live list give way to the one that is applied.
  Value Merged(const Node& node, const ItemIndex& index, Array& live, const std::string& element,
               const Value& config) const {
    if (index.Count(element) != 1) return Value(config, live.storage());
    Value item = std::move(live[index.First(element)]);
    Values(node.Item(), item, config);
    return item;
  }

  const Schema& schema_;
};

class Pruning {
 public:
  explicit Pruning(const Schema& schema) : schema_(schema) {}

  // Where a walk stands. The API server prunes in two tentative steps; both are followed at once.
  struct State {
    const FieldSet* last;     // of the last applied configuration, null where it has nothing
    const FieldSet* managed;  // of all managers
    bool untouched;           // nothing on the way here was in `last`
    bool held;                // no part on the way here was free for the taking
  };

  void Values(const Node& node, Value& value, const State& at) const {
    if (at.last == nullptr || !node.HasParts(value)) return;
    if (value.is_object()) {
      Objects(node, value.get_object(), at);
    } else {
      Lists(node, value.get_array(), at);
    }
  }

 private:
  // Steps down. True when the part is to go.
  static bool Goes(const State& at, std::string_view element, bool is_field, State& below) {
    below.last = at.last->Find(element);
    below.managed = at.managed == nullptr ? nullptr : at.managed->Find(element);
    // A field of a struct counts as owned as soon as something in it is; a key of a map or an item
    // of a list has to be owned itself.
    auto member = [&](const FieldSet* set) {
      return set != nullptr && (set->owned || (is_field && !set->empty()));
    };
    bool in_last = member(below.last);
    below.untouched = at.untouched && !in_last;
    below.held = at.held && (below.untouched || member(below.managed));
    return in_last && !below.held;
  }

  void Objects(const Node& node, Object& object, const State& at) const {
    std::vector<std::string> gone;
    for (auto& member : object) {
      std::string_view name = member.key();
      bool is_field = node.kind == Kind::kStruct && node.message->Find(name) != nullptr;
      State below;
      if (Goes(at, std::string("f:").append(name), is_field, below)) {
        gone.emplace_back(name);
        continue;
      }
      bool had_parts = node.Member(schema_, name).HasParts(member.value());
      Values(node.Member(schema_, name), member.value(), below);
      // Null: whoever owns the container itself keeps it.
      if (had_parts && IsEmpty(member.value())) member.value() = nullptr;
    }
    for (const std::string& name : gone) Erase(object, name);
  }

  void Lists(const Node& node, Array& array, const State& at) const {
    size_t kept = 0;
    for (size_t i = 0; i < array.size(); ++i) {
      State below;
      if (Goes(at, ItemElement(node, array[i]), false, below)) continue;
      Values(node.Item(), array[i], below);
      if (kept != i) array[kept] = std::move(array[i]);
      ++kept;
    }
    array.erase(array.begin() + static_cast<std::ptrdiff_t>(kept), array.end());
  }

  static bool IsEmpty(const Value& value) {
    return value.is_object() ? value.get_object().empty()
                             : value.is_array() && value.get_array().empty();
  }

  const Schema& schema_;
};

}  // namespace

void MergeInto(const Schema& schema, const MessageType& type, Value& live, const Value& config) {
  Merging(schema).Values(Node::Root(type), live, config);
}

void Prune(const Schema& schema, const MessageType& type, Value& doc, const FieldSet& last,
           const FieldSet& managed) {
  // The object's name is part of every configuration, though nobody is shown as its owner.
  FieldSet all = managed;
  all.Child("f:metadata").Child("f:name").owned = true;
  Pruning(schema).Values(Node::Root(type), doc, {&last, &all, true, true});
}

}  // namespace fairway::kube
