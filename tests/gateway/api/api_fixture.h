// ApiFixture: an ApiServer over a MemoryJournal, and requests that need no socket.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clusters/kube/json.h"
#include "clusters/loop/loop.h"
#include "gateway/api/api_server.h"
#include "gateway/server/exchange.h"
#include "gtest/gtest.h"
#include "store/memory_journal.h"
#include "store/object_store.h"

namespace fairway::gateway::api {

inline constexpr std::string_view kMaps = "/api/v1/namespaces/default/configmaps";
inline constexpr std::string_view kJobs = "/apis/batch/v1/namespaces/default/jobs";

// One request and what was answered.
class FakeExchange final : public Exchange {
 public:
  explicit FakeExchange(Request request) { request_ = std::move(request); }

  void Reply(int code, Headers reply_headers, std::shared_ptr<const std::string> text) override {
    ASSERT_FALSE(answered) << "answered twice";
    answered = true;
    status = code;
    headers = std::move(reply_headers);
    body = *text;
  }
  void Start(int code, Headers start_headers) override {
    ASSERT_FALSE(answered) << "answered twice";
    answered = true;
    status = code;
    headers = std::move(start_headers);
  }
  bool Write(std::shared_ptr<const std::string> piece) override {
    body += *piece;
    unread += piece->size();
    return unread < high_water;
  }
  void End() override { ended = true; }
  size_t buffered() const override { return unread; }
  void OnWritable(std::function<void()> fn) override { on_writable = std::move(fn); }
  void OnClose(std::function<void()> fn) override { on_close = std::move(fn); }
  bool closed() const override { return is_closed; }
  std::shared_ptr<void> HoldInput() override {
    if (!on_hold) return nullptr;
    on_hold(true);
    return std::shared_ptr<void>(this, [tell = on_hold](void*) { tell(false); });
  }

  // The client reads everything, or goes away.
  void Drain() {
    unread = 0;
    if (on_writable) on_writable();
  }
  void CloseByClient() {
    is_closed = true;
    if (on_close) std::exchange(on_close, nullptr)();
  }

  std::string Header(std::string_view name) const {
    for (auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return "";
  }
  std::vector<std::string> Warnings() const {
    std::vector<std::string> texts;
    for (auto& [key, value] : headers) {
      if (key == "warning") texts.push_back(value);
    }
    return texts;
  }
  kube::Value Json() const {
    auto doc = kube::ParseJson(body);
    EXPECT_TRUE(doc) << body;
    return doc ? *doc : kube::Value();
  }
  // The events of a watch stream.
  std::vector<kube::Value> Events() const;

  bool answered = false;
  bool ended = false;
  bool is_closed = false;
  int status = 0;
  Headers headers;
  std::string body;
  size_t unread = 0;
  size_t high_water = SIZE_MAX;
  std::function<void()> on_writable, on_close;
  std::function<void(bool held)> on_hold;
};

using FakePtr = std::shared_ptr<FakeExchange>;

class ApiFixture : public ::testing::Test {
 protected:
  ApiFixture();
  ~ApiFixture() override;

  // Builds the server anew; call before the first request to change options.
  void Build(ApiServerOptions options);

  // Sends a request and runs the loop until it is answered.
  FakePtr Send(std::string_view method, std::string_view target, std::string_view body = "",
               Headers headers = {});
  // Sends a request without waiting.
  FakePtr Begin(std::string_view method, std::string_view target, std::string_view body = "",
                Headers headers = {});
  FakePtr Get(std::string_view target, Headers headers = {}) {
    return Send("GET", target, "", std::move(headers));
  }
  void RunUntil(const std::function<bool()>& done);
  // Runs everything that is ready, committed and delivered.
  void Settle();
  void CreateNamespace(std::string_view name);

  Loop loop_;
  std::unique_ptr<store::MemoryJournal> journal_;
  std::unique_ptr<store::ObjectStore> store_;
  std::unique_ptr<ApiServer> server_;
};

}  // namespace fairway::gateway::api
