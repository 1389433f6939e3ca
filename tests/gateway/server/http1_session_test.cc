// HTTP/1.1 over real sockets: framing, order, limits.
#include "gateway/server/http1_session.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "tests/gateway/server/server_fixture.h"

namespace fairway::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class Http1Test : public ServerFixture {};

// Requests on one connection are answered in their order, each with its own body.
TEST_F(Http1Test, PipelinedRequestsAreAnsweredInOrder) {
  StartServer();
  std::string bytes;
  for (int i = 0; i < 50; ++i) {
    bytes += "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab";
  }
  bytes += "GET /end HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  std::string answer = Raw(bytes);
  size_t at = 0;
  for (int i = 0; i < 50; ++i) {
    size_t found = answer.find("POST /" + std::to_string(i) + " [ab]", at);
    ASSERT_NE(found, std::string::npos) << i;
    at = found;
  }
  EXPECT_NE(answer.find("GET /end []", at), std::string::npos);
  EXPECT_EQ(requests, 51);
}

// A pipelined request waits until the one before it is answered, and more than a buffer of waiting
// requests is not lost.
TEST_F(Http1Test, PipelinedRequestsWaitForASlowAnswer) {
  ExchangePtr held;
  int while_held = 0;
  handler = [&](ExchangePtr exchange) {
    if (exchange->request().path == "/slow") {
      held = exchange;
      // Long after everything else has been sent.
      loop.Post([&] { loop.Post([&] { held->Reply(200, {}, std::string("slow")); }); });
    } else {
      while_held += held && !held->closed();
      exchange->Reply(200, {}, exchange->request().path);
    }
  };
  StartServer();
  std::string bytes = "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n";
  std::string filler(1000, 'x');
  for (int i = 0; i < 300; ++i) {
    bytes += "GET /n" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\nX: " + filler + "\r\n\r\n";
  }
  bytes += "GET /end HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  std::string answer = Raw(bytes);
  EXPECT_EQ(requests, 302);
  EXPECT_EQ(while_held, 0);
  EXPECT_LT(answer.find("slow"), answer.find("/n0"));
  EXPECT_THAT(answer, ::testing::EndsWith("/end"));
}

