// The server as a whole: TLS, client certificates, limits, drain.
#include "gateway/server/https_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "tests/gateway/server/h2_client.h"
#include "tests/gateway/server/server_fixture.h"

namespace fairway::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kGet[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

class HttpsServerTest : public ServerFixture {
 protected:
  HttpsServerTest() {
    handler = [this](ExchangePtr exchange) {
      peer = exchange->request().peer;
      exchange->Reply(200, {}, std::string("ok"));
    };
  }

  void GetWith(const KeyPair& client_pair) {
    WithClient([&] {
      TlsClientOptions options = Options();
      options.certificate = client_pair.certificate;
      options.key = client_pair.private_key;
      TlsClient client(options);
      client.Write(kGet);
      EXPECT_THAT(client.ReadAnswer(), StartsWith("HTTP/1.1 200"));
    });
  }

  Peer peer;
};

// TLS 1.2 and 1.3 are spoken, older ones are not; ALPN is optional.
TEST_F(HttpsServerTest, TlsVersions) {
  StartServer();
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    WithClient([&] {
      TlsClientOptions options = Options(version == TLS1_2_VERSION ? "" : "http/1.1");
      options.max_version = version;
      TlsClient client(options);
      ASSERT_TRUE(client.connected());
      client.Write(kGet);
      EXPECT_THAT(client.ReadAnswer(), StartsWith("HTTP/1.1 200"));
    });
  }
  WithClient([&] {
    TlsClientOptions options = Options();
    options.max_version = TLS1_1_VERSION;
    EXPECT_FALSE(TlsClient(options).connected());
  });
}

// A client certificate of our CA is who the peer is.
TEST_F(HttpsServerTest, ClientCertificate) {
  StartServer();
  KeyPair bob = *IssueClientCertificate(ca, "bob", {"dev", "ops"}, loop.Now(), 1);
  GetWith(bob);
  ASSERT_NE(peer.certificate, nullptr);
  EXPECT_EQ(peer.certificate->common_name, "bob");
  EXPECT_THAT(peer.certificate->organizations, ElementsAre("dev", "ops"));
  EXPECT_EQ(peer.certificate->sha256_hex, ReadCertificate(bob.certificate)->sha256_hex);
  EXPECT_EQ(peer.certificate->not_after_ms, ReadCertificate(bob.certificate)->not_after.ms);
  EXPECT_THAT(peer.address, StartsWith("127.0.0.1:"));
}

