#include "clusters/http/curl_client.h"

#include <deque>
#include <unordered_map>
#include <utility>
#include <vector>

#include "clusters/http/curl_easy.h"
#include "clusters/http/curl_error.h"
#include "clusters/http/curl_multi.h"

namespace fairway::clusters {

namespace {

// How often, and how much later than libcurl should have, a transfer is looked at whose time is up.
constexpr int64_t kOverdueTickMs = 100;

// One request from Fetch() or Stream() to its end, over one or more tries.
struct Transfer {
  HttpRequest request;
  HttpDone done;  // of Fetch
  HttpStream stream;
  bool streaming = false;
  CurlSink sink;
  std::unique_ptr<CurlEasy> easy;    // while on a connection
  std::shared_ptr<CurlMulti> multi;  // likewise
  int sent_again = 0;
  int64_t started_ms = 0;  // of the last try
  int64_t last_byte_ms = 0;
  bool ended = false;  // answered or cancelled
  bool too_large = false;
};
using TransferPtr = std::shared_ptr<Transfer>;

Error OwnError(int code, std::string_view reason, std::string message) {
  Error error;
  error.code = code;
  error.reason = std::string(reason);
  error.message = std::move(message);
  return error;
}

// The end of a transfer, to whoever waits for it. Moves the callback out first: it may start or
// cancel anything.
void Deliver(Transfer& transfer, Status status) {
  if (transfer.streaming) {
    auto on_end = std::move(transfer.stream.on_end);
    on_end(std::move(status));
  } else {
    auto done = std::move(transfer.done);
    if (status) {
      done(std::move(transfer.sink.response));
    } else {
      done(Fail(std::move(status.error())));
    }
  }
}

}  // namespace

// Requests or streams: a queue, and the connections they share.
class CurlClient::Lane : public std::enable_shared_from_this<CurlClient::Lane> {
 public:
  Lane(Loop& loop, std::shared_ptr<const CurlTarget> target, const CurlLimits& limits,
       int in_flight_max)
      : loop_(loop), target_(std::move(target)), limits_(limits), in_flight_max_(in_flight_max) {}

  Call Enqueue(TransferPtr transfer);
  void SetTarget(std::shared_ptr<const CurlTarget> target);
  void Reconnect();
  void Close();

  const CurlTarget& target() const { return *target_; }
  size_t waiting() const { return urgent_.size() + queue_.size(); }
  size_t in_flight() const { return active_.size(); }

 private:
  void Cancel(const TransferPtr& transfer);
  void Detach(const TransferPtr& transfer);
  void Pump();
  TransferPtr NextWaiting();
  void Start(TransferPtr transfer);
  void PrepareSink(const TransferPtr& transfer);
  bool OnData(Transfer& transfer, std::string_view piece);
  void OnDone(void* easy, int curl_code);
  bool SendAgain(const TransferPtr& transfer, int curl_code);
  Error EndError(const Transfer& transfer, int curl_code) const;
  std::unique_ptr<CurlEasy> TakeEasy();
  void ReturnEasy(std::unique_ptr<CurlEasy> easy);
  void ArmIdleTimer();
  void BreakIdle();
  void BreakOverdue();
  void Break(const TransferPtr& transfer, std::string message);

