// SwitchClient: an HttpClient that can be replaced under its users. What started on an old client
// ends there: the old one lives until the last Call to it is gone. Thread: the loop.
#pragma once

#include <memory>
#include <utility>

#include "clusters/http/http_client.h"

namespace fairway::clusters {

class SwitchClient : public HttpClient {
 public:
  void Set(std::shared_ptr<HttpClient> client) { client_ = std::move(client); }

  Call Fetch(HttpRequest request, HttpDone done) override {
    return Holding(client_->Fetch(std::move(request), std::move(done)));
  }
  Call Stream(HttpRequest request, HttpStream stream) override {
    return Holding(client_->Stream(std::move(request), std::move(stream)));
  }

 private:
  Call Holding(Call call) {
    auto held = std::make_shared<Call>(std::move(call));
    return Call([client = client_, held] { held->Cancel(); });
  }
  std::shared_ptr<HttpClient> client_;
};

}  // namespace fairway::clusters
