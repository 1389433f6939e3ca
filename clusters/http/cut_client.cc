#include "clusters/http/cut_client.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace fairway::clusters {

namespace {

Error Broken(std::string_view reason, std::string message) {
  Error error;
  error.code = 503;
  error.reason = std::string(reason);
  error.message = std::move(message);
  return error;
}

Error TimedOut() { return Broken(kHttpTimeout, "no answer in time"); }

}  // namespace

// One request or stream, until its end was told.
struct CutClient::Exchange {
  HttpDone done;      // of a request
  HttpStream stream;  // or of a stream
  bool is_stream = false;
  int64_t deadline_ms = 0;  // by loop time; 0 = none
  int64_t idle_timeout_ms = 0;
  Call call;   // on the inner client
  Call timer;  // while the line is cut
};

struct CutClient::Line {
  Line(Loop& l, HttpClient& i) : loop(l), inner(i) {}

  Loop& loop;
  HttpClient& inner;
  bool cut = false;
  uint64_t next = 1;
  std::map<uint64_t, std::shared_ptr<Exchange>> open;

  // Takes a new exchange in: its id.
  uint64_t Open(const HttpRequest& request, const std::shared_ptr<Exchange>& exchange) {
    if (request.timeout_ms > 0) exchange->deadline_ms = loop.Now().ms + request.timeout_ms;
    exchange->idle_timeout_ms = request.idle_timeout_ms;
    open.emplace(next, exchange);
    return next++;
  }
  // The exchange is over; its user is told by the caller. Null when it was over before.
  std::shared_ptr<Exchange> Take(uint64_t id) {
    const auto at = open.find(id);
    if (at == open.end()) return nullptr;
    std::shared_ptr<Exchange> exchange = std::move(at->second);
    open.erase(at);
    return exchange;
  }
  void End(uint64_t id, const Error& error) {
    const std::shared_ptr<Exchange> exchange = Take(id);
    if (exchange == nullptr) return;
    exchange->timer = Call();
    if (!exchange->is_stream) return exchange->done(Fail(error));
    exchange->stream.on_end(Fail(error));
  }
  // From now on it hears nothing.
  void Silence(uint64_t id, Exchange& exchange) {
    exchange.call = Call();
    int64_t wait = -1;
    if (exchange.deadline_ms > 0) wait = exchange.deadline_ms - loop.Now().ms;
    if (exchange.idle_timeout_ms > 0 && (wait < 0 || exchange.idle_timeout_ms < wait)) {
      wait = exchange.idle_timeout_ms;
    }
    if (exchange.deadline_ms == 0 && exchange.idle_timeout_ms == 0) return;
    exchange.timer = loop.StartTimer(wait < 0 ? 0 : wait, [this, id] { End(id, TimedOut()); });
  }
};

CutClient::CutClient(Loop& loop, HttpClient& inner) : line_(std::make_shared<Line>(loop, inner)) {}

CutClient::~CutClient() { line_->open.clear(); }

bool CutClient::is_cut() const { return line_->cut; }

Call CutClient::Fetch(HttpRequest request, HttpDone done) {
  auto exchange = std::make_shared<Exchange>();
  exchange->done = std::move(done);
  return Send(std::move(request), std::move(exchange));
}

Call CutClient::Stream(HttpRequest request, HttpStream stream) {
  auto exchange = std::make_shared<Exchange>();
  exchange->is_stream = true;
  exchange->stream = std::move(stream);
  return Send(std::move(request), std::move(exchange));
}

Call CutClient::Send(HttpRequest request, std::shared_ptr<Exchange> exchange) {
  const uint64_t id = line_->Open(request, exchange);
  const std::weak_ptr<Line> weak = line_;
  if (line_->cut) {
    line_->Silence(id, *exchange);
  } else if (exchange->is_stream) {
    exchange->call = line_->inner.Stream(std::move(request), Heard(weak, id));
  } else {
    exchange->call =
        line_->inner.Fetch(std::move(request), [weak, id](Result<HttpResponse> answer) {
          const std::shared_ptr<Line> line = weak.lock();
          if (line == nullptr) return;
          if (auto over = line->Take(id)) over->done(std::move(answer));
        });
  }
  return Call([weak, id] {
    if (const std::shared_ptr<Line> line = weak.lock()) line->Take(id);
  });
}

// The exchange stays while one of its callbacks runs, also when that callback cancels it.
HttpStream CutClient::Heard(const std::weak_ptr<Line>& weak, uint64_t id) {
  const auto find = [weak, id]() -> std::shared_ptr<Exchange> {
    const std::shared_ptr<Line> line = weak.lock();
    if (line == nullptr) return nullptr;
    const auto at = line->open.find(id);
    return at == line->open.end() ? nullptr : at->second;
  };
  HttpStream heard;
  heard.on_head = [find](const HttpResponse& head) {
    if (auto open = find()) open->stream.on_head(head);
  };
  heard.on_data = [find](std::string_view piece) {
    if (auto open = find()) open->stream.on_data(piece);
  };
  heard.on_end = [weak, id](Status ended) {
    const std::shared_ptr<Line> line = weak.lock();
    if (line == nullptr) return;
    if (auto over = line->Take(id)) over->stream.on_end(std::move(ended));
  };
  return heard;
}

void CutClient::Cut() {
  if (std::exchange(line_->cut, true)) return;
  for (auto& [id, exchange] : line_->open) line_->Silence(id, *exchange);
}

void CutClient::Restore() {
  if (!std::exchange(line_->cut, false)) return;
  std::vector<uint64_t> waiting;
  for (const auto& [id, exchange] : line_->open) waiting.push_back(id);
  const std::shared_ptr<Line> line = line_;
  for (const uint64_t id : waiting) {
    line->End(id, Broken(kHttpUnreachable, "the connection was cut"));
  }
}

}  // namespace fairway::clusters
