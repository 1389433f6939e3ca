#include "gateway/simulated/faults.h"

#include <utility>

#include "clusters/kube/errors.h"
#include "clusters/kube/json.h"

namespace fairway::gateway {

namespace {

constexpr std::string_view kRoute = "/simulated/";
// Requests that a hanging cluster keeps; beyond, it breaks the connection's promise no further and
// answers 503.
constexpr size_t kHungMax = 10'000;

void AnswerError(const ExchangePtr& exchange, const Error& error) {
  Headers headers{{"content-type", "application/json"}};
  if (error.retry_after_seconds > 0) {
    headers.emplace_back("retry-after", std::to_string(error.retry_after_seconds));
  }
  exchange->Reply(error.code, std::move(headers), kube::StatusJson(error));
}

Result<Faults> ParseFaults(std::string_view text) {
  auto doc = kube::ParseJson(text);
  if (!doc) return Fail(doc.error());
  if (!doc->is_object()) {
    return Fail(Error{.code = 400, .reason = "BadRequest", .message = "expected a JSON object"});
  }
  Faults faults;
  std::map<std::string, int64_t*> numbers{{"latencyMs", &faults.latency_ms},
                                          {"errorPercent", &faults.error_percent},
                                          {"errorCode", &faults.error_code},
                                          {"dropAfterMs", &faults.drop_after_ms}};
  std::map<std::string, bool*> switches{
      {"hang", &faults.hang},     {"halfOpen", &faults.half_open}, {"garbage", &faults.garbage},
      {"freeze", &faults.freeze}, {"noImages", &faults.no_images}, {"noPods", &faults.no_pods}};
  for (const auto& [key, value] : doc->get_object()) {
    auto number = numbers.find(std::string(key));
    auto toggle = switches.find(std::string(key));
    if (number != numbers.end() && value.is_int64() && value.get_int64() >= 0) {
      *number->second = value.get_int64();
    } else if (toggle != switches.end() && value.is_bool()) {
      *toggle->second = value.get_bool();
    } else {
      return Fail(
          Error{.code = 400,
                .reason = "BadRequest",
                .message = "no such fault, or a value it cannot take: " + std::string(key)});
    }
  }
  return faults;
}

std::string FaultsJson(const Faults& faults) {
  kube::Object doc{{"latencyMs", faults.latency_ms},
                   {"errorPercent", faults.error_percent},
                   {"errorCode", faults.error_code},
                   {"dropAfterMs", faults.drop_after_ms},
                   {"hang", faults.hang},
                   {"halfOpen", faults.half_open},
                   {"garbage", faults.garbage},
                   {"freeze", faults.freeze},
                   {"noImages", faults.no_images},
                   {"noPods", faults.no_pods}};
  return kube::Serialize(doc) + "\n";
}

}  // namespace

// An open watch behind the injector: it can be ended from outside, or be struck dumb.
class FaultInjector::Stream : public Exchange, public std::enable_shared_from_this<Stream> {
 public:
  Stream(ExchangePtr inner, const Faults& faults) : inner_(std::move(inner)), faults_(faults) {
    request_ = inner_->request();
  }
  using Exchange::Reply;
  void Reply(int status, Headers headers, std::shared_ptr<const std::string> body) override {
    inner_->Reply(status, std::move(headers), std::move(body));
  }
  void Start(int status, Headers headers) override { inner_->Start(status, std::move(headers)); }
  bool Write(std::shared_ptr<const std::string> piece) override {
    return Dumb() ? true : inner_->Write(std::move(piece));
  }
  void End() override {
    if (!Dumb()) inner_->End();
  }
  size_t buffered() const override { return inner_->buffered(); }
  void OnWritable(std::function<void()> fn) override { inner_->OnWritable(std::move(fn)); }
  void OnClose(std::function<void()> fn) override {
    closed_fn_ = std::move(fn);
    // The handler may let go of this stream before its client does.
    inner_->OnClose([weak = weak_from_this()] {
      if (auto self = weak.lock()) self->Closed();
    });
  }
  void OnDrain(std::function<void()> fn) override { inner_->OnDrain(std::move(fn)); }
  bool closed() const override { return cut_ || inner_->closed(); }

  // The server side gives up: the client sees the stream end, the handler sees a gone client.
  void Cut() {
    if (cut_) return;
    cut_ = true;
    inner_->End();
    Closed();
  }
  Call timer;

