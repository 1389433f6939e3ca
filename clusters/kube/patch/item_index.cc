#include "clusters/kube/patch/item_index.h"

#include <algorithm>

namespace fairway::kube {

ItemIndex::ItemIndex(const Node& list, const Value* value) {
  if (value == nullptr || !value->is_array()) return;
  const Array& array = value->get_array();
  elements_.reserve(array.size());
  for (const Value& item : array) elements_.push_back(ItemElement(list, item));
  sorted_.reserve(array.size());
  for (size_t i = 0; i < elements_.size(); ++i) sorted_.emplace_back(elements_[i], i);
  std::sort(sorted_.begin(), sorted_.end());
}

std::vector<ItemIndex::Entry>::const_iterator ItemIndex::Begin(std::string_view element) const {
  return std::lower_bound(sorted_.begin(), sorted_.end(), Entry(element, 0));
}

size_t ItemIndex::Count(std::string_view element) const {
  auto begin = Begin(element);
  auto end = std::upper_bound(begin, sorted_.end(), Entry(element, elements_.size()));
  return static_cast<size_t>(end - begin);
}

size_t ItemIndex::First(std::string_view element) const {
  auto begin = Begin(element);
  bool found = begin != sorted_.end() && begin->first == element;
  return found ? begin->second : elements_.size();
}

}  // namespace fairway::kube
