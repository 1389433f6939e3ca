#include "clusters/http/curl_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/clusters/http/scripted_server_fixture.h"
#include "tests/clusters/http/test_pki_fixture.h"

namespace fairway::clusters {
namespace {

using fairway::testing::ScriptedServer;
using fairway::testing::TestPki;
using ::testing::HasSubstr;

class CurlClientTest : public ::testing::Test {
 protected:
  Endpoint EndpointOf(const ScriptedServer& server) {
    Endpoint endpoint;
    endpoint.server = server.url();
    endpoint.ca_pem = pki_.ca_pem();
    return endpoint;
  }
  std::unique_ptr<CurlClient> Connect(Endpoint endpoint, CurlLimits limits = {},
                                      ClientCertificate certificate = {}) {
    auto client = CurlClient::Create(loop_, std::move(endpoint), std::move(certificate), limits);
    EXPECT_TRUE(client) << (client ? "" : client.error().message);
    return client ? std::move(*client) : nullptr;
  }
  Result<HttpResponse> Fetch(HttpClient& client, HttpRequest request) {
    std::optional<Result<HttpResponse>> answer;
    Call call =
        client.Fetch(std::move(request), [&](Result<HttpResponse> r) { answer = std::move(r); });
    EXPECT_FALSE(answer) << "a callback ran inside its own start";
    loop_.RunUntil([&] { return answer.has_value(); });
    return std::move(*answer);
  }
  static HttpRequest Get(std::string target) {
    HttpRequest request;
    request.target = std::move(target);
    return request;
  }

