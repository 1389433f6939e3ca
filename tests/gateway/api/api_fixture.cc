#include "tests/gateway/api/api_fixture.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace fairway::gateway::api {

namespace {

std::string Unescape(std::string_view text, bool query) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out +=
          static_cast<char>(std::strtol(std::string(text.substr(i + 1, 2)).c_str(), nullptr, 16));
      i += 2;
    } else {
      out += query && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

Request MakeRequest(std::string_view method, std::string_view target, std::string_view body,
                    Headers headers) {
  Request request;
  request.method = method;
  request.target = target;
  size_t mark = target.find('?');
  request.path = Unescape(target.substr(0, mark), false);
  std::string_view rest = mark == std::string_view::npos ? "" : target.substr(mark + 1);
  while (!rest.empty()) {
    size_t ampersand = rest.find('&');
    std::string_view pair = rest.substr(0, ampersand);
    size_t equals = pair.find('=');
    request.query.emplace_back(
        Unescape(pair.substr(0, equals), true),
        equals == std::string_view::npos ? "" : Unescape(pair.substr(equals + 1), true));
    if (ampersand == std::string_view::npos) break;
    rest.remove_prefix(ampersand + 1);
  }
  request.headers = std::move(headers);
  request.body = body;
  return request;
}

}  // namespace

std::vector<kube::Value> FakeExchange::Events() const {
  std::vector<kube::Value> events;
  std::string_view rest = body;
  while (!rest.empty()) {
    size_t newline = rest.find('\n');
    auto doc = kube::ParseJson(rest.substr(0, newline));
    EXPECT_TRUE(doc) << rest;
    if (doc) events.push_back(std::move(*doc));
    if (newline == std::string_view::npos) break;
    rest.remove_prefix(newline + 1);
  }
  return events;
}

ApiFixture::ApiFixture() { Build({}); }

ApiFixture::~ApiFixture() {
  server_.reset();
  store_.reset();
  journal_.reset();
}

void ApiFixture::Build(ApiServerOptions options) {
  server_.reset();
  store_.reset();
  journal_ = std::make_unique<store::MemoryJournal>(store::MemoryJournal::Options{
      .post = [this](std::function<void()> fn) { loop_.Post(std::move(fn)); }});
  store_ = std::make_unique<store::ObjectStore>(
      *journal_, [this](std::function<void()> fn) { loop_.AtTurnEnd(std::move(fn)); },
      store::ObjectStore::Limits{}, [this] { return loop_.Now(); });
  server_ = std::make_unique<ApiServer>(loop_, *store_, std::move(options));
  Status started = server_->Start();
  EXPECT_TRUE(started);
  Settle();
}

FakePtr ApiFixture::Begin(std::string_view method, std::string_view target, std::string_view body,
                          Headers headers) {
  auto exchange =
      std::make_shared<FakeExchange>(MakeRequest(method, target, body, std::move(headers)));
  server_->Handle(exchange);
  return exchange;
}

FakePtr ApiFixture::Send(std::string_view method, std::string_view target, std::string_view body,
                         Headers headers) {
  FakePtr exchange = Begin(method, target, body, std::move(headers));
  RunUntil([&] { return exchange->answered; });
  return exchange;
}

void ApiFixture::RunUntil(const std::function<bool()>& done) { loop_.RunUntil(done); }

void ApiFixture::Settle() {
  // A write is staged, flushed, committed, reported and delivered in a few turns; each of these
  // queues the next, so that a fence posted after them comes last.
  for (int fence = 0; fence < 12; ++fence) {
    bool reached = false;
    loop_.Post([&reached] { reached = true; });
    loop_.RunUntil([&reached] { return reached; });
  }
}

void ApiFixture::CreateNamespace(std::string_view name) {
  FakePtr made =
      Send("POST", "/api/v1/namespaces", "{\"metadata\":{\"name\":\"" + std::string(name) + "\"}}");
  ASSERT_EQ(made->status, 201) << made->body;
}

}  // namespace fairway::gateway::api