// A certificate that does not verify is no identity, and the reason is there to be told.
TEST_F(HttpsServerTest, BadClientCertificatesSayWhy) {
  StartServer();
  Instant past = loop.Now() + Seconds(-10 * 86'400);
  GetWith(*IssueClientCertificate(ca, "late", {"system:masters"}, past, 1));
  EXPECT_EQ(peer.certificate, nullptr);
  EXPECT_THAT(peer.certificate_error, HasSubstr("client certificate \"late\" expired at 20"));
  Instant future = loop.Now() + Seconds(10 * 86'400);
  GetWith(*IssueClientCertificate(ca, "early", {}, future, 20));
  EXPECT_THAT(peer.certificate_error, HasSubstr("is not valid before 20"));
  KeyPair foreign = *MakeCa("test-ca", loop.Now(), 10);
  GetWith(*IssueClientCertificate(foreign, "mallory", {"system:masters"}, loop.Now(), 1));
  EXPECT_EQ(peer.certificate, nullptr);
  EXPECT_NE(peer.certificate_error, "");
  KeyPair other = *MakeCa("other-ca", loop.Now(), 10);
  GetWith(*IssueClientCertificate(other, "eve", {"system:masters"}, loop.Now(), 1));
  EXPECT_THAT(peer.certificate_error, HasSubstr("is not signed by a client CA"));
  GetWith(*IssueServerCertificate(ca, {"127.0.0.1"}, loop.Now(), 1));
  EXPECT_NE(peer.certificate_error, "");
  EXPECT_EQ(peer.certificate, nullptr);
}

// A resumed session remembers the certificate, and the verdict on it.
TEST_F(HttpsServerTest, ResumptionKeepsTheIdentity) {
  StartServer();
  Instant past = loop.Now() + Seconds(-10 * 86'400);
  KeyPair good = *IssueClientCertificate(ca, "bob", {"dev"}, loop.Now(), 1);
  KeyPair bad = *IssueClientCertificate(ca, "late", {"system:masters"}, past, 1);
  for (const KeyPair& pair : {good, bad}) {
    SSL_SESSION* session = nullptr;
    for (bool again : {false, true}) {
      peer = {};
      WithClient([&] {
        TlsClientOptions options = Options();
        options.certificate = pair.certificate;
        options.key = pair.private_key;
        options.resume = session;
        TlsClient client(options);
        client.Write(kGet);
        client.ReadAnswer();
        EXPECT_EQ(client.resumed(), again);
        if (!again) session = client.TakeSession();
      });
      EXPECT_EQ(peer.certificate != nullptr, pair.certificate == good.certificate);
      EXPECT_EQ(peer.certificate_error.empty(), pair.certificate == good.certificate);
    }
    SSL_SESSION_free(session);
  }
}

// A new identity serves new connections, open ones go on, and a broken one changes nothing.
TEST_F(HttpsServerTest, ReplaceIdentity) {
  StartServer();
  KeyPair next_ca = *MakeCa("next-ca", loop.Now(), 10);
  KeyPair next = *IssueServerCertificate(next_ca, {"127.0.0.1"}, loop.Now(), 10);
  EXPECT_FALSE(server->ReplaceIdentity({"junk", "junk", ""}).has_value());
  EXPECT_FALSE(
      server->ReplaceIdentity({next.certificate, server_pair.private_key, ""}).has_value());
  bool replaced = false;
  WithClient([&] {
    TlsClient old(Options());
    old.Write(kGet);
    old.ReadAnswer();
    loop.Post([&] {
      TlsIdentity identity{next.certificate, next.private_key, next_ca.certificate};
      EXPECT_TRUE(server->ReplaceIdentity(identity).has_value());
      replaced = true;
    });
    old.Write(kGet);
    EXPECT_THAT(old.ReadAnswer(), StartsWith("HTTP/1.1 200"));
    old.Write(kGet);
    EXPECT_THAT(old.ReadAnswer(), StartsWith("HTTP/1.1 200"));
    EXPECT_TRUE(replaced);
    EXPECT_FALSE(TlsClient(Options()).connected());
    TlsClientOptions options = Options();
    options.ca = next_ca.certificate;
    EXPECT_TRUE(TlsClient(options).connected());
  });
}

// Connections beyond the limit are told so by either protocol, and it is forgotten when others go.
TEST_F(HttpsServerTest, TooManyConnections) {
  ServerLimits limits;
  limits.connections_max = 2;
  StartServer(limits);
  WithClient([&] {
    auto first = std::make_unique<TlsClient>(Options());
    auto second = std::make_unique<TlsClient>(Options("h2"));
    TlsClient third(Options());
    third.Write(kGet);
    std::string answer = third.ReadToEnd();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 429 "));
    EXPECT_THAT(answer, HasSubstr("retry-after: 1"));
    TlsClient fourth(Options("h2"));
    H2Client h2(fourth);
    const auto& busy = h2.Wait(h2.Submit("GET", "/"));
    EXPECT_EQ(busy.status, 429);
    EXPECT_EQ(busy.headers.at("retry-after"), "1");
  });
  EXPECT_EQ(requests, 0);
  loop.RunUntil([&] { return server->connections() == 0; });
  EXPECT_THAT(Raw("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 200"));
}

// A client that connects and says nothing, or no TLS, is dropped.
TEST_F(HttpsServerTest, HandshakesEnd) {
  ServerLimits limits;
  limits.handshake_timeout_ms = 40;
  StartServer(limits);
  WithClient([&] {
    TlsClient tls(Options());
    tls.Reset();
  });
  for (const char* greeting : {"", "GET / HTTP/1.1\r\n\r\n"}) {
    WithClient([&] {
      int fd = socket(AF_INET, SOCK_STREAM, 0);
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(server->port());
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
      if (*greeting != '\0') {
        ASSERT_GT(write(fd, greeting, strlen(greeting)), 0);
      }
      char byte;
      while (read(fd, &byte, 1) > 0) {
      }
      close(fd);
    });
  }
  loop.RunUntil([&] { return server->connections() == 0; });
}

// The address is in the message when it cannot be had.
TEST_F(HttpsServerTest, ListenErrorsNameTheAddress) {
  StartServer();
  auto taken = HttpsServer::Create(loop, "127.0.0.1", server->port(), Identity(), {}, handler);
  ASSERT_FALSE(taken.has_value());
  EXPECT_THAT(taken.error().message, HasSubstr("127.0.0.1:" + std::to_string(server->port())));
  EXPECT_THAT(taken.error().message, HasSubstr("address already in use"));
  EXPECT_FALSE(HttpsServer::Create(loop, "example", 0, Identity(), {}, handler).has_value());
}

// Drain: work in flight is finished, watches are told and end cleanly, idle connections close, and
// nobody new comes in.
TEST_F(HttpsServerTest, DrainFinishesWorkInFlight) {
  std::vector<ExchangePtr> held;
  int drains = 0;
  handler = [&](ExchangePtr exchange) {
    if (exchange->request().path == "/watch") {
      exchange->Start(200, {});
      exchange->OnDrain([&drains, exchange] {
        ++drains;
        exchange->Write(std::make_shared<const std::string>("bye"));
        exchange->End();
      });
    } else {
      held.push_back(exchange);
    }
  };
  StartServer();
  bool drained = false;
  std::atomic<int> waiting = 0;
  WithClient([&] {
    TlsClient idle(Options());
    TlsClient one(Options());
    TlsClient two(Options("h2"));
    one.Write("GET /work HTTP/1.1\r\nHost: h\r\n\r\n");
    H2Client h2(two);
    int32_t work = h2.Submit("GET", "/work");
    int32_t watch = h2.Submit("GET", "/watch");
    h2.Until([&] { return h2.answer(watch).status == 200; });
    TlsClient three(Options());
    three.Write("GET /watch HTTP/1.1\r\nHost: h\r\n\r\n");
    three.ReadUntil("\r\n\r\n");
    loop.Post([&] {
      EXPECT_EQ(held.size(), 2u);
      server->Drain(60'000, [&] { drained = true; });
    });
    EXPECT_EQ(idle.ReadToEnd(), "");
    EXPECT_EQ(three.ReadToEnd(), "3\r\nbye\r\n0\r\n\r\n");
    EXPECT_EQ(h2.Wait(watch).body, "bye");
    EXPECT_TRUE(h2.Until([&] { return h2.goaway(); }));
    EXPECT_FALSE(TlsClient(Options()).connected());
    loop.Post([&] {
      for (auto& exchange : held) exchange->Reply(200, {}, std::string("done"));
    });
    EXPECT_EQ(h2.Wait(work).body, "done");
    std::string answer = one.ReadToEnd();
    EXPECT_THAT(answer, HasSubstr("connection: close"));
    EXPECT_THAT(answer, HasSubstr("done"));
    EXPECT_FALSE(h2.Until([] { return false; }));
  });
  loop.RunUntil([&] { return drained; });
  EXPECT_EQ(drains, 2);
  EXPECT_EQ(server->connections(), 0u);
}

// What does not end within the grace is cut, and its handler hears of it.
TEST_F(HttpsServerTest, DrainCutsWhatOutlivesTheGrace) {
  bool closed = false;
  ExchangePtr held;
  handler = [&](ExchangePtr exchange) {
    held = exchange;
    exchange->Start(200, {});
    exchange->OnClose([&] { closed = true; });
  };
  StartServer();
  bool drained = false;
  WithClient([&] {
    TlsClient client(Options("h2"));
    H2Client h2(client);
    int32_t id = h2.Submit("GET", "/watch");
    h2.Until([&] { return h2.answer(id).status == 200; });
    loop.Post([&] { server->Drain(30, [&] { drained = true; }); });
    EXPECT_FALSE(h2.Until([] { return false; }));
  });
  loop.RunUntil([&] { return drained; });
  EXPECT_TRUE(closed);
}

// A server may be destroyed with connections open and answers under way.
TEST_F(HttpsServerTest, DestructionClosesEverything) {
  ExchangePtr held;
  bool closed = false;
  handler = [&](ExchangePtr exchange) {
    held = exchange;
    exchange->OnClose([&] { closed = true; });
    loop.Defer([&] { server.reset(); });
  };
  StartServer();
  WithClient([&] {
    TlsClient client(Options());
    client.Write(kGet);
    EXPECT_EQ(client.ReadToEnd(), "");
  });
  loop.RunUntil([&] { return closed; });
  held->Reply(200, {}, std::string("late"));
}

}  // namespace
}  // namespace fairway::gateway
