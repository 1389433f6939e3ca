// ApiClient: a command's connection to the gateway's API. Waits for each answer: commands have
// nothing else to do.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "clusters/http/curl_client.h"
#include "clusters/kube/json.h"
#include "clusters/loop/loop.h"
#include "gateway/cli/args.h"
#include "scheduler/result.h"

namespace fairway::gateway {

// The flags that every command which talks to the API takes.
extern const std::vector<FlagSpec>
    kApiFlags;  // --kubeconfig, --context, --namespace/-n, --output/-o, ...

inline constexpr std::string_view kMergePatch = "application/merge-patch+json";

class ApiClient {
 public:
  // Finds the endpoint as kubectl does: --kubeconfig, $KUBECONFIG, then the data directory's
  // admin.kubeconfig.
  static Result<std::unique_ptr<ApiClient>> Create(const Args& args);

  // One request; an answer that is a failure Status becomes its Error.
  Result<kube::Value> Call(std::string_view method, std::string_view target, std::string body = {},
                           std::string_view content_type = "application/json");
  // The same for an answer that is no single document.
  Result<std::string> CallText(std::string_view method, std::string_view target,
                               std::string body = {},
                               std::string_view content_type = "application/json");
  Result<kube::Value> Get(std::string_view target) { return Call("GET", target); }

  // Until the next question is due, for commands that follow something.
  void Pause(int64_t milliseconds);

  const std::string& default_namespace() const { return default_namespace_; }
  const std::string& server() const { return server_; }

 private:
  ApiClient() = default;
  Loop loop_;
  std::unique_ptr<clusters::CurlClient> client_;
  std::string token_;
  std::string default_namespace_ = "default";
  std::string server_;
};

}  // namespace fairway::gateway
