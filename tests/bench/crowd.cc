// crowd: many clients at once, each with its own connection and token, one request at a time;
// beside them, perhaps, one that floods. Prints what the crowd sees (latency, rate) and what the
// flood got. A refused flood asks again at once: it is no polite client.
#include <poll.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "tests/bench/clock.h"
#include "tests/bench/http1_client.h"
#include "tests/bench/http2_client.h"
#include "tests/bench/programs.h"

namespace fairway::bench {

namespace {

struct CrowdPlan {
  std::string address, token, flood_token, path, body;
  int64_t clients = 49, flood = 0, flood_connections = 4, milliseconds = 3000, pause_ms = 0;
  bool flood_h2 = true;
};

struct CrowdTally {
  std::vector<int64_t> latencies;
  int64_t answered = 0, refused = 0, broken = 0;

  int64_t all() const { return answered + refused + broken; }
  void Answer(int status, int64_t began) {
    if (status == 201) {
      latencies.push_back(MonotonicNs() - began);
      ++answered;
    } else if (status == 429) {
      ++refused;
    } else {
      ++broken;
    }
  }
  double Micros(double quantile) {
    if (latencies.empty()) return 0;
    auto rank = static_cast<std::ptrdiff_t>(quantile * static_cast<double>(latencies.size() - 1));
    std::nth_element(latencies.begin(), latencies.begin() + rank, latencies.end());
    return static_cast<double>(latencies[static_cast<size_t>(rank)]) / 1e3;
  }
};

// One connection with a number of requests on it, each repeated as soon as it is answered, or after
// a pause.
class Client {
 public:
  virtual ~Client() = default;
  virtual int fd() const = 0;
  virtual bool wants_write() const = 0;
  virtual bool OnReadable() = 0;
  virtual bool Flush() = 0;
  // Sends what is due.
  virtual void Send(int64_t now) = 0;
  // When something will be due; INT64_MAX while all is under way.
  virtual int64_t due() const = 0;
};

class H2Client final : public Client {
 public:
  H2Client(SSL_CTX* context, int fd, const CrowdPlan& plan, const std::string& token,
           CrowdTally& tally, int64_t streams, int64_t pause_ns)
      : plan_(plan),
        pause_ns_(pause_ns),
        idle_(static_cast<size_t>(streams), 0),
        client_(context, fd, plan.address, token,
                {nullptr, nullptr, [this, &tally](int32_t stream, int status) {
                   tally.Answer(status, began_[stream]);
                   began_.erase(stream);
                   idle_.push_back(MonotonicNs() + pause_ns_);
                 }}) {}
  int fd() const override { return client_.fd(); }
  bool wants_write() const override { return client_.wants_write(); }
  bool OnReadable() override { return client_.OnReadable(); }
  bool Flush() override { return client_.Flush(); }
  void Send(int64_t now) override {
    auto due = std::partition(idle_.begin(), idle_.end(), [now](int64_t at) { return at > now; });
    auto count = idle_.end() - due;
    idle_.erase(due, idle_.end());
    for (; count > 0; --count) began_[client_.Request("POST", plan_.path, plan_.body)] = now;
  }
  int64_t due() const override {
    return idle_.empty() ? INT64_MAX : *std::min_element(idle_.begin(), idle_.end());
  }

 private:
  const CrowdPlan& plan_;
  const int64_t pause_ns_;
  std::vector<int64_t> idle_;  // when each may be sent
  std::map<int32_t, int64_t> began_;
  Http2Client client_;
};

class H1Client final : public Client {
 public:
  H1Client(SSL_CTX* context, int fd, const CrowdPlan& plan, const std::string& token,
           CrowdTally& tally)
      : plan_(plan), client_(context, fd, plan.address, token, [this, &tally](int status) {
          tally.Answer(status, began_);
          due_ = 0;
        }) {}
  int fd() const override { return client_.fd(); }
  bool wants_write() const override { return client_.wants_write(); }
  bool OnReadable() override { return client_.OnReadable(); }
  bool Flush() override { return client_.Flush(); }
  void Send(int64_t now) override {
    if (due_ > now) return;
    began_ = now;
    due_ = INT64_MAX;
    client_.Request("POST", plan_.path, plan_.body);
  }
  int64_t due() const override { return due_; }

