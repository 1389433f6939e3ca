// A real server on loopback and clients on threads; the test's thread drives the loop.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "clusters/loop/loop.h"
#include "gateway/auth/certificates.h"
#include "gateway/server/server.h"
#include "tests/gateway/server/tls_client.h"

namespace fairway::gateway {

class ServerFixture : public ::testing::Test {
 protected:
  ServerFixture() {
    Instant now = loop.Now();
    ca = *MakeCa("test-ca", now, 10);
    server_pair = *IssueServerCertificate(ca, {"127.0.0.1", "localhost"}, now, 10);
  }

  TlsIdentity Identity() const {
    return {server_pair.certificate, server_pair.private_key, ca.certificate};
  }

  // Answers with method, path and body, unless a test sets its own handler before.
  void StartServer(ServerLimits limits = {}) {
    auto made =
        HttpsServer::Create(loop, "127.0.0.1", 0, Identity(), limits, [this](ExchangePtr exchange) {
          ++requests;
          handler(std::move(exchange));
        });
    ASSERT_TRUE(made.has_value()) << made.error().message;
    server = std::move(*made);
  }

  TlsClientOptions Options(const std::string& alpn = "http/1.1") const {
    TlsClientOptions options;
    options.port = server->port();
    options.ca = ca.certificate;
    options.alpn = alpn;
    return options;
  }

  // Runs the loop while `client` runs on a thread of its own.
  void WithClient(const std::function<void()>& client) {
    bool done = false;
    std::thread thread([&] {
      client();
      loop.Post([&] { done = true; });
    });
    loop.RunUntil([&] { return done; });
    thread.join();
  }

  // Sends raw bytes on a fresh HTTP/1.1 connection and reads to its end.
  std::string Raw(const std::string& bytes) {
    std::string answer;
    WithClient([&] {
      TlsClient client(Options());
      client.Write(bytes);
      answer = client.ReadToEnd();
    });
    return answer;
  }

  Loop loop;
  KeyPair ca, server_pair;
  int requests = 0;
  std::function<void(ExchangePtr)> handler = [](ExchangePtr exchange) {
    const Request& request = exchange->request();
    exchange->Reply(200, {{"content-type", "text/plain"}},
                    request.method + " " + request.path + " [" + request.body + "]");
  };
  std::unique_ptr<HttpsServer> server;
};

}  // namespace fairway::gateway
