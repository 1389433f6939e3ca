// SubmissionLimits: how many workloads a tenant (a user, a namespace) may submit a second, and how
// many may wait for a cluster. What is too much is answered 429 with the time after which it would
// be taken.
//
// Rates are kept by the generic cell rate algorithm (ITU-T I.371; a token bucket that needs one
// number a tenant): the moment at which the tenant's bucket would be full again. A tenant whose
// moment has passed is like one never seen, and is forgotten.
//
// Thread: the loop. Pure: time and counts are handed in. Memory: tenants_max, beyond which the
// least indebted are forgotten. Units: milliseconds; rates per second.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "gateway/fairness/pending_gauge.h"
#include "scheduler/instant.h"
#include "scheduler/result.h"

namespace fairway::gateway {

// 0 = no limit.
struct SubmissionRules {
  int64_t user_per_second = 0, user_burst = 0;
  int64_t namespace_per_second = 0, namespace_burst = 0;
  int64_t pending_max = 0, pending_per_namespace_max = 0;
  size_t tenants_max = 16'384;  // of each kind
};

// One bucket per name.
class RateTable {
 public:
  // `burst` 0: what one second brings.
  RateTable(int64_t per_second, int64_t burst, size_t names_max);

  // Milliseconds until one more would be taken; 0: now.
  int64_t WaitMs(std::string_view name, Instant now) const;
  void Charge(std::string_view name, Instant now);
  size_t size() const { return full_at_us_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  void Forget(int64_t now_us);

  const int64_t interval_us_;  // 0 = no limit
  const int64_t burst_us_;
  const size_t names_max_;
  std::unordered_map<std::string, int64_t, Hash, std::equal_to<>> full_at_us_;
};

class SubmissionLimits {
 public:
  explicit SubmissionLimits(const SubmissionRules& rules);

  // Charges both tenants when it is taken, neither when it is not.
  Status Admit(std::string_view user, std::string_view ns, Instant now,
               const PendingGauge& pending);

 private:
  const SubmissionRules rules_;
  RateTable users_, namespaces_;
};

}  // namespace fairway::gateway
