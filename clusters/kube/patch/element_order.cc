#include "clusters/kube/patch/element_order.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "clusters/kube/patch/go_print.h"

namespace fairway::kube {

namespace {

// The places of items in a list, by their keys as text. The first of equals counts.
class Places {
 public:
  Places(const Array& list, std::string_view merge_key) : merge_key_(merge_key) {
    for (size_t i = 0; i < list.size(); ++i) places_.emplace(KeyOf(list[i]), i);
  }

  // Beyond the last place when the list has no such item.
  size_t Of(const Value& item) const {
    auto found = places_.find(KeyOf(item));
    return found == places_.end() ? kNowhere : found->second;
  }

  static constexpr size_t kNowhere = static_cast<size_t>(-1);

 private:
  std::string KeyOf(const Value& item) const {
    if (merge_key_.empty()) return Serialize(item);
    const Value* key = item.is_object() ? Find(item.get_object(), merge_key_) : nullptr;
    return key == nullptr ? "" : Serialize(*key);
  }

  std::string_view merge_key_;
  std::map<std::string, size_t> places_;
};

struct Placed {
  size_t order, before;
  Value* item;
};

Status CheckKeys(const Array& list, std::string_view merge_key) {
  if (merge_key.empty()) return {};
  for (const Value& item : list) {
    if (item.is_object() && Find(item.get_object(), merge_key) != nullptr) continue;
    std::string shown = item.is_object() ? "map: " + GoPrint(item) : GoPrint(item);
    return Fail(Error{
        .code = 500,
        .message = shown + " does not contain declared merge key: " + std::string(merge_key)});
  }
  return {};
}

}  // namespace

Status CheckOrder(const Array& patch, const Array& order, std::string_view merge_key) {
  if (Status keyed = CheckKeys(order, merge_key); !keyed) return keyed;
  Array items;
  for (const Value& item : patch) {
    bool special = item.is_object() && Find(item.get_object(), "$patch") != nullptr;
    if (!special) items.push_back(item);
  }
  if (Status keyed = CheckKeys(items, merge_key); !keyed) return keyed;
  Places places(order, merge_key);
  size_t next = 0;
  for (const Value& item : items) {
    size_t place = places.Of(item);
    if (place == Places::kNowhere || place < next) {
      return Fail(Error{.code = 500,
                        .message = "The order in patch list:\n" + GoPrint(Value(items)) +
                                   "\n doesn't match $setElementOrder list:\n" +
                                   GoPrint(Value(order)) + "\n"});
    }
    next = place + 1;
  }
  return {};
}

Status OrderElements(Array& list, const Array& order, const Array& before,
                     std::string_view merge_key) {
  if (Status keyed = CheckKeys(order, merge_key); !keyed) return keyed;
  const Places in_order(order, merge_key), in_before(before, merge_key);
  std::vector<Placed> named, others;
  for (Value& item : list) {
    Placed placed{in_order.Of(item), in_before.Of(item), &item};
    (placed.order == Places::kNowhere ? others : named).push_back(placed);
  }
  std::stable_sort(named.begin(), named.end(),
                   [](const Placed& a, const Placed& b) { return a.order < b.order; });
  std::stable_sort(others.begin(), others.end(),
                   [](const Placed& a, const Placed& b) { return a.before < b.before; });
  Array result(list.storage());
  result.reserve(list.size());
  for (size_t i = 0, j = 0; i < others.size() || j < named.size();) {
    bool other_first =
        j == named.size() || (i < others.size() && named[j].before != Places::kNowhere &&
                              others[i].before < named[j].before);
    result.push_back(std::move(*(other_first ? others[i++] : named[j++]).item));
  }
  list = std::move(result);
  return {};
}

}  // namespace fairway::kube
