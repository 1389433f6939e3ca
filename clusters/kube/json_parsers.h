// The two parsers behind ParseJson() and ParsePruned(): simdjson takes nearly every text,
// Boost.JSON the rest, and it tells where a malformed one is wrong. Internal to clusters/kube/.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "clusters/kube/json.h"
#include "clusters/kube/pruned_json.h"
#include "scheduler/result.h"

namespace fairway::kube {

// A thread keeps one buffer for simdjson: it begins so large, and a larger one is given back after
// the text that needed it.
inline constexpr size_t kParserBytesFirst = size_t{16} << 10;
inline constexpr size_t kParserBytesKept = size_t{1} << 20;

// Nothing where simdjson does not take the text: it is malformed, or has an integer beyond uint64.
std::optional<Value> ParseTaken(std::string_view text, const Omission& omit,
                                const StoragePtr& storage);

Result<Value> ParseExactly(std::string_view text, StoragePtr storage);

}  // namespace fairway::kube
