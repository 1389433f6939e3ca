// Completion indexes of Indexed Jobs as their status writes them: "0-2,5". Pure values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairway::kube {

// Disjoint, in order, not adjacent; both ends belong to it.
using IndexRanges = std::vector<std::pair<int64_t, int64_t>>;

// nullopt unless the text is what a Job controller writes: ascending, none twice, none negative.
std::optional<IndexRanges> ParseIndexes(std::string_view text);
std::string FormatIndexes(const IndexRanges& ranges);
IndexRanges UnionOf(const IndexRanges& a, const IndexRanges& b);
int64_t CountIndexes(const IndexRanges& ranges);
// Those of `ranges` that lie in first .. last.
IndexRanges Within(const IndexRanges& ranges, int64_t first, int64_t last);
// All of 0 .. count - 1 but first .. last.
IndexRanges AllBut(int64_t count, int64_t first, int64_t last);

}  // namespace fairway::kube
