// Precompiled for fairway_gateway: the document library and the standard headers.
#pragma once
#include <algorithm>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>
#include <boost/json.hpp>
#include <fmt/core.h>
#include <functional>
#include <unordered_map>
