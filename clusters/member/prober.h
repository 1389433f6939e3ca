// Prober: asks a member every few seconds whether it is there (/readyz), how fast it answers, and
// now and then which version it is. Thread: the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "clusters/http/http_client.h"
#include "clusters/loop/loop.h"
#include "scheduler/result.h"

namespace fairway::clusters {

struct ProberConfig {
  int64_t interval_ms = 2'000;
  int64_t timeout_ms = 5'000;
  int failures_max = 2;  // in a row, then unreachable
  int64_t version_every_ms = 60'000;
};

class Prober {
 public:
  struct State {
    bool reachable = false;
    Error error;  // of the last failure; empty reason when there was none
    std::string version;
    int64_t rtt_ms = -1;
    // The member's clock less ours; the error is -1 until an answer had a Date.
    int64_t clock_offset_ms = 0, clock_error_ms = -1;
    Instant last_seen;
  };

  // `on_change` runs after each answered or failed probe.
  Prober(Loop& loop, HttpClient& http, ProberConfig config, std::function<void()> on_change)
      : loop_(loop), http_(http), config_(config), on_change_(std::move(on_change)) {}

  void Start() { Probe(); }
  const State& state() const { return state_; }

 private:
  void Probe();
  void OnAnswer(Result<HttpResponse> answer);
  void MeasureClock(int64_t date_seconds);
  void AskVersion();
  void OnVersion(Result<HttpResponse> answer);

  Loop& loop_;
  HttpClient& http_;
  ProberConfig config_;
  std::function<void()> on_change_;
  State state_;
  int failures_ = 0;
  int64_t sent_ms_ = 0;
  int64_t version_asked_ms_ = 0;
  bool version_known_ = false;
  Call probe_;
  Call version_;
  Call timer_;
};

}  // namespace fairway::clusters