  TestPki pki_;
  Loop loop_;
  ClientCertificate identity_ = pki_.Issue("server", {"127.0.0.1"});
};

TEST_F(CurlClientTest, AnswersCarryStatusBodyAndRetryAfter) {
  ScriptedServer server(loop_, identity_);
  server.handler = [](auto exchange) {
    EXPECT_EQ(exchange->method, "POST");
    EXPECT_EQ(exchange->body, "ping");
    EXPECT_EQ(exchange->Header("x-test"), "1");
    exchange->Reply(429, "{\"a\":1}", "Retry-After: 7\r\n");
  };
  auto client = Connect(EndpointOf(server));
  HttpRequest request = Get("/x?y=z");
  request.method = "POST";
  request.body = "ping";
  request.headers.emplace_back("X-Test", "1");
  auto answer = Fetch(*client, request);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 429);
  EXPECT_EQ(answer->body, "{\"a\":1}");
  EXPECT_EQ(answer->retry_after_seconds, 7);
  EXPECT_EQ(answer->content_type, "application/json");
}

TEST_F(CurlClientTest, RefusedConnectionIsUnreachableAndNamesTheServer) {
  uint16_t port = 0;
  { port = ScriptedServer(loop_, identity_).port(); }
  Endpoint endpoint;
  endpoint.server = "https://127.0.0.1:" + std::to_string(port);
  endpoint.ca_pem = pki_.ca_pem();
  auto client = Connect(endpoint);
  auto answer = Fetch(*client, Get("/"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, kHttpUnreachable);
  EXPECT_THAT(answer.error().message, HasSubstr("cannot connect to " + endpoint.server));
  EXPECT_THAT(answer.error().message, HasSubstr("refused"));
}

TEST_F(CurlClientTest, WrongAuthorityExpiredAndWrongNameAreTlsErrors) {
  struct Case {
    ClientCertificate identity;
    std::string ca;
    std::string message;
  };
  TestPki other;
  std::vector<Case> cases = {
      {identity_, other.ca_pem(), "certificate"},
      {pki_.Issue("server", {"127.0.0.1"}, -7200, -3600), pki_.ca_pem(), "expired"},
      {pki_.Issue("server", {"elsewhere.example"}), pki_.ca_pem(), "127.0.0.1"},
  };
  for (const Case& one : cases) {
    ScriptedServer server(loop_, one.identity);
    server.handler = [](auto) { ADD_FAILURE() << "a request went to an unverified server"; };
    Endpoint endpoint = EndpointOf(server);
    endpoint.ca_pem = one.ca;
    auto client = Connect(endpoint);
    auto answer = Fetch(*client, Get("/"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().reason, kHttpTls) << answer.error().message;
    EXPECT_THAT(answer.error().message, HasSubstr(one.message));
  }
}

TEST_F(CurlClientTest, TlsServerNameIsSentVerifiedAndNotTheHost) {
  ScriptedServer server(loop_, pki_.Issue("server", {"api.member.example"}));
  std::string sni, host;
  server.handler = [&](auto exchange) {
    sni = exchange->sni;
    host = exchange->Header("host");
    exchange->Reply(200, "ok");
  };
  Endpoint endpoint = EndpointOf(server);
  endpoint.tls_server_name = "api.member.example";
  auto client = Connect(endpoint);
  auto answer = Fetch(*client, Get("/"));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(sni, "api.member.example");
  EXPECT_EQ(host, "127.0.0.1:" + std::to_string(server.port()));
}

TEST_F(CurlClientTest, ClientCertificateIsShownAndCanBeReplaced) {
  ScriptedServer server(loop_, identity_, pki_.ca_pem());
  std::vector<std::string> names;
  server.handler = [&](auto exchange) {
    names.push_back(exchange->client_name);
    exchange->Reply(200, "ok");
  };
  auto client = Connect(EndpointOf(server), {}, pki_.Issue("alice", {}));
  ASSERT_TRUE(Fetch(*client, Get("/")));
  client->SetCertificate(pki_.Issue("bob", {}));
  ASSERT_TRUE(Fetch(*client, Get("/")));
  EXPECT_THAT(names, ::testing::ElementsAre("alice", "bob"));
}

TEST_F(CurlClientTest, HungServerTimesOutAndItsConnectionIsNotUsedAgain) {
  ScriptedServer server(loop_, identity_);
  bool hang = true;
  server.handler = [&](auto exchange) {
    if (!hang) exchange->Reply(200, "ok");
  };
  auto client = Connect(EndpointOf(server));
  HttpRequest request = Get("/slow");
  request.timeout_ms = 50;
  auto answer = Fetch(*client, request);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, kHttpTimeout);
  hang = false;
  ASSERT_TRUE(Fetch(*client, Get("/")));
  EXPECT_EQ(server.connections_made(), 2);
}

TEST_F(CurlClientTest, MuteServerFailsInTheHandshakeWithinTheConnectTimeout) {
  ScriptedServer server(loop_, identity_);
  server.mute = true;
  CurlLimits limits;
  limits.connect_timeout_ms = 50;
  auto client = Connect(EndpointOf(server), limits);
  auto answer = Fetch(*client, Get("/"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, kHttpTimeout) << answer.error().message;
}

// It waits for the connection that the first one tries to make; so did libcurl's clock for it.
TEST_F(CurlClientTest, AProbeBehindOthersThatGetNoConnectionHasItsOwnTimeout) {
  ScriptedServer server(loop_, identity_);
  server.mute = true;
  CurlLimits limits;
  limits.connect_timeout_ms = 3'000;
  auto client = Connect(EndpointOf(server), limits);
  int ended = 0;
  std::vector<Call> calls;
  for (int i = 0; i < 5; ++i) {
    calls.push_back(
        client->Fetch(Get("/" + std::to_string(i)), [&](Result<HttpResponse>) { ++ended; }));
  }
  HttpRequest probe = Get("/readyz");
  probe.urgent = true;
  probe.timeout_ms = 50;
  std::optional<Result<HttpResponse>> answer;
  Call call = client->Fetch(probe, [&](Result<HttpResponse> r) { answer = std::move(r); });
  loop_.RunUntil([&] { return answer.has_value() || ended > 0; });
  ASSERT_TRUE(answer);
  ASSERT_FALSE(*answer);
  EXPECT_EQ(answer->error().reason, kHttpTimeout);
}

TEST_F(CurlClientTest, AnswerAboveTheLimitIsCutOff) {
  ScriptedServer server(loop_, identity_);
  server.handler = [](auto exchange) { exchange->Reply(200, std::string(100'000, 'x')); };
  auto client = Connect(EndpointOf(server));
  HttpRequest request = Get("/big");
  request.response_bytes_max = 99'999;
  auto answer = Fetch(*client, request);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, kHttpTooLarge);
}

TEST_F(CurlClientTest, BrokenConnectionSendsAnIdempotentRequestAgainAndNoOther) {
  ScriptedServer server(loop_, identity_);
  int seen = 0;
  server.handler = [&](auto exchange) {
    if (++seen == 1) return exchange->Abort();
    exchange->Reply(200, "ok");
  };
  auto client = Connect(EndpointOf(server));
  EXPECT_TRUE(Fetch(*client, Get("/")));
  EXPECT_EQ(seen, 2);
  seen = 0;
  HttpRequest request = Get("/");
  request.method = "POST";
  request.idempotent = false;
  auto answer = Fetch(*client, request);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, kHttpUnreachable);
  EXPECT_EQ(seen, 1);
}

TEST_F(CurlClientTest, QueueIsBoundedAndUrgentRequestsPassIt) {
  ScriptedServer server(loop_, identity_);
  std::vector<ScriptedServer::ExchangePtr> held;
  server.handler = [&](auto exchange) {
    if (exchange->target == "/probe") return exchange->Reply(200, "ok");
    held.push_back(exchange);
  };
  CurlLimits limits;
  limits.in_flight_max = 2;
  limits.queue_max = 3;
  auto client = Connect(EndpointOf(server), limits);
  std::vector<Call> calls;
  std::optional<Error> refused;
  for (int i = 0; i < 6; ++i) {
    calls.push_back(client->Fetch(Get("/" + std::to_string(i)), [&](Result<HttpResponse> r) {
      if (!r) refused = r.error();
    }));
  }
  loop_.RunUntil([&] { return refused.has_value() && held.size() == 2; });
  EXPECT_EQ(refused->code, 429);
  EXPECT_EQ(client->waiting(), 3u);
  HttpRequest probe = Get("/probe");
  probe.urgent = true;
  EXPECT_TRUE(Fetch(*client, probe));
  EXPECT_EQ(held.size(), 2u);
}

TEST_F(CurlClientTest, DroppedCallNeverCallsBackAlsoFromInsideAStream) {
  ScriptedServer server(loop_, identity_);
  ScriptedServer::ExchangePtr stream_exchange;
  server.handler = [&](auto exchange) {
    if (exchange->target == "/watch") {
      stream_exchange = exchange;
      exchange->Start(200);
      exchange->Chunk("one");
      exchange->Chunk("two");
    } else {
      exchange->Reply(200, "ok");
    }
  };
  auto client = Connect(EndpointOf(server));
  Call dropped = client->Fetch(Get("/x"), [](Result<HttpResponse>) { ADD_FAILURE(); });
  dropped.Cancel();
  Call watch;
  int pieces = 0;
  HttpStream stream;
  stream.on_head = [](const HttpResponse&) {};
  stream.on_data = [&](std::string_view) {
    ++pieces;
    watch.Cancel();
  };
  stream.on_end = [](Status) { ADD_FAILURE() << "the call was dropped"; };
  watch = client->Stream(Get("/watch"), std::move(stream));
  loop_.RunUntil([&] { return pieces > 0; });
  EXPECT_TRUE(Fetch(*client, Get("/y")));
  EXPECT_EQ(pieces, 1);
}

TEST_F(CurlClientTest, SilentStreamIsBrokenByTheWatchdog) {
  ScriptedServer server(loop_, identity_);
  server.handler = [](auto exchange) {
    exchange->Start(200);
    exchange->Chunk("hello");
  };
  auto client = Connect(EndpointOf(server));
  std::optional<Status> end;
  HttpStream stream;
  stream.on_head = [](const HttpResponse& head) { EXPECT_EQ(head.status, 200); };
  stream.on_data = [](std::string_view piece) { EXPECT_EQ(piece, "hello"); };
  stream.on_end = [&](Status status) { end = std::move(status); };
  HttpRequest request = Get("/watch");
  request.timeout_ms = 0;
  request.idle_timeout_ms = 50;
  Call call = client->Stream(request, std::move(stream));
  loop_.RunUntil([&] { return end.has_value(); });
  ASSERT_FALSE(*end);
  EXPECT_EQ(end->error().reason, kHttpTimeout);
}

TEST_F(CurlClientTest, ClientMayBeDestroyedInItsOwnCallback) {
  ScriptedServer server(loop_, identity_);
  server.handler = [](auto exchange) { exchange->Reply(200, "ok"); };
  auto client = Connect(EndpointOf(server));
  bool done = false;
  Call first = client->Fetch(Get("/1"), [&](Result<HttpResponse>) {
    client.reset();
    done = true;
  });
  Call second = client->Fetch(Get("/2"), [&](Result<HttpResponse>) {
    client.reset();
    done = true;
  });
  loop_.RunUntil([&] { return done; });
}

TEST(CurlClientCreateTest, UnusableEndpointsAreRefusedWithTheCause) {
  Loop loop;
  TestPki pki;
  struct Case {
    Endpoint endpoint;
    ClientCertificate certificate;
    std::string message;
  };
  std::vector<Case> cases(5);
  cases[0].endpoint.server = "ftp://x";
  cases[0].message = "https://";
  cases[1].endpoint.server = "https://x";
  cases[1].endpoint.ca_pem = "nonsense";
  cases[1].message = "no PEM certificate";
  cases[2].endpoint.server = "https://x";
  cases[2].endpoint.ca_pem = pki.ca_pem();
  cases[2].endpoint.insecure_skip_tls_verify = true;
  cases[2].message = "insecure-skip-tls-verify";
  cases[3].endpoint.server = "https://x";
  cases[3].certificate = pki.Issue("a", {});
  cases[3].certificate.key_pem = pki.Issue("b", {}).key_pem;
  cases[3].message = "does not belong";
  cases[4].endpoint.server = "";
  cases[4].message = "not a URL";
  for (auto& one : cases) {
    auto client = CurlClient::Create(loop, one.endpoint, one.certificate);
    ASSERT_FALSE(client);
    EXPECT_THAT(client.error().message, HasSubstr(one.message));
  }
}

}  // namespace
}  // namespace fairway::clusters
