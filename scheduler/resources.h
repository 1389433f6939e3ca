// Amounts of compute as integers. Kubernetes quantities are decimal or binary fixed-point texts;
// here they are exact int64 counts of a unit fixed by the resource, so that adding and subtracting
// round-trips. Pure values; no thread, no I/O.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scheduler/result.h"

namespace fairway::scheduler {

// Parses a Kubernetes quantity ("100m", "1.5Gi", "2e3") to an exact count of thousandths, rounding
// up to the next thousandth as Kubernetes does (its resource.Quantity, docs of apimachinery). Fails
// with the API server's own words; values beyond int64 thousandths are refused.
Result<int64_t> ParseQuantityMilli(std::string_view text);

// The same as a whole number, rounded up (Quantity.Value()).
Result<int64_t> ParseQuantity(std::string_view text);

// The canonical text of a quantity (resource.Quantity's canonical form: "1500m" stays, "1000m" is
// "1", "1024Ki" is "1Mi", "0.5" is "500m").
Result<std::string> CanonicalQuantity(std::string_view text);

// What a pod asks for, a job reserves or a cluster has. Negative amounts occur only as differences.
struct Resources {
  int64_t cpu_milli = 0;
  int64_t memory_bytes = 0;
  int64_t ephemeral_storage_bytes = 0;
  int64_t pods = 0;
  // Extended resources ("nvidia.com/gpu" -> 2), sorted by name, never with a zero amount.
  std::vector<std::pair<std::string, int64_t>> extended;

  bool operator==(const Resources&) const = default;

  // Sums wrap: Subtract undoes Add exactly, whatever was added.
  void Add(const Resources& other);
  void Subtract(const Resources& other);
  // This amount `times` over. Saturates instead of overflowing.
  Resources Times(int64_t times) const;
  // True when every amount asked for here is <= the one in `capacity`; what is missing there counts
  // as 0. An amount of 0 or less asks for nothing and fits also where the capacity is overdrawn.
  bool FitsIn(const Resources& capacity) const;
  // The amount of one resource by its Kubernetes name; 0 where there is none.
  int64_t Get(std::string_view name) const;
  int64_t GetExtended(std::string_view name) const;
  // The first resource that does not fit, for messages: "cpu", "memory", "nvidia.com/gpu"; else "".
  std::string FirstMissing(const Resources& capacity) const;
  // Sets one resource by its Kubernetes name; the amount is in the resource's own unit (thousandths
  // for cpu, whole units for all others).
  void Set(std::string_view name, int64_t amount);
};

}  // namespace fairway::scheduler
