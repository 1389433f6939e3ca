// The verbs of `fairway cluster` that move jobs, each with what it would do (--dry-run). Each
// returns the process's exit code.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "clusters/kube/json.h"
#include "gateway/cli/api_client.h"

namespace fairway::gateway {

inline constexpr std::string_view kClustersPath = "/apis/fairway.flext.sh/v1alpha1/clusters";
inline constexpr std::string_view kSystem = "fairway-system";

// "True", or the reason why the condition does not hold; "Unknown" without it.
std::string ConditionStatus(const kube::Value& cluster, std::string_view type);

int DrainCluster(ApiClient& api, const Args& args, const std::string& name);
int UndrainCluster(ApiClient& api, const std::string& name);
int RemoveCluster(ApiClient& api, const Args& args, const std::string& name);

// One line when the gateway is frozen; nothing otherwise, or when one may not know.
void PrintFreeze(ApiClient& api, std::FILE* out);

}  // namespace fairway::gateway