  Loop& loop_;
  std::shared_ptr<const CurlTarget> target_;
  CurlLimits limits_;
  int in_flight_max_;
  bool closed_ = false;
  std::shared_ptr<CurlMulti> multi_;  // for what starts next; null until needed
  std::deque<TransferPtr> urgent_, queue_;
  std::unordered_map<void*, TransferPtr> active_;  // by easy handle
  size_t active_urgent_ = 0;
  std::vector<std::unique_ptr<CurlEasy>> spare_;
  Call idle_timer_;
  Call overdue_timer_;  // while something is under way that has a timeout
};

Call CurlClient::Lane::Enqueue(TransferPtr transfer) {
  bool full = transfer->request.urgent ? urgent_.size() >= 64 : queue_.size() >= limits_.queue_max;
  if (full || closed_) {
    loop_.Defer([transfer, full] {
      if (transfer->ended) return;
      transfer->ended = true;
      Deliver(*transfer, Fail(full ? OwnError(429, kHttpQueueFull,
                                              "too many requests wait for this cluster already")
                                   : OwnError(503, kHttpUnreachable, "the client is closed")));
    });
  } else {
    (transfer->request.urgent ? urgent_ : queue_).push_back(transfer);
    Pump();
  }
  return Call([weak = weak_from_this(), transfer] {
    if (auto self = weak.lock()) {
      self->Cancel(transfer);
    } else {
      transfer->ended = true;
    }
  });
}

void CurlClient::Lane::Cancel(const TransferPtr& transfer) {
  if (transfer->ended) return;
  transfer->ended = true;  // what waits in a queue is skipped when its turn comes
  Detach(transfer);
}

// Takes a running transfer off its connection, when libcurl is not calling us.
void CurlClient::Lane::Detach(const TransferPtr& transfer) {
  if (!transfer->multi) return;
  auto multi = transfer->multi;
  multi->Outside([self = shared_from_this(), transfer] {
    if (!transfer->multi) return;
    transfer->multi->Remove(transfer->easy->handle());
    self->active_.erase(transfer->easy->handle());
    if (transfer->request.urgent) --self->active_urgent_;
    transfer->multi = nullptr;
    self->ReturnEasy(std::move(transfer->easy));
    self->Pump();
  });
}

void CurlClient::Lane::SetTarget(std::shared_ptr<const CurlTarget> target) {
  target_ = std::move(target);
  Reconnect();
}

void CurlClient::Lane::Reconnect() {
  spare_.clear();
  multi_ = nullptr;  // its transfers keep it until they end
}

void CurlClient::Lane::Close() {
  closed_ = true;
  idle_timer_.Cancel();
  overdue_timer_.Cancel();
  std::vector<TransferPtr> all(urgent_.begin(), urgent_.end());
  all.insert(all.end(), queue_.begin(), queue_.end());
  urgent_.clear();
  queue_.clear();
  for (auto& [easy, transfer] : active_) all.push_back(transfer);
  for (auto& transfer : all) {
    transfer->ended = true;
    Detach(transfer);
  }
  // Callbacks may hold the Call of their own transfer. One of them may be running: later.
  loop_.Defer([all = std::move(all)] {
    for (auto& transfer : all) {
      transfer->done = nullptr;
      transfer->stream = HttpStream{};
    }
  });
  Reconnect();
}

TransferPtr CurlClient::Lane::NextWaiting() {
  auto take = [](std::deque<TransferPtr>& from) {
    TransferPtr transfer = std::move(from.front());
    from.pop_front();
    return transfer;
  };
  while (!urgent_.empty()) {
    auto transfer = take(urgent_);
    if (!transfer->ended) return transfer;
  }
  while (!queue_.empty() && active_.size() - active_urgent_ < static_cast<size_t>(in_flight_max_)) {
    auto transfer = take(queue_);
    if (!transfer->ended) return transfer;
  }
  return nullptr;
}

void CurlClient::Lane::Pump() {
  if (closed_) return;
  if (multi_ && !multi_->CanEnter()) {
    multi_->Outside([self = shared_from_this()] { self->Pump(); });
    return;
  }
  while (TransferPtr transfer = NextWaiting()) Start(std::move(transfer));
}

void CurlClient::Lane::Start(TransferPtr transfer) {
  if (!multi_) {
    multi_ = CurlMulti::Create(loop_, limits_.connections_max,
                               [weak = weak_from_this()](void* easy, int code) {
                                 if (auto self = weak.lock()) self->OnDone(easy, code);
                               });
  }
  PrepareSink(transfer);
  transfer->easy = TakeEasy();
  transfer->easy->Prepare(transfer->request, transfer->sink);
  transfer->multi = multi_;
  transfer->started_ms = transfer->last_byte_ms = loop_.MonotonicMs();
  if (transfer->request.urgent) ++active_urgent_;
  void* easy = transfer->easy->handle();
  bool idle_limit = transfer->request.idle_timeout_ms > 0;
  if (transfer->request.timeout_ms > 0 && !overdue_timer_) {
    overdue_timer_ = loop_.StartRepeating(kOverdueTickMs, [this] { BreakOverdue(); });
  }
  active_.emplace(easy, std::move(transfer));
  multi_->Add(easy);
  if (idle_limit) ArmIdleTimer();
}

void CurlClient::Lane::PrepareSink(const TransferPtr& transfer) {
  Transfer* raw = transfer.get();  // the lane keeps it while libcurl can call
  transfer->sink = CurlSink{};
  transfer->sink.on_head = [raw] {
    if (raw->ended) return false;
    if (raw->streaming) raw->stream.on_head(raw->sink.response);
    return !raw->ended;
  };
  transfer->sink.on_data = [this, raw](std::string_view piece) { return OnData(*raw, piece); };
}

bool CurlClient::Lane::OnData(Transfer& transfer, std::string_view piece) {
  if (transfer.ended) return false;
  transfer.last_byte_ms = loop_.MonotonicMs();
  if (transfer.streaming) {
    transfer.stream.on_data(piece);
    return !transfer.ended;
  }
  std::string& body = transfer.sink.response.body;
  if (body.size() + piece.size() > transfer.request.response_bytes_max) {
    transfer.too_large = true;
    return false;
  }
  body.append(piece);
  return true;
}

void CurlClient::Lane::OnDone(void* easy, int curl_code) {
  auto found = active_.find(easy);
  if (found == active_.end()) return;
  TransferPtr transfer = std::move(found->second);
  active_.erase(found);
  if (transfer->request.urgent) --active_urgent_;
  auto multi = std::move(transfer->multi);
  transfer->multi = nullptr;
  if (IsSilence(curl_code) && multi == multi_) Reconnect();
  if (!transfer->ended && SendAgain(transfer, curl_code)) return;
  Status status;
  if (curl_code != 0) status = Fail(EndError(*transfer, curl_code));
  ReturnEasy(std::move(transfer->easy));
  Pump();
  if (transfer->ended) return;
  transfer->ended = true;
  Deliver(*transfer, std::move(status));
}

// GOAWAY, a reset, or a kept connection that the server had closed meanwhile: an idempotent request
// that got no answer starts again at once, on a new connection.
bool CurlClient::Lane::SendAgain(const TransferPtr& transfer, int curl_code) {
  if (!IsBrokenConnection(curl_code) || transfer->sink.any_byte) return false;
  if (!transfer->request.idempotent || transfer->sent_again >= limits_.send_again_max) return false;
  ++transfer->sent_again;
  transfer->easy.reset();
  urgent_.push_front(transfer);
  Pump();
  return true;
}

Error CurlClient::Lane::EndError(const Transfer& transfer, int curl_code) const {
  const std::string& server = target_->endpoint.server;
  if (transfer.too_large) {
    return OwnError(502, kHttpTooLarge,
                    server + " answered with more than " +
                        std::to_string(transfer.request.response_bytes_max) + " bytes to " +
                        transfer.request.method + " " + transfer.request.target);
  }
  return ClassifyCurlError(curl_code, transfer.easy->error_text(), server,
                           transfer.easy->os_errno());
}

std::unique_ptr<CurlEasy> CurlClient::Lane::TakeEasy() {
  if (spare_.empty()) return std::make_unique<CurlEasy>(target_);
  auto easy = std::move(spare_.back());
  spare_.pop_back();
  return easy;
}

// Setting up a handle costs more than a small request, so handles are kept.
void CurlClient::Lane::ReturnEasy(std::unique_ptr<CurlEasy> easy) {
  if (easy && easy->target() == target_.get() && spare_.size() < 64) {
    spare_.push_back(std::move(easy));
  }
}

// One timer for all streams of the lane, set for the one that is silent longest.
void CurlClient::Lane::ArmIdleTimer() {
  int64_t now = loop_.MonotonicMs();
  int64_t next = -1;
  for (auto& [easy, transfer] : active_) {
    if (transfer->request.idle_timeout_ms <= 0) continue;
    int64_t left = transfer->last_byte_ms + transfer->request.idle_timeout_ms - now;
    if (next < 0 || left < next) next = left;
  }
  if (next < 0) {
    idle_timer_ = Call();
    return;
  }
  idle_timer_ = loop_.StartTimer(next < 1 ? 1 : next, [this] { BreakIdle(); });
}

void CurlClient::Lane::BreakIdle() {
  auto self = shared_from_this();
  int64_t now = loop_.MonotonicMs();
  std::vector<TransferPtr> silent;
  for (auto& [easy, transfer] : active_) {
    int64_t limit = transfer->request.idle_timeout_ms;
    if (limit > 0 && now - transfer->last_byte_ms >= limit) silent.push_back(transfer);
  }
  for (auto& transfer : silent) {
    Break(transfer, " sent nothing for " + std::to_string(transfer->request.idle_timeout_ms) +
                        " ms on " + transfer->request.target);
  }
  if (!closed_) ArmIdleTimer();
}

// libcurl keeps time for those that have a connection, or make one. Who waits for another's
// connection to come about (CURLOPT_PIPEWAIT) waits as long as that one may, and behind him the
// next: a probe behind ten requests to a network that drops everything would be called unanswered
// after minutes.
void CurlClient::Lane::BreakOverdue() {
  auto self = shared_from_this();
  const int64_t now = loop_.MonotonicMs();
  bool any = false;
  std::vector<TransferPtr> overdue;
  for (auto& [easy, transfer] : active_) {
    const int64_t limit = transfer->request.timeout_ms;
    any |= limit > 0;
    if (limit > 0 && now - transfer->started_ms > limit + kOverdueTickMs) {
      overdue.push_back(transfer);
    }
  }
  if (!any) overdue_timer_ = Call();
  for (auto& transfer : overdue) {
    Break(transfer, " did not answer in time: waited " +
                        std::to_string(transfer->request.timeout_ms) + " ms for a connection");
  }
}

void CurlClient::Lane::Break(const TransferPtr& transfer, std::string message) {
  if (transfer->ended) return;
  transfer->ended = true;
  if (transfer->multi == multi_) Reconnect();
  Detach(transfer);
  Deliver(*transfer,
          Fail(OwnError(504, kHttpTimeout, target_->endpoint.server + std::move(message))));
}

Result<std::unique_ptr<CurlClient>> CurlClient::Create(Loop& loop, Endpoint endpoint,
                                                       ClientCertificate certificate,
                                                       CurlLimits limits) {
  auto target = MakeCurlTarget(std::move(endpoint), std::move(certificate));
  if (!target) return Fail(std::move(target.error()));
  target->connect_timeout_ms = limits.connect_timeout_ms;
  target->dead_peer_ms = limits.dead_peer_ms;
  auto shared = std::make_shared<const CurlTarget>(std::move(*target));
  auto requests = std::make_shared<Lane>(loop, shared, limits, limits.in_flight_max);
  auto streams = std::make_shared<Lane>(loop, shared, limits, limits.streams_max);
  return std::unique_ptr<CurlClient>(new CurlClient(std::move(requests), std::move(streams)));
}

CurlClient::CurlClient(std::shared_ptr<Lane> requests, std::shared_ptr<Lane> streams)
    : requests_(std::move(requests)), streams_(std::move(streams)) {}

CurlClient::~CurlClient() {
  requests_->Close();
  streams_->Close();
}

Call CurlClient::Fetch(HttpRequest request, HttpDone done) {
  auto transfer = std::make_shared<Transfer>();
  transfer->request = std::move(request);
  transfer->done = std::move(done);
  return requests_->Enqueue(std::move(transfer));
}

Call CurlClient::Stream(HttpRequest request, HttpStream stream) {
  auto transfer = std::make_shared<Transfer>();
  transfer->request = std::move(request);
  transfer->stream = std::move(stream);
  transfer->streaming = true;
  return streams_->Enqueue(std::move(transfer));
}

void CurlClient::SetCertificate(ClientCertificate certificate) {
  CurlTarget target = requests_->target();
  target.certificate = std::move(certificate);
  auto shared = std::make_shared<const CurlTarget>(std::move(target));
  requests_->SetTarget(shared);
  streams_->SetTarget(shared);
}

void CurlClient::Reconnect() {
  requests_->Reconnect();
  streams_->Reconnect();
}

const Endpoint& CurlClient::endpoint() const { return requests_->target().endpoint; }
size_t CurlClient::waiting() const { return requests_->waiting(); }
size_t CurlClient::in_flight() const { return requests_->in_flight(); }

}  // namespace fairway::clusters
