#include "gateway/api/commit_waiter.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "clusters/kube/errors.h"
#include "gateway/api/reply.h"

namespace fairway::gateway::api {

namespace {

// Deadlines are looked at this often: a timer per write would cost more than it tells.
constexpr int64_t kDeadlineTickMs = 500;

// One unit of Go's duration syntax in milliseconds; zero = unknown.
double UnitMs(std::string_view unit) {
  if (unit == "h") return 3'600'000;
  if (unit == "m") return 60'000;
  if (unit == "s") return 1'000;
  if (unit == "ms") return 1;
  if (unit == "us" || unit == "ns") return 0.001;
  return 0;
}

}  // namespace

Result<int64_t> RequestTimeoutMs(const Request& request, int64_t max_ms) {
  auto text = request.Query("timeout");
  if (!text || text->empty()) return max_ms;
  double total = 0;
  std::string rest(*text);
  while (!rest.empty()) {
    char* end = nullptr;
    double number = std::strtod(rest.c_str(), &end);
    size_t used = static_cast<size_t>(end - rest.c_str());
    size_t unit_end = rest.find_first_of("0123456789.", used);
    double unit = UnitMs(std::string_view(rest).substr(used, unit_end - used));
    if (used == 0 || number < 0 || (unit == 0 && rest != "0")) {
      return Fail(
          kube::BadRequest("invalid timeout specified in the request URL: " + std::string(*text)));
    }
    total += number * unit;
    rest.erase(0, unit_end == std::string::npos ? rest.size() : unit_end);
  }
  if (total <= 0 || total > static_cast<double>(max_ms)) return max_ms;
  return static_cast<int64_t>(total);
}

void CommitWaiter::Answer(const ContextPtr& context, Revision revision,
                          std::function<void()> answer) {
  auto timeout = RequestTimeoutMs(context->request(), timeout_ms_);
  auto pending = std::make_shared<Pending>();
  pending->context = context;
  pending->answer = std::move(answer);
  pending->deadline_ms = loop_.MonotonicMs() + timeout.value_or(timeout_ms_);
  ++waiting_;
  queue_.push_back(pending);
  if (!timer_) timer_ = loop_.StartRepeating(kDeadlineTickMs, [this] { Expire(); });
  store_.AfterCommit(revision, [this, pending] {
    if (!pending->answer) return;  // told that it took too long
    --waiting_;
    auto run = std::move(pending->answer);
    pending->answer = nullptr;
    run();
  });
  // Answered ones leave from the front as they go.
  while (!queue_.empty() && queue_.front().expired()) queue_.pop_front();
}

void CommitWaiter::Expire() {
  int64_t now = loop_.MonotonicMs();
  std::deque<std::weak_ptr<Pending>> kept;
  for (auto& weak : queue_) {
    auto pending = weak.lock();
    if (!pending || !pending->answer) continue;
    if (pending->deadline_ms > now) {
      kept.push_back(std::move(weak));
      continue;
    }
    --waiting_;
    pending->answer = nullptr;
    ReplyError(*pending->context,
               kube::Timeout("request did not complete within the allotted timeout"));
  }
  queue_ = std::move(kept);
  if (queue_.empty()) timer_ = Call();
}

}  // namespace fairway::gateway::api
