// load: POSTs a body over and over, a fixed number in flight, and prints rate, latency and its own
// CPU. The closed loop of a benchmark: the next request starts when one is answered. With
// --distinct 1 each body carries another number where the text has kSerial.
#include <poll.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/bench/clock.h"
#include "tests/bench/http1_client.h"
#include "tests/bench/http2_client.h"
#include "tests/bench/programs.h"

namespace fairway::bench {

namespace {

struct Plan {
  std::string address, path, token, body;
  int64_t requests = 0, in_flight = 1, connections = 1;
  bool h2 = true;
  bool distinct = false;
};

constexpr std::string_view kSerial = "000000000000000000";

// The bodies of requests. A body stays as it is until in_flight others have been given out.
class Bodies {
 public:
  explicit Bodies(const Plan& plan)
      : ring_(plan.distinct ? static_cast<size_t>(plan.in_flight) + 1 : 1, plan.body),
        at_(plan.body.find(kSerial)),
        // No other run has used these numbers.
        serial_(plan.distinct ? MonotonicNs() : -1) {}
  std::string_view Next() {
    std::string& body = ring_[next_++ % ring_.size()];
    if (serial_ < 0) return body;
    char digits[32];
    std::snprintf(digits, sizeof digits, "%018lld", static_cast<long long>(serial_++));
    body.replace(at_, kSerial.size(), digits);
    return body;
  }

 private:
  std::vector<std::string> ring_;
  const size_t at_;
  int64_t serial_;
  size_t next_ = 0;
};

// What is common to both protocols: who may send next, and what came back.
struct Tally {
  int64_t unsent = 0, answered = 0, refused = 0;
  int first_refusal = 0;
  std::vector<int64_t> latencies;

  void Answer(int status, int64_t began) {
    ++answered;
    latencies.push_back(MonotonicNs() - began);
    if (status == 201) return;
    if (refused++ == 0) first_refusal = status;
  }
};

class Connection {
 public:
  virtual ~Connection() = default;
  virtual int fd() const = 0;
  virtual bool wants_write() const = 0;
  virtual void Start() = 0;  // fills its share of what may be in flight
  virtual bool OnReadable() = 0;
  virtual bool Flush() = 0;
};

class H2Connection final : public Connection {
 public:
  H2Connection(SSL_CTX* context, int fd, const Plan& plan, Bodies& bodies, Tally& tally,
               int64_t streams)
      : plan_(plan),
        bodies_(bodies),
        tally_(tally),
        streams_(streams),
        client_(context, fd, plan.address, plan.token,
                {nullptr, nullptr, [this](int32_t stream, int status) {
                   tally_.Answer(status, began_[stream]);
                   began_.erase(stream);
                   Send();
                 }}) {}
  int fd() const override { return client_.fd(); }
  bool wants_write() const override { return client_.wants_write(); }
  void Start() override {
    for (int64_t i = 0; i < streams_; ++i) Send();
  }
  bool OnReadable() override { return client_.OnReadable(); }
  bool Flush() override { return client_.Flush(); }

 private:
  void Send() {
    if (tally_.unsent <= 0) return;
    --tally_.unsent;
    int64_t now = MonotonicNs();
    began_[client_.Request("POST", plan_.path, bodies_.Next())] = now;
  }

  const Plan& plan_;
  Bodies& bodies_;
  Tally& tally_;
  const int64_t streams_;
  std::unordered_map<int32_t, int64_t> began_;
  Http2Client client_;
};

class H1Connection final : public Connection {
 public:
  H1Connection(SSL_CTX* context, int fd, const Plan& plan, Bodies& bodies, Tally& tally)
      : plan_(plan),
        bodies_(bodies),
        tally_(tally),
        client_(context, fd, plan.address, plan.token, [this](int status) {
          tally_.Answer(status, began_);
          Start();
        }) {}
  int fd() const override { return client_.fd(); }
  bool wants_write() const override { return client_.wants_write(); }
  void Start() override {
    if (tally_.unsent <= 0) return;
    --tally_.unsent;
    began_ = MonotonicNs();
    client_.Request("POST", plan_.path, bodies_.Next());
  }
  bool OnReadable() override { return client_.OnReadable(); }
  bool Flush() override { return client_.Flush(); }