 private:
  const CrowdPlan& plan_;
  int64_t began_ = 0, due_ = 0;
  Http1Client client_;
};

bool ReadPlan(Args& args, CrowdPlan& plan) {
  plan.address = args.Get("address");
  plan.path = args.Get("path");
  plan.token = args.Get("token");  // the crowd's tokens are this and a number
  plan.flood_token = args.Get("flood-token");
  plan.clients = args.GetInt("clients", 49);
  plan.flood = args.GetInt("flood", 0);
  plan.flood_connections = args.GetInt("flood-connections", 4);
  plan.flood_h2 = args.Get("flood-protocol", "h2") == "h2";
  plan.milliseconds = args.GetInt("milliseconds", 3000);
  plan.pause_ms = args.GetInt("pause-ms", 0);
  std::ifstream file(args.Get("body"), std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  plan.body = text.str();
  std::string problem = args.Problem();
  if (problem.empty() && plan.body.empty()) problem = "--body: nothing to send";
  if (!problem.empty()) std::fprintf(stderr, "crowd: %s\n", problem.c_str());
  return problem.empty();
}

using Clients = std::vector<std::unique_ptr<Client>>;

bool Drive(Clients& clients, int64_t until) {
  std::vector<pollfd> polls(clients.size());
  for (int64_t now = MonotonicNs(); now < until; now = MonotonicNs()) {
    int64_t due = until;
    for (size_t i = 0; i < clients.size(); ++i) {
      clients[i]->Send(now);
      due = std::min(due, clients[i]->due());
      if (!clients[i]->Flush()) return false;
      short events = clients[i]->wants_write() ? POLLIN | POLLOUT : POLLIN;
      polls[i] = {clients[i]->fd(), events, 0};
    }
    int64_t wait_ms = std::max<int64_t>(0, (due - MonotonicNs() + 999'999) / 1'000'000);
    if (poll(polls.data(), polls.size(), static_cast<int>(wait_ms)) < 0) return false;
    for (size_t i = 0; i < clients.size(); ++i) {
      if ((polls[i].revents & ~POLLOUT) != 0 && !clients[i]->OnReadable()) return false;
    }
  }
  return true;
}

}  // namespace

int RunCrowd(Args& args) {
  CrowdPlan plan;
  if (!ReadPlan(args, plan)) return 2;
  SslContext h2 = MakeClientContext("h2"), h1 = MakeClientContext("http/1.1");
  CrowdTally crowd, flood;
  Clients clients;
  auto connect = [&](bool flooding, int64_t index) {
    int fd = Connect(plan.address);
    if (fd < 0) return false;
    if (!flooding) {
      clients.push_back(std::make_unique<H2Client>(h2.get(), fd, plan,
                                                   plan.token + std::to_string(index), crowd, 1,
                                                   plan.pause_ms * 1'000'000));
    } else if (plan.flood_h2) {
      clients.push_back(std::make_unique<H2Client>(h2.get(), fd, plan, plan.flood_token, flood,
                                                   plan.flood / plan.flood_connections, 0));
    } else {
      clients.push_back(std::make_unique<H1Client>(h1.get(), fd, plan, plan.flood_token, flood));
    }
    return true;
  };
  bool whole = true;
  for (int64_t i = 0; i < plan.clients; ++i) whole = whole && connect(false, i);
  int64_t flooding = plan.flood == 0 ? 0 : plan.flood_h2 ? plan.flood_connections : plan.flood;
  for (int64_t i = 0; i < flooding; ++i) whole = whole && connect(true, i);
  // Handshakes and the first moments are not measured: everybody has had an answer.
  int64_t half = plan.milliseconds * 500'000;
  auto met = [&] { return crowd.all() >= plan.clients && flood.all() >= plan.flood; };
  for (int rest = 60; whole && rest > 0 && !met(); --rest) {
    whole = Drive(clients, MonotonicNs() + 500'000'000);
  }
  whole = whole && Drive(clients, MonotonicNs() + half / 2);
  crowd = {};
  flood = {};
  int64_t began = MonotonicNs();
  whole = whole && Drive(clients, began + 2 * half);
  double seconds = static_cast<double>(MonotonicNs() - began) / 1e9;
  std::printf(
      "{\"seconds\":%.3f,\"crowd\":%lld,\"crowd_refused\":%lld,\"crowd_broken\":%lld,"
      "\"p50_us\":%.1f,\"p99_us\":%.1f,\"flood\":%lld,\"flood_refused\":%lld,"
      "\"flood_broken\":%lld,\"flood_p50_us\":%.1f,\"whole\":%s}\n",
      seconds, static_cast<long long>(crowd.answered), static_cast<long long>(crowd.refused),
      static_cast<long long>(crowd.broken), crowd.Micros(0.5), crowd.Micros(0.99),
      static_cast<long long>(flood.answered), static_cast<long long>(flood.refused),
      static_cast<long long>(flood.broken), flood.Micros(0.5), whole ? "true" : "false");
  return whole && crowd.broken + flood.broken == 0 ? 0 : 1;
}

}  // namespace fairway::bench
