#include "gateway/api/health.h"

#include <algorithm>

#include "clusters/log.h"

namespace fairway::gateway::api {

namespace {

constexpr std::string_view kEndpoints[] = {"/healthz", "/livez", "/readyz"};

std::string_view EndpointOf(std::string_view path) {
  for (std::string_view endpoint : kEndpoints) {
    if (path.starts_with(endpoint) &&
        (path.size() == endpoint.size() || path[endpoint.size()] == '/')) {
      return endpoint;
    }
  }
  return "";
}

void ReplyText(const ExchangePtr& exchange, int status, std::string text) {
  exchange->Reply(status,
                  {{"content-type", "text/plain; charset=utf-8"},
                   {"x-content-type-options", "nosniff"},
                   {"cache-control", "no-cache, private"}},
                  std::move(text));
}

}  // namespace

void Health::Add(std::string name, Check check) {
  checks_.push_back({std::move(name), std::move(check), false});
}

void Health::AddReadiness(std::string name, Check check) {
  checks_.push_back({std::move(name), std::move(check), true});
}

bool Health::Owns(std::string_view path) { return !EndpointOf(path).empty(); }

void Health::Handle(const ExchangePtr& exchange) const {
  const Request& request = exchange->request();
  std::string_view endpoint = EndpointOf(request.path);
  std::string_view single = std::string_view(request.path).substr(endpoint.size());
  while (single.starts_with('/')) single.remove_prefix(1);

  std::vector<std::string_view> excluded;
  for (auto& [name, value] : request.query) {
    if (name == "exclude") excluded.push_back(value);
  }
  std::string lines;
  bool healthy = true;
  bool found = single.empty();
  for (const Entry& entry : checks_) {
    if (entry.readiness_only && endpoint != "/readyz") continue;
    if (!single.empty() && entry.name != single) continue;
    found = true;
    if (std::find(excluded.begin(), excluded.end(), entry.name) != excluded.end()) {
      lines += "[+]" + entry.name + " excluded: ok\n";
      continue;
    }
    Status status = entry.check();
    if (!status) {
      healthy = false;
      Log(LogLevel::kWarning, "health check {} failed: {}", entry.name, status.error().message);
    }
    lines +=
        status ? "[+]" + entry.name + " ok\n" : "[-]" + entry.name + " failed: reason withheld\n";
  }
  if (!found) return ReplyText(exchange, 404, "404 page not found\n");
  std::string_view what = endpoint.substr(1);
  if (!healthy) {
    return ReplyText(exchange, 500, lines + std::string(what) + " check failed\n");
  }
  if (request.Query("verbose")) {
    return ReplyText(exchange, 200, lines + std::string(what) + " check passed\n");
  }
  ReplyText(exchange, 200, "ok");
}

}  // namespace fairway::gateway::api
