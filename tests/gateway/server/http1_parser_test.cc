#include "gateway/server/http1_parser.h"

#include <gtest/gtest.h>

namespace fairway::gateway {
namespace {

struct Outcome {
  int status = 0;  // of the failure
  bool complete = false;
  Request request;
  std::string rest;
};

// Feeds `bytes` in pieces of `step` the way a session does.
Outcome Feed(const std::string& bytes, size_t step = 1u << 20) {
  Http1Parser parser(1024, 4096);
  std::string input;
  size_t sent = 0;
  while (true) {
    size_t used = parser.Feed(input);
    input.erase(0, used);
    if (parser.failure().status != 0 || parser.complete()) break;
    if (used > 0 && !input.empty()) continue;
    if (sent == bytes.size()) break;
    size_t count = std::min(step, bytes.size() - sent);
    input += bytes.substr(sent, count);
    sent += count;
  }
  Outcome outcome;
  outcome.status = parser.failure().status;
  outcome.complete = parser.complete() && outcome.status == 0;
  if (outcome.complete) outcome.request = parser.request();
  outcome.rest = input + bytes.substr(sent);
  return outcome;
}

struct Case {
  const char* name;
  std::string bytes;
  int status;  // 0 = accepted
};

std::vector<Case> Cases() {
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  return {
      {"plain", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", 0},
      {"an empty line before", "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 0},
      {"bare LF ends the request line", "GET / HTTP/1.1\nHost: h\r\n\r\n", 400},
      {"bare LF ends a header", "GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", 400},
      {"bare LF ends the head", "GET / HTTP/1.1\r\nHost: h\r\n\n", 400},
      {"bare CR in a header",
       "GET / HTTP/1.1\r\nHost: h\r\nX: a\rTransfer-Encoding: chunked\r\n\r\n", 400},
      {"folded header", "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", 400},
      {"folded with a tab", "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n\tb\r\n\r\n", 400},
      {"first header folded", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400},
      {"space before the colon", "GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400},
      {"space in a name", "GET / HTTP/1.1\r\nHost: h\r\nA B: c\r\n\r\n", 400},
      {"empty name", "GET / HTTP/1.1\r\nHost: h\r\n: c\r\n\r\n", 400},
      {"control in a value", std::string("GET / HTTP/1.1\r\nHost: h\r\nX: a\x01") + "b\r\n\r\n",
       400},
      {"NUL in a value", std::string("GET / HTTP/1.1\r\nHost: h\r\nX: a") + '\0' + "b\r\n\r\n",
       400},
      {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 0},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505},
      {"HTTP/0.9", "GET /\r\n\r\n", 400},
      {"lower-case protocol", "GET / http/1.1\r\nHost: h\r\n\r\n", 505},
      {"two spaces", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"target without a slash", "GET x HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"absolute target", "GET http://h/a HTTP/1.1\r\nHost: h\r\n\r\n", 0},
      {"broken escape", "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"escaped NUL", "GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"length", post + "Content-Length: 3\r\n\r\nabc", 0},
      {"two lengths that differ", post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
      {"two lengths that agree", post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
      {"length as a list", post + "Content-Length: 3, 3\r\n\r\nabc", 400},
      {"signed length", post + "Content-Length: +3\r\n\r\nabc", 400},
      {"negative length", post + "Content-Length: -3\r\n\r\nabc", 400},
      {"hexadecimal length", post + "Content-Length: 0x3\r\n\r\nabc", 400},
      {"empty length", post + "Content-Length: \r\n\r\n", 400},
      {"length beyond 64 bits", post + "Content-Length: 99999999999999999999999\r\n\r\n", 400},
      {"length beyond the limit", post + "Content-Length: 4097\r\n\r\n", 413},
      {"chunked", post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 0},
      {"coding in capitals", post + "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", 0},
      {"length and coding",
       post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"coding and length",
       post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400},
      {"two codings",
       post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"coding then identity",
       post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 400},
      {"gzip, chunked", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
      {"chunked, identity", post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 501},
      {"xchunked", post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501},
      {"quoted coding", post + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 501},
      {"coding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunk size with LF only", post + "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
       400},
      {"chunk size with a sign", post + "Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n",
       400},
      {"chunk size with 0x", post + "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
       400},
      {"chunk size empty", post + "Transfer-Encoding: chunked\r\n\r\n\r\nabc\r\n0\r\n\r\n", 400},
      {"chunk size overflows",
       post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n0\r\n\r\n", 400},
      {"chunk longer than it says",
       post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", 400},
      {"chunks beyond the limit",
       post + "Transfer-Encoding: chunked\r\n\r\n1001\r\n" + std::string(0x1001, 'x'), 413},
      {"endless chunk extension",
       post + "Transfer-Encoding: chunked\r\n\r\n3;" + std::string(5000, 'x'), 400},
      {"header too large", "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(2000, 'x'), 431},
      {"unknown expectation", post + "Expect: tea\r\nContent-Length: 0\r\n\r\n", 417},
  };
}

// Whatever two parsers might read differently is refused, however the bytes are cut.
TEST(Http1ParserTest, RefusesWhatCouldBeReadTwoWays) {
  for (const Case& one : Cases()) {
    for (size_t step : {size_t{1} << 20, size_t{1}, size_t{3}, size_t{7}}) {
      Outcome outcome = Feed(one.bytes, step);
      EXPECT_EQ(outcome.status, one.status) << one.name << ", in steps of " << step;
      EXPECT_EQ(outcome.complete, one.status == 0) << one.name << ", in steps of " << step;
    }
  }
}

// Exactly one request is consumed: what follows stays for the next.
TEST(Http1ParserTest, LeavesTheNextRequest) {
  const std::string next = "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n";
  for (const std::string& first :
       {std::string("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nGET "),
        std::string("POST /1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "4\r\nGET \r\n0\r\n\r\n"),
        std::string("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n")}) {
    Outcome outcome = Feed(first + next);
    ASSERT_TRUE(outcome.complete) << first;
    EXPECT_EQ(outcome.rest, next) << first;
  }
}

// Headers keep order and repeats, in lower case; path and query are decoded.
TEST(Http1ParserTest, FillsTheRequest) {
  Outcome outcome = Feed(
      "PATCH /a%20b/c?x=1&y=a+b%2Cc&flag&x=2 HTTP/1.1\r\nHOST: h\r\nImpersonate-Group: g1\r\n"
      "impersonate-group:   g2  \r\nContent-Length: 2\r\n\r\nhi");
  ASSERT_TRUE(outcome.complete);
  const Request& request = outcome.request;
  EXPECT_EQ(request.method, "PATCH");
  EXPECT_EQ(request.path, "/a b/c");
  EXPECT_EQ(request.body, "hi");
  EXPECT_EQ(request.Header("host"), "h");
  EXPECT_EQ(request.Query("x"), "1");
  EXPECT_EQ(request.Query("y"), "a b,c");
  EXPECT_EQ(request.Query("flag"), "");
  EXPECT_EQ(request.Query("none"), std::nullopt);
  Headers groups;
  for (const auto& header : request.headers) {
    if (header.first == "impersonate-group") groups.push_back(header);
  }
  EXPECT_EQ(groups, (Headers{{"impersonate-group", "g1"}, {"impersonate-group", "g2"}}));
}

}  // namespace
}  // namespace fairway::gateway
