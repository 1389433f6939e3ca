// HTTP/2 over real sockets: streams, flow control, limits.
#include "gateway/server/http2_session.h"

#include <gmock/gmock.h>

#include "tests/gateway/server/h2_client.h"
#include "tests/gateway/server/server_fixture.h"

namespace fairway::gateway {
namespace {

using ::testing::HasSubstr;

class Http2Test : public ServerFixture {
 protected:
  void WithH2(const std::function<void(H2Client&)>& client) {
    WithClient([&] {
      TlsClient tls(Options("h2"));
      ASSERT_TRUE(tls.connected());
      EXPECT_EQ(tls.alpn(), "h2");
      H2Client h2(tls);
      client(h2);
    });
  }
};

// Many requests on one connection are answered, each with its length.
TEST_F(Http2Test, ManyStreams) {
  StartServer();
  WithH2([&](H2Client& h2) {
    std::vector<int32_t> ids;
    for (int i = 0; i < 200; ++i) {
      ids.push_back(h2.Submit("POST", "/" + std::to_string(i) + "?q=1", std::string(4000, 'b')));
    }
    for (int i = 0; i < 200; ++i) {
      const auto& answer = h2.Wait(ids[i]);
      EXPECT_EQ(answer.status, 200);
      EXPECT_EQ(answer.body, "POST /" + std::to_string(i) + " [" + std::string(4000, 'b') + "]");
      EXPECT_EQ(answer.headers.at("content-length"), std::to_string(answer.body.size()));
      EXPECT_EQ(answer.error, 0u);
    }
  });
}

// Answers may come in any order and later than the request.
TEST_F(Http2Test, ASlowStreamHoldsUpNoOther) {
  ExchangePtr slow;
  handler = [&](ExchangePtr exchange) {
    if (exchange->request().path == "/slow") {
      slow = exchange;
      return;
    }
    exchange->Reply(200, {}, std::string("fast"));
    if (exchange->request().path == "/release") slow->Reply(201, {}, std::string("slow"));
  };
  StartServer();
  WithH2([&](H2Client& h2) {
    int32_t first = h2.Submit("GET", "/slow");
    EXPECT_EQ(h2.Wait(h2.Submit("GET", "/fast")).body, "fast");
    EXPECT_FALSE(h2.answer(first).closed);
    EXPECT_EQ(h2.Wait(h2.Submit("GET", "/release")).body, "fast");
    EXPECT_EQ(h2.Wait(first).status, 201);
  });
}

// Bodies of every kind: none, large, HEAD, 204, 304, streamed.
TEST_F(Http2Test, Bodies) {
  std::string large(3'000'000, 'L');
  handler = [&](ExchangePtr exchange) {
    const std::string& path = exchange->request().path;
    if (path == "/large") return exchange->Reply(200, {}, large);
    if (path == "/204") return exchange->Reply(204, {}, std::string());
    if (path == "/304") return exchange->Reply(304, {}, std::string("x"));
    if (path == "/empty") return exchange->Reply(200, {}, std::string());
    exchange->Start(200, {{"Connection", "close"}, {"X-Mixed", "v"}});
    for (int i = 0; i < 100; ++i) {
      exchange->Write(std::make_shared<const std::string>(std::to_string(i) + "\n"));
    }
    loop.Post([exchange] { exchange->End(); });
  };
  StartServer();
  WithH2([&](H2Client& h2) {
    EXPECT_EQ(h2.Wait(h2.Submit("GET", "/large")).body, large);
    const auto& head = h2.Wait(h2.Submit("HEAD", "/large"));
    EXPECT_EQ(head.body, "");
    EXPECT_EQ(head.headers.at("content-length"), "3000000");
    EXPECT_EQ(h2.Wait(h2.Submit("GET", "/204")).headers.count("content-length"), 0u);
    EXPECT_EQ(h2.Wait(h2.Submit("GET", "/304")).body, "");
    EXPECT_EQ(h2.Wait(h2.Submit("GET", "/empty")).headers.at("content-length"), "0");
    const auto& streamed = h2.Wait(h2.Submit("GET", "/stream"));
    EXPECT_EQ(streamed.headers.count("connection"), 0u);
    EXPECT_EQ(streamed.headers.at("x-mixed"), "v");
    EXPECT_EQ(streamed.body.size(), 10u * 2 + 90u * 3);
    EXPECT_EQ(streamed.error, 0u);
  });
}

// A body above the limit gets its 413 whether or not its length was declared, and the connection
// goes on.
TEST_F(Http2Test, LargeBodyIsRefused) {
  StartServer();
  WithH2([&](H2Client& h2) {
    std::string body(10u << 20, 'b');
    const auto& declared = h2.Wait(h2.Submit("POST", "/", body, {{"content-length", "10485760"}}));
    EXPECT_EQ(declared.status, 413);
    EXPECT_THAT(declared.body, HasSubstr("Request entity too large: limit is 3145728"));
    EXPECT_EQ(h2.Wait(h2.Submit("POST", "/", body)).status, 413);
    EXPECT_EQ(h2.Wait(h2.Submit("POST", "/ok", "b")).status, 200);
  });
  EXPECT_EQ(requests, 1);
}

// Expect: 100-continue is answered before the body.
TEST_F(Http2Test, ExpectContinue) {
  StartServer();
  WithH2([&](H2Client& h2) {
    const auto& answer = h2.Wait(h2.Submit("POST", "/", "body", {{"expect", "100-continue"}}));
    EXPECT_EQ(answer.interim, std::vector<int>{100});
    EXPECT_EQ(answer.status, 200);
  });
}

// A header list above the limit gets 431, and the connection goes on.
TEST_F(Http2Test, LargeHeaderIsRefused) {
  ServerLimits limits;
  limits.header_bytes_max = 8 << 10;
  StartServer(limits);
  WithH2([&](H2Client& h2) {
    EXPECT_EQ(h2.Wait(h2.Submit("GET", "/", "", {{"x", std::string(9000, 'x')}})).status, 431);
    EXPECT_EQ(h2.Wait(h2.Submit("GET", "/%zz")).status, 400);
    EXPECT_EQ(h2.Wait(h2.Submit("GET", "/")).status, 200);
  });
  EXPECT_EQ(requests, 1);
}

// A request that does not end in time is answered 408; PING is answered meanwhile.
TEST_F(Http2Test, SlowBodyTimesOut) {
  ServerLimits limits;
  limits.body_timeout_ms = 40;
  StartServer(limits);
  WithH2([&](H2Client& h2) {
    int32_t id = h2.SubmitEndless("/slow");
    h2.Ping();
    EXPECT_TRUE(h2.Until([&] { return h2.ping_answered(); }));
    EXPECT_TRUE(h2.Until([&] { return h2.answer(id).status != 0; }));
    EXPECT_EQ(h2.answer(id).status, 408);
  });
}

// An idle connection is told to go away and closed.
TEST_F(Http2Test, IdleConnectionGoesAway) {
  ServerLimits limits;
  limits.idle_timeout_ms = 40;
  StartServer(limits);
  WithH2([&](H2Client& h2) {
    EXPECT_TRUE(h2.Until([&] { return h2.goaway(); }));
    EXPECT_EQ(h2.goaway_error(), 0u);
    EXPECT_FALSE(h2.Until([] { return false; }));
  });
}

// A client that resets its stream closes that exchange and no other.
TEST_F(Http2Test, ResetClosesOneExchange) {
  std::vector<ExchangePtr> held;
  int closes = 0;
  handler = [&](ExchangePtr exchange) {
    if (exchange->request().path == "/end") {
      held.back()->Reply(200, {}, std::string("other"));
      return exchange->Reply(200, {}, std::string());
    }
    exchange->OnClose([&] { ++closes; });
    held.push_back(exchange);
  };
  StartServer();
  WithH2([&](H2Client& h2) {
    int32_t first = h2.Submit("GET", "/a");
    int32_t second = h2.Submit("GET", "/b");
    h2.Flush();
    h2.ResetStream(first);
    h2.Wait(h2.Submit("GET", "/end"));
    EXPECT_EQ(h2.Wait(second).body, "other");
  });
  EXPECT_EQ(closes, 1);
  EXPECT_TRUE(held[0]->closed());
}

// Opening and resetting streams buys no more work than open streams would: handlers that are still
// busy count, and the rest is refused.
TEST_F(Http2Test, RapidResetIsBounded) {
  ServerLimits limits;
  limits.streams_per_connection_max = 10;
  std::vector<ExchangePtr> held;
  handler = [&](ExchangePtr exchange) { held.push_back(exchange); };
  StartServer(limits);
  WithH2([&](H2Client& h2) {
    // The server's SETTINGS first, as a client that means harm would not wait for more.
    h2.Ping();
    h2.Until([&] { return h2.ping_answered(); });
    for (int i = 0; i < 500; ++i) {
      int32_t id = h2.Submit("GET", "/" + std::to_string(i));
      h2.Flush();
      h2.ResetStream(id);
      h2.Flush();
    }
    H2Client* client = &h2;
    client->Until([&] { return client->answer(999).closed; });
  });
  EXPECT_LE(held.size(), 20u);
}

// A reader with a closed window holds its writer back; when it reads on, everything arrives.
TEST_F(Http2Test, FlowControlHoldsTheWriterBack) {
  ServerLimits limits;
  limits.write_high_water = 64u << 10;
  auto piece = std::make_shared<const std::string>(std::string(10'000, 'p'));
  size_t written = 0;
  size_t most = 0;
  handler = [&](ExchangePtr exchange) {
    exchange->Start(200, {});
    auto pump = [&, exchange = exchange.get()] {
      while (written < 1000) {
        ++written;
        bool more = exchange->Write(piece);
        most = std::max(most, exchange->buffered());
        if (!more) return;
      }
      exchange->End();
    };
    exchange->OnWritable(pump);
    pump();
  };
  StartServer(limits);
  WithH2(
      [&](H2Client& h2) { EXPECT_EQ(h2.Wait(h2.Submit("GET", "/")).body.size(), 1000u * 10'000); });
  EXPECT_LT(most, 1u << 20);
}

// What is no HTTP/2 ends the connection, not the server.
TEST_F(Http2Test, GarbageEndsTheConnection) {
  StartServer();
  WithClient([&] {
    TlsClient tls(Options("h2"));
    tls.Write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    tls.ReadToEnd();
  });
  WithH2([&](H2Client& h2) { EXPECT_EQ(h2.Wait(h2.Submit("GET", "/")).status, 200); });
}

// A thousand idle watches live on a few connections, and one event reaches them all.
TEST_F(Http2Test, ThousandIdleWatches) {
  std::vector<ExchangePtr> watches;
  handler = [&](ExchangePtr exchange) {
    if (exchange->request().path == "/event") {
      for (auto& watch : watches) {
        watch->Write(std::make_shared<const std::string>("{\"type\":\"ADDED\"}\n"));
        watch->End();
      }
      return exchange->Reply(200, {}, std::string());
    }
    exchange->Start(200, {});
    watches.push_back(exchange);
  };
  StartServer();
  WithClient([&] {
    std::vector<std::unique_ptr<TlsClient>> connections;
    std::vector<std::unique_ptr<H2Client>> clients;
    std::vector<std::vector<int32_t>> ids(5);
    for (int c = 0; c < 5; ++c) {
      connections.push_back(std::make_unique<TlsClient>(Options("h2")));
      clients.push_back(std::make_unique<H2Client>(*connections[c]));
      for (int i = 0; i < 200; ++i) ids[c].push_back(clients[c]->Submit("GET", "/watch"));
      for (int32_t id : ids[c]) {
        clients[c]->Until([&] { return clients[c]->answer(id).status == 200; });
      }
    }
    clients[0]->Wait(clients[0]->Submit("GET", "/event"));
    for (int c = 0; c < 5; ++c) {
      for (int32_t id : ids[c]) {
        EXPECT_EQ(clients[c]->Wait(id).body, "{\"type\":\"ADDED\"}\n");
      }
    }
  });
  EXPECT_EQ(watches.size(), 1000u);
}

}  // namespace
}  // namespace fairway::gateway