// Chunked bodies arrive whole; trailers and extensions are ignored.
TEST_F(Http1Test, ChunkedBody) {
  StartServer();
  std::string answer =
      Raw("POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
          "3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("POST /c [abcde]"));
}

// A body that comes byte by byte is the same body.
TEST_F(Http1Test, ByteByByte) {
  StartServer();
  std::string answer;
  WithClient([&] {
    TlsClient client(Options());
    for (char c : std::string("POST /b?x=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n"
                              "Connection: close\r\n\r\nabcd")) {
      client.Write(std::string_view(&c, 1));
    }
    answer = client.ReadToEnd();
  });
  EXPECT_THAT(answer, HasSubstr("POST /b [abcd]"));
}

// Expect: 100-continue is answered before the body; a refused body never asks for it.
TEST_F(Http1Test, ExpectContinue) {
  StartServer();
  WithClient([&] {
    TlsClient client(Options());
    client.Write("PUT /e HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.Write("xyz");
    EXPECT_THAT(client.ReadAnswer(), HasSubstr("PUT /e [xyz]"));
    client.Write(
        "PUT /e HTTP/1.1\r\nHost: h\r\nContent-Length: 3145729\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_THAT(client.ReadAnswer(), StartsWith("HTTP/1.1 413 "));
  });
}

// HEAD, 204 and 304 carry no body and no stray bytes: the next answer follows at once.
TEST_F(Http1Test, BodilessAnswers) {
  handler = [](ExchangePtr exchange) {
    const std::string& path = exchange->request().path;
    int status = path == "/204" ? 204 : path == "/304" ? 304 : 200;
    if (path == "/stream") {
      exchange->Start(200, {});
      exchange->Write(std::make_shared<const std::string>("ignored"));
      exchange->End();
    } else {
      exchange->Reply(status, {}, std::string("body of ") + path);
    }
  };
  StartServer();
  WithClient([&] {
    TlsClient client(Options());
    for (const char* first : {"HEAD /a", "GET /204", "GET /304", "HEAD /stream"}) {
      client.Write(std::string(first) + " HTTP/1.1\r\nHost: h\r\n\r\n");
      std::string head = client.ReadUntil("\r\n\r\n");
      if (std::string(first) == "HEAD /a") {
        EXPECT_THAT(head, HasSubstr("content-length: 10"));
      }
      client.Write("GET /next HTTP/1.1\r\nHost: h\r\n\r\n");
      EXPECT_THAT(client.ReadAnswer(), StartsWith("HTTP/1.1 200 OK")) << first;
    }
  });
}

// HTTP/1.0: the connection closes behind the answer, unless keep-alive was asked for.
TEST_F(Http1Test, Http10) {
  handler = [](ExchangePtr exchange) {
    exchange->Start(200, {});
    exchange->Write(std::make_shared<const std::string>("streamed"));
    exchange->End();
  };
  StartServer();
  std::string answer = Raw("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_THAT(answer, ::testing::Not(HasSubstr("chunked")));
  EXPECT_THAT(answer, ::testing::EndsWith("\r\n\r\nstreamed"));
  handler = [](ExchangePtr exchange) { exchange->Reply(200, {}, std::string("whole")); };
  WithClient([&] {
    TlsClient client(Options());
    for (int i = 0; i < 2; ++i) {
      client.Write("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
      EXPECT_THAT(client.ReadAnswer(), HasSubstr("connection: keep-alive"));
    }
  });
}

// A stream goes out piece by piece as chunks, small and shared pieces alike.
TEST_F(Http1Test, StreamedAnswerIsChunked) {
  std::string large(100'000, 'L');
  handler = [&](ExchangePtr exchange) {
    exchange->Start(200, {{"content-type", "application/json"}});
    exchange->Write(std::make_shared<const std::string>("hello"));
    loop.Post([exchange, &large] {
      exchange->Write(std::make_shared<const std::string>(large));
      exchange->End();
    });
  };
  StartServer();
  std::string answer = Raw("GET /s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("transfer-encoding: chunked"));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\n5\r\nhello\r\n186a0\r\nLLLL"));
  EXPECT_THAT(answer, ::testing::EndsWith("LLLL\r\n0\r\n\r\n"));
}

// Header values cannot split the answer.
TEST_F(Http1Test, AnswerHeadersCannotBeSplit) {
  handler = [](ExchangePtr exchange) {
    exchange->Reply(200, {{"warning", "a\r\nset-cookie: evil=1"}}, std::string("x"));
  };
  StartServer();
  std::string answer = Raw("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, ::testing::Not(HasSubstr("\r\nset-cookie")));
}

// A body above the limit gets a Status that kubectl can print, also when the client sends all of it
// before it reads.
TEST_F(Http1Test, LargeBodyIsRefusedPolitely) {
  StartServer();
  constexpr size_t kSize = 10u << 20;
  std::string body(kSize, 'b');
  std::string answer =
      Raw("POST /big HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(kSize) + "\r\n\r\n" +
          body);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(answer, HasSubstr("Request entity too large: limit is 3145728"));
  EXPECT_THAT(answer, HasSubstr(R"("reason":"RequestEntityTooLarge")"));
  std::string chunked = "POST /big HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 10; ++i) chunked += "100000\r\n" + body.substr(0, 1u << 20) + "\r\n";
  EXPECT_THAT(Raw(chunked + "0\r\n\r\n"), StartsWith("HTTP/1.1 413 "));
  EXPECT_EQ(requests, 0);
}

// A header above the limit gets 431.
TEST_F(Http1Test, LargeHeaderIsRefused) {
  StartServer();
  std::string answer =
      Raw("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 431 "));
  EXPECT_EQ(requests, 0);
}

// A client that dribbles its header or body is answered 408 and closed; an idle one is closed.
TEST_F(Http1Test, SlowClientsAreEnded) {
  ServerLimits limits;
  limits.header_timeout_ms = 40;
  limits.body_timeout_ms = 40;
  limits.idle_timeout_ms = 40;
  limits.handshake_timeout_ms = 40;
  StartServer(limits);
  EXPECT_THAT(Raw("GET / HTTP/1.1\r\nHost: h\r\nX-Slow"), StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(Raw("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab"),
              StartsWith("HTTP/1.1 408 "));
  EXPECT_EQ(Raw(""), "");
  loop.RunUntil([&] { return server->connections() == 0; });
}

// When the client goes away, the handler hears of it once, and what it still says is dropped.
TEST_F(Http1Test, ClientGoneClosesTheExchange) {
  ExchangePtr held;
  int closes = 0;
  handler = [&](ExchangePtr exchange) {
    held = exchange;
    exchange->OnClose([&] { ++closes; });
  };
  StartServer();
  WithClient([&] {
    TlsClient client(Options());
    client.Write("GET /w HTTP/1.1\r\nHost: h\r\n\r\n");
    std::thread([] {}).join();
  });
  loop.RunUntil([&] { return closes == 1; });
  EXPECT_TRUE(held->closed());
  held->Reply(200, {}, std::string("late"));
  EXPECT_FALSE(held->Write(std::make_shared<const std::string>("late")));
  bool told = false;
  held->OnClose([&] { told = true; });
  loop.RunUntil([&] { return told; });
  EXPECT_EQ(closes, 1);
}

// A reader that does not read holds its writer back, and is cut beyond the buffer limit.
TEST_F(Http1Test, SlowReaderIsHeldBackAndThenCut) {
  ServerLimits limits;
  limits.write_high_water = 64u << 10;
  limits.connection_buffer_max = 32u << 20;
  ExchangePtr held;
  bool closed = false;
  bool held_back = false;
  auto piece = std::make_shared<const std::string>(std::string(256u << 10, 'p'));
  handler = [&](ExchangePtr exchange) {
    held = exchange;
    exchange->OnClose([&] { closed = true; });
    exchange->Start(200, {});
  };
  StartServer(limits);
  std::function<void()> pump = [&] {
    if (closed) return;
    if (!held->Write(piece)) held_back = true;
    loop.Post(pump);
  };
  WithClient([&] {
    TlsClient client(Options());
    client.Write("GET /w HTTP/1.1\r\nHost: h\r\n\r\n");
    client.ReadUntil("\r\n\r\n");
    loop.Post(pump);
    // Waits without reading until the server has cut the connection.
    std::string rest;
    std::atomic<bool> cut = false;
    std::function<void()> look = [&] {
      if (closed) {
        cut = true;
        cut.notify_one();
      } else {
        loop.Post(look);
      }
    };
    loop.Post(look);
    cut.wait(false);
  });
  EXPECT_TRUE(held_back);
  EXPECT_TRUE(closed);
}

// OnWritable lets a writer go on that Write() has held back, until all is sent.
TEST_F(Http1Test, WritableResumesTheWriter) {
  ServerLimits limits;
  limits.write_high_water = 32u << 10;
  constexpr size_t kPieces = 400;
  auto piece = std::make_shared<const std::string>(std::string(20'000, 'p'));
  size_t written = 0;
  size_t most = 0;
  handler = [&](ExchangePtr exchange) {
    exchange->Start(200, {{"content-length", std::to_string(kPieces * piece->size())}});
    auto pump = [&, exchange = exchange.get()] {
      while (written < kPieces) {
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
  std::string answer = Raw("GET /w HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_GT(answer.size(), kPieces * piece->size());
  EXPECT_LT(most, 1u << 20);
}

}  // namespace
}  // namespace fairway::gateway
