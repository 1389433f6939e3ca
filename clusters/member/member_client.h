// The HTTP client that reaches a member: its connections with its credentials. Thread: the loop.
#pragma once

#include <memory>

#include "clusters/http/http_client.h"
#include "clusters/kubeconfig/credentials.h"
#include "clusters/kubeconfig/kubeconfig.h"
#include "clusters/loop/loop.h"
#include "scheduler/result.h"

namespace fairway::clusters {

// Fails when the access is unusable (bad CA, bad URL). A null `exec_allowed` allows every
// credential plugin that `access` names.
Result<std::shared_ptr<HttpClient>> MakeMemberClient(Loop& loop, const Access& access,
                                                     const ExecAllowed& exec_allowed,
                                                     int in_flight_max);

}  // namespace fairway::clusters
