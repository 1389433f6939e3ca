#include "clusters/member/prober.h"

#include <uv.h>

#include <utility>

#include "clusters/kube/api_error.h"
#include "clusters/kube/json.h"

namespace fairway::clusters {

void Prober::Probe() {
  HttpRequest request;
  request.target = "/readyz";
  request.timeout_ms = config_.timeout_ms;
  request.response_bytes_max = 64u << 10;
  request.urgent = true;  // a full dispatch queue is no reason to call a member dead
  sent_ms_ = static_cast<int64_t>(uv_hrtime() / 1'000'000);
  probe_ = http_.Fetch(std::move(request),
                       [this](Result<HttpResponse> answer) { OnAnswer(std::move(answer)); });
}

void Prober::OnAnswer(Result<HttpResponse> answer) {
  timer_ = loop_.StartTimer(config_.interval_ms, [this] { Probe(); });
  if (answer && answer->status == 200) {
    failures_ = 0;
    state_.reachable = true;
    state_.error = Error{};
    state_.rtt_ms = static_cast<int64_t>(uv_hrtime() / 1'000'000) - sent_ms_;
    state_.last_seen = loop_.Now();
    MeasureClock(answer->date_seconds);
    bool due = loop_.MonotonicMs() - version_asked_ms_ >= config_.version_every_ms;
    if (!version_known_ || due) AskVersion();
  } else {
    state_.error =
        answer ? kube::ErrorFromAnswer(answer->status, answer->retry_after_seconds, answer->body)
               : std::move(answer.error());
    if (++failures_ >= config_.failures_max) state_.reachable = false;
  }
  on_change_();
}

// Cristian's method: the server stamped its answer somewhere within the round trip, to the second
// below.
void Prober::MeasureClock(int64_t date_seconds) {
  if (date_seconds == 0) return;
  const int64_t stamped_ms = date_seconds * 1000 + 500;
  const int64_t middle_ms = loop_.Now().ms - state_.rtt_ms / 2;
  state_.clock_offset_ms = stamped_ms - middle_ms;
  state_.clock_error_ms = 500 + (state_.rtt_ms + 1) / 2;
}

void Prober::AskVersion() {
  version_asked_ms_ = loop_.MonotonicMs();
  HttpRequest request;
  request.target = "/version";
  request.timeout_ms = config_.timeout_ms;
  request.response_bytes_max = 64u << 10;
  request.urgent = true;
  version_ = http_.Fetch(std::move(request),
                         [this](Result<HttpResponse> answer) { OnVersion(std::move(answer)); });
}

void Prober::OnVersion(Result<HttpResponse> answer) {
  if (!answer || answer->status != 200) return;
  auto parsed = kube::ParseJson(answer->body);
  if (!parsed) return;
  std::string version(kube::GetString(*parsed, {"gitVersion"}));
  version_known_ = !version.empty();
  if (version == state_.version) return;
  state_.version = std::move(version);
  on_change_();
}

}  // namespace fairway::clusters
