#include "gateway/api/event_expiry.h"

#include <algorithm>
#include <vector>

#include "clusters/kube/time.h"

namespace fairway::gateway::api {

namespace {

constexpr int kExpiriesPerTurn = 256;
constexpr const char* kEvents = "events";

}  // namespace

EventExpiry::EventExpiry(Loop& loop, ObjectWriter& writer, int64_t ttl_ms)
    : loop_(loop), writer_(writer), ttl_ms_(ttl_ms) {
  writer_.Observe(kEvents, [this, life = std::weak_ptr<int>(life_)](const Written& change) {
    if (life.expired()) return;
    if (change.after == nullptr) {
      expires_.erase(change.key);
    } else {
      Note(change.key, writer_.Now() + Milliseconds(ttl_ms_));
    }
  });
}

Status EventExpiry::Start() {
  std::vector<std::pair<Instant, store::ObjectKey>> stored;
  Status scanned =
      writer_.store().ScanLatest({kEvents, "", std::nullopt}, [&](const store::Object& object) {
        kube::MonotonicResource arena;
        auto doc = kube::ParseJson(*object.body, &arena);
        std::string_view text = doc ? kube::GetString(*doc, {"lastTimestamp"}) : "";
        if (doc && text.empty()) text = kube::GetString(*doc, {"metadata", "creationTimestamp"});
        Instant last = kube::ParseTime(text).value_or(writer_.Now());
        stored.emplace_back(last + Milliseconds(ttl_ms_), object.key);
        return true;
      });
  if (!scanned) return scanned;
  std::sort(stored.begin(), stored.end());
  for (auto& [expires, key] : stored) Note(key, expires);
  return {};
}

void EventExpiry::Note(const store::ObjectKey& key, Instant expires) {
  expires_[key] = expires;
  queue_.emplace_back(expires, key);
  if (!timer_) Arm();
}

void EventExpiry::Arm() {
  int64_t wait = (queue_.front().first - writer_.Now()).ms;
  timer_ = loop_.StartTimer(std::max<int64_t>(wait, 1), [this] { Expire(); });
}

void EventExpiry::Expire() {
  timer_ = Call();
  Instant now = writer_.Now();
  for (int left = kExpiriesPerTurn; left > 0 && !queue_.empty(); --left) {
    auto [expires, key] = queue_.front();
    if (expires > now) break;
    auto known = expires_.find(key);
    if (known != expires_.end() && known->second <= expires) {
      auto gone = writer_.Delete(key, {.propagation = Propagation::kBackground});
      if (!gone && gone.error().code != 404) {
        timer_ = loop_.StartTimer(kStoreRetryMs, [this] { Expire(); });
        return;
      }
      expires_.erase(key);
    }
    queue_.pop_front();
  }
  if (!queue_.empty()) Arm();
}

}  // namespace fairway::gateway::api