 private:
  // A connection that has lost bytes never goes on behind the gap: it stays dumb until it is cut.
  bool Dumb() {
    lost_ = lost_ || faults_.half_open;
    return lost_ || cut_;
  }
  void Closed() {
    if (auto fn = std::exchange(closed_fn_, nullptr)) fn();
  }
  ExchangePtr inner_;
  const Faults& faults_;
  std::function<void()> closed_fn_;
  bool lost_ = false;
  bool cut_ = false;
};

FaultInjector::FaultInjector(Loop& loop, Handler next, Hooks hooks, uint64_t seed)
    : loop_(loop), next_(std::move(next)), hooks_(std::move(hooks)), rng_(seed) {}

FaultInjector::~FaultInjector() = default;

bool FaultInjector::IsWatch(const Request& request) const {
  auto watch = request.Query("watch");
  return watch && *watch != "0" && *watch != "false";
}

Status FaultInjector::Set(const Faults& faults) {
  const bool changed = faults.freeze != faults_.freeze || faults.no_images != faults_.no_images ||
                       faults.no_pods != faults_.no_pods;
  bool released = faults_.hang && !faults.hang;
  faults_ = faults;
  if (changed && hooks_.changed) hooks_.changed(faults_);
  if (released) {
    std::list<ExchangePtr> hung;
    hung.swap(hung_);
    for (ExchangePtr& exchange : hung) Serve(std::move(exchange));
  }
  return {};
}

void FaultInjector::DropWatches() {
  std::list<std::weak_ptr<Stream>> streams;
  streams.swap(streams_);
  for (auto& weak : streams) {
    if (auto stream = weak.lock()) stream->Cut();
  }
}

void FaultInjector::HandleAdmin(const ExchangePtr& exchange) {
  const Request& request = exchange->request();
  std::string_view action = std::string_view(request.path).substr(kRoute.size());
  Status done;
  if (action == "faults" && request.method == "PUT") {
    auto faults = ParseFaults(request.body);
    done = faults ? Set(*faults) : Status(Fail(faults.error()));
  } else if (action == "drop-watches" && request.method == "POST") {
    DropWatches();
  } else if (action == "lose-state" && request.method == "POST") {
    done = hooks_.lose_state();
  } else if (action == "lose-nodes" && request.method == "POST" && hooks_.lose_nodes) {
    hooks_.lose_nodes();
  } else if (action != "faults" || request.method != "GET") {
    done = Fail(Error{.code = 404, .reason = "NotFound", .message = "no such action"});
  }
  if (!done) return AnswerError(exchange, done.error());
  exchange->Reply(200, {{"content-type", "application/json"}}, FaultsJson(faults_));
}

void FaultInjector::Handle(ExchangePtr exchange) {
  if (exchange->request().path.starts_with(kRoute)) return HandleAdmin(exchange);
  if (faults_.hang) {
    if (hung_.size() < kHungMax) {
      hung_.push_back(std::move(exchange));
    } else {
      AnswerError(exchange, Error{.code = 503, .reason = "ServiceUnavailable", .message = "hung"});
    }
    return;
  }
  if (faults_.latency_ms == 0) return Serve(std::move(exchange));
  uint64_t id = next_id_++;
  Call timer = loop_.StartTimer(faults_.latency_ms, [this, id] {
    auto found = delayed_.find(id);
    ExchangePtr due = std::move(found->second.second);
    delayed_.erase(found);
    Serve(std::move(due));
  });
  delayed_.emplace(id, std::pair(std::move(timer), std::move(exchange)));
}

void FaultInjector::Serve(ExchangePtr exchange) {
  if (faults_.garbage) {
    exchange->Reply(200, {{"content-type", "application/json"}}, std::string("{\"kind\":\"Jo"));
    return;
  }
  if (faults_.error_percent > 0 &&
      rng_.Chance({static_cast<uint32_t>(faults_.error_percent), 100})) {
    Error error{.code = static_cast<int>(faults_.error_code),
                .reason = faults_.error_code == 429 ? "TooManyRequests" : "InternalError",
                .message = "an injected fault"};
    if (error.code == 429) error.retry_after_seconds = 1;
    return AnswerError(exchange, error);
  }
  if (!IsWatch(exchange->request())) return next_(std::move(exchange));
  auto stream = std::make_shared<Stream>(std::move(exchange), faults_);
  std::erase_if(streams_, [](const std::weak_ptr<Stream>& weak) { return weak.expired(); });
  streams_.push_back(stream);
  if (faults_.drop_after_ms > 0) {
    stream->timer = loop_.StartTimer(faults_.drop_after_ms, [weak = std::weak_ptr<Stream>(stream)] {
      if (auto open = weak.lock()) open->Cut();
    });
  }
  next_(std::move(stream));
}

}  // namespace fairway::gateway