 private:
  const Plan& plan_;
  Bodies& bodies_;
  Tally& tally_;
  int64_t began_ = 0;
  Http1Client client_;
};

bool ReadPlan(Args& args, Plan& plan) {
  plan.address = args.Get("address");
  plan.path = args.Get("path");
  plan.token = args.Get("token");
  plan.requests = args.GetInt("requests", 1000);
  plan.in_flight = args.GetInt("in-flight", 1);
  plan.h2 = args.Get("protocol", "h2") == "h2";
  plan.distinct = args.GetInt("distinct", 0) != 0;
  plan.connections = plan.h2 ? std::min<int64_t>(4, (plan.in_flight + 7) / 8) : plan.in_flight;
  std::ifstream file(args.Get("body"), std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  plan.body = text.str();
  std::string problem = args.Problem();
  if (problem.empty() && plan.body.empty()) problem = "--body: nothing to send";
  if (problem.empty() && plan.distinct && plan.body.find(kSerial) == std::string::npos) {
    problem = "--distinct: the body has no place for a number";
  }
  if (!problem.empty()) std::fprintf(stderr, "load: %s\n", problem.c_str());
  return problem.empty();
}

// Until everything is answered. False: a connection broke.
bool Drive(std::vector<std::unique_ptr<Connection>>& connections, const Tally& tally,
           int64_t until) {
  std::vector<pollfd> polls(connections.size());
  while (tally.answered < until) {
    for (size_t i = 0; i < connections.size(); ++i) {
      if (!connections[i]->Flush()) return false;
      short events = connections[i]->wants_write() ? POLLIN | POLLOUT : POLLIN;
      polls[i] = {connections[i]->fd(), events, 0};
    }
    if (poll(polls.data(), polls.size(), 60'000) <= 0) return false;
    for (size_t i = 0; i < connections.size(); ++i) {
      if ((polls[i].revents & ~POLLOUT) != 0 && !connections[i]->OnReadable()) return false;
    }
  }
  return true;
}

double Micros(std::vector<int64_t>& sorted, double quantile) {
  if (sorted.empty()) return 0;
  return static_cast<double>(
             sorted[static_cast<size_t>(quantile * static_cast<double>(sorted.size() - 1))]) /
         1e3;
}

}  // namespace

int RunLoad(Args& args) {
  Plan plan;
  if (!ReadPlan(args, plan)) return 2;
  SslContext context = MakeClientContext(plan.h2 ? "h2" : "http/1.1");
  Tally tally;
  Bodies bodies(plan);
  std::vector<std::unique_ptr<Connection>> connections;
  for (int64_t i = 0; i < plan.connections; ++i) {
    int fd = Connect(plan.address);
    if (fd < 0) {
      std::fprintf(stderr, "load: cannot connect to %s\n", plan.address.c_str());
      return 1;
    }
    int64_t share = plan.in_flight / plan.connections + (i < plan.in_flight % plan.connections);
    if (plan.h2) {
      connections.push_back(
          std::make_unique<H2Connection>(context.get(), fd, plan, bodies, tally, share));
    } else {
      connections.push_back(std::make_unique<H1Connection>(context.get(), fd, plan, bodies, tally));
    }
  }
  // One answer on each connection first, so that handshakes are not measured.
  tally.unsent = plan.connections;
  for (auto& connection : connections) connection->Start();
  bool whole = Drive(connections, tally, plan.connections);
  Tally warm = std::move(tally);
  tally = {};
  tally.unsent = plan.requests;
  int64_t began = MonotonicNs(), cpu = ProcessCpuNs();
  for (auto& connection : connections) connection->Start();
  whole = whole && Drive(connections, tally, plan.requests);
  int64_t ended = MonotonicNs();
  std::sort(tally.latencies.begin(), tally.latencies.end());
  std::printf(
      "{\"requests\":%lld,\"refused\":%lld,\"first_refusal\":%d,\"began_ns\":%lld,\"seconds\":%.6f,"
      "\"p50_us\":%.1f,\"p99_us\":%.1f,\"cpu_seconds\":%.6f,\"whole\":%s}\n",
      static_cast<long long>(tally.answered), static_cast<long long>(tally.refused + warm.refused),
      warm.refused != 0 ? warm.first_refusal : tally.first_refusal, static_cast<long long>(began),
      static_cast<double>(ended - began) / 1e9, Micros(tally.latencies, 0.5),
      Micros(tally.latencies, 0.99), static_cast<double>(ProcessCpuNs() - cpu) / 1e9,
      whole ? "true" : "false");
  return whole && tally.refused + warm.refused == 0 ? 0 : 1;
}

}  // namespace fairway::bench
