// What this build is.
#pragma once

namespace fairway::gateway {

inline constexpr const char* kFairwayVersion = "0.1.0";

// The Kubernetes API level that the front door speaks, as /version reports it.
inline constexpr const char* kKubernetesMajor = "1";
inline constexpr const char* kKubernetesMinor = "33";

}  // namespace fairway::gateway
