// Precompiled for fairway_gateway: the document library and the standard headers.
#pragma once
#include <fmt/core.h>

#include <algorithm>
#include <boost/json.hpp>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>
