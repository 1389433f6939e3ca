#include "gateway/cli/api_client.h"

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "clusters/kube/api_error.h"
#include "clusters/kubeconfig/kubeconfig.h"

namespace fairway::gateway {

const std::vector<FlagSpec> kApiFlags = {{"kubeconfig", "", true},
                                         {"context", "", true},
                                         {"namespace", "n", true},
                                         {"output", "o", true},
                                         {"data-dir", "", true}};

namespace {

std::string FindKubeconfig(const Args& args) {
  if (args.Has("kubeconfig")) return args.Get("kubeconfig");
  if (const char* env = std::getenv("KUBECONFIG"); env != nullptr && *env != '\0') {
    std::string list = env;
    return list.substr(0, list.find(':'));
  }
  return args.Get("data-dir", "fairway-data") + "/admin.kubeconfig";
}

}  // namespace

Result<std::unique_ptr<ApiClient>> ApiClient::Create(const Args& args) {
  std::string path = FindKubeconfig(args);
  auto access = clusters::LoadKubeconfig(path, args.Get("context"));
  if (!access) {
    Error error = access.error();
    for (const ErrorCause& cause : error.causes)
      error.message += "\n  " + cause.field + ": " + cause.message;
    if (!std::filesystem::exists(path)) {
      error.message = "no kubeconfig at " + path +
                      ": start `fairway serve` here, or point --kubeconfig or $KUBECONFIG at one";
    }
    return Fail(std::move(error));
  }
  std::unique_ptr<ApiClient> api(new ApiClient());
  api->server_ = access->endpoint.server;
  api->token_ = access->identity.token;
  if (!access->default_namespace.empty()) api->default_namespace_ = access->default_namespace;
  if (args.Has("namespace")) api->default_namespace_ = args.Get("namespace");
  auto client =
      clusters::CurlClient::Create(api->loop_, access->endpoint, access->identity.certificate);
  if (!client) return Fail(client.error());
  api->client_ = std::move(*client);
  return api;
}

Result<kube::Value> ApiClient::Call(std::string_view method, std::string_view target,
                                    std::string body, std::string_view content_type) {
  auto text = CallText(method, target, std::move(body), content_type);
  if (!text) return Fail(text.error());
  if (text->empty()) return kube::Value();
  return kube::ParseJson(*text);
}

Result<std::string> ApiClient::CallText(std::string_view method, std::string_view target,
                                        std::string body, std::string_view content_type) {
  clusters::HttpRequest request;
  request.method = std::string(method);
  request.target = std::string(target);
  request.body = std::move(body);
  request.response_bytes_max = 256u << 20;
  request.headers = {{"Accept", "application/json"}};
  if (!request.body.empty())
    request.headers.emplace_back("Content-Type", std::string(content_type));
  if (!token_.empty()) request.headers.emplace_back("Authorization", "Bearer " + token_);
  std::optional<Result<clusters::HttpResponse>> answer;
  fairway::Call call = client_->Fetch(
      std::move(request),
      [&](Result<clusters::HttpResponse> response) { answer = std::move(response); });
  loop_.RunUntil([&] { return answer.has_value(); });
  if (!*answer) return Fail(answer->error());
  clusters::HttpResponse& response = **answer;
  if (response.status >= 400)
    return Fail(
        kube::ErrorFromAnswer(response.status, response.retry_after_seconds, response.body));
  return std::move(response.body);
}

void ApiClient::Pause(int64_t milliseconds) {
  bool over = false;
  auto timer = loop_.StartTimer(milliseconds, [&] { over = true; });
  loop_.RunUntil([&] { return over; });
}

}  // namespace fairway::gateway
