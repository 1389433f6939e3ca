// The items of a list by their path elements. Looking up takes a logarithm, so that a list of a
// hundred thousand items costs no square. Plain value; points into the array it was made from.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clusters/kube/patch/typed.h"

namespace fairway::kube {

class ItemIndex {
 public:
  // An empty index for what is no array.
  ItemIndex(const Node& list, const Value* value);

  size_t size() const { return elements_.size(); }
  // "" for an item that has no element.
  const std::string& element(size_t at) const { return elements_[at]; }
  // How many items have this element, and the place of the first of them.
  size_t Count(std::string_view element) const;
  size_t First(std::string_view element) const;
  bool Has(std::string_view element) const { return Count(element) > 0; }
  // True for the first item of its element.
  bool IsFirst(size_t at) const { return First(elements_[at]) == at; }

 private:
  using Entry = std::pair<std::string_view, size_t>;
  std::vector<Entry>::const_iterator Begin(std::string_view element) const;

  std::vector<std::string> elements_;
  std::vector<Entry> sorted_;
};

}  // namespace fairway::kube
