// ExecCredential: what a credential plugin is told and what it answers (kubernetes.io: "client-go
// credential plugins"). Pure.
#pragma once

#include <string>
#include <string_view>

#include "clusters/http/endpoint.h"
#include "clusters/kubeconfig/kubeconfig.h"
#include "scheduler/instant.h"
#include "scheduler/result.h"

namespace fairway::clusters {

// The value of KUBERNETES_EXEC_INFO.
std::string ExecInfoJson(const ExecConfig& exec, const Endpoint& endpoint);

struct ExecAnswer {
  std::string token;
  ClientCertificate certificate;
  Instant expires;  // 0 = valid for the life of the process
};

// 502 with what is wrong: other apiVersion, no credentials, half a key pair.
Result<ExecAnswer> ParseExecAnswer(std::string_view output, const ExecConfig& exec);

}  // namespace fairway::clusters
