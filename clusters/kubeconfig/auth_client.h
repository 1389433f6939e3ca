// AuthClient: an HttpClient that signs every request, and on 401 asks once for newer credentials
// and sends the request once more.
//
// Thread: the loop. Requests that wait for credentials (a plugin runs) wait in here, bounded.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "clusters/http/http_client.h"
#include "clusters/kubeconfig/credentials.h"
#include "clusters/loop/loop.h"

namespace fairway::clusters {

class AuthClient : public HttpClient {
 public:
  // `on_certificate` runs when the client certificate changes, before the request that needs it.
  AuthClient(Loop& loop, std::unique_ptr<HttpClient> inner,
             std::unique_ptr<CredentialSource> source,
             std::function<void(const ClientCertificate&)> on_certificate);
  ~AuthClient() override;

  Call Fetch(HttpRequest request, HttpDone done) override;
  Call Stream(HttpRequest request, HttpStream stream) override;

  HttpClient& inner();

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace fairway::clusters
