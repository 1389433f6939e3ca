// follow: holds watches. With --jobs N it follows Placements until N jobs have ended and prints the
// moments at which the last was dispatched and ended; without, it holds --count idle watches until
// its standard input ends.
#include <poll.h>
#include <simdjson.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tests/bench/clock.h"
#include "tests/bench/http2_client.h"
#include "tests/bench/programs.h"

namespace fairway::bench {

namespace {

constexpr int64_t kStreamsEach = 100;  // watches of one connection

// What a watch of Placements says about the jobs of one measurement.
class Placements {
 public:
  void Take(std::string_view part) {
    text_.append(part);
    size_t from = 0;
    for (size_t end; (end = text_.find('\n', from)) != std::string::npos; from = end + 1) {
      Line(std::string_view(text_).substr(from, end - from));
    }
    text_.erase(0, from);
  }
  int64_t dispatched() const { return static_cast<int64_t>(dispatched_.size()); }
  int64_t ended() const { return static_cast<int64_t>(ended_.size()); }
  int64_t dispatched_ns() const { return dispatched_ns_; }
  int64_t ended_ns() const { return ended_ns_; }

 private:
  void Line(std::string_view line) {
    simdjson::dom::element event;
    std::string_view name, state;
    if (parser_.parse(line.data(), line.size()).get(event) != simdjson::SUCCESS ||
        event.at_pointer("/object/metadata/name").get(name) != simdjson::SUCCESS ||
        event.at_pointer("/object/status/state").get(state) != simdjson::SUCCESS) {
      return;
    }
    bool ended = state == "Done" || state == "Failed";
    if (!ended && state != "Dispatched" && state != "Running") return;
    if (dispatched_.emplace(name).second) dispatched_ns_ = MonotonicNs();
    if (ended && ended_.emplace(name).second) ended_ns_ = MonotonicNs();
  }

  simdjson::dom::parser parser_;
  std::string text_;
  std::set<std::string, std::less<>> dispatched_, ended_;
  int64_t dispatched_ns_ = 0, ended_ns_ = 0;
};

struct Watches {
  std::vector<std::unique_ptr<Http2Client>> clients;
  int64_t open = 0, refused = 0;
  Placements placements;
};

// False: a connection broke, or nothing was heard for a minute.
bool Turn(Watches& watches, bool with_input, bool& input_ended) {
  std::vector<pollfd> polls;
  for (auto& client : watches.clients) {
    if (!client->Flush()) return false;
    short events = client->wants_write() ? POLLIN | POLLOUT : POLLIN;
    polls.push_back({client->fd(), events, 0});
  }
  if (with_input) polls.push_back({STDIN_FILENO, POLLIN, 0});
  if (poll(polls.data(), polls.size(), 60'000) <= 0) return false;
  for (size_t i = 0; i < watches.clients.size(); ++i) {
    if ((polls[i].revents & ~POLLOUT) != 0 && !watches.clients[i]->OnReadable()) return false;
  }
  input_ended = with_input && polls.back().revents != 0;
  return true;
}

bool Open(Watches& watches, SSL_CTX* context, const std::string& address, const std::string& token,
          const std::string& path, int64_t count) {
  bool ended = false;
  for (int64_t begun = 0; begun < count; begun += kStreamsEach) {
    int fd = Connect(address);
    if (fd < 0) return false;
    Http2Client::Events events;
    events.data = [&watches](int32_t, std::string_view part) { watches.placements.Take(part); };
    events.headers = [&watches](int32_t, int status) {
      ++(status == 200 ? watches.open : watches.refused);
    };
    events.closed = [&watches](int32_t, int) { --watches.open; };
    watches.clients.push_back(
        std::make_unique<Http2Client>(context, fd, address, token, std::move(events)));
    for (int64_t i = begun; i < std::min(count, begun + kStreamsEach); ++i) {
      watches.clients.back()->Request("GET", path, {});
    }
    // One connection after the other: more at once than a user may have in line gets 429.
    while (watches.open + watches.refused < std::min(count, begun + kStreamsEach)) {
      if (!Turn(watches, false, ended)) return false;
    }
    if (watches.refused > 0) return false;
  }
  return true;
}

}  // namespace

int RunFollow(Args& args) {
  std::string address = args.Get("address"), token = args.Get("token"), path = args.Get("path");
  int64_t count = args.GetInt("count", 1), jobs = args.GetInt("jobs", 0);
  std::string problem = args.Problem();
  if (!problem.empty()) {
    std::fprintf(stderr, "follow: %s\n", problem.c_str());
    return 2;
  }
  SslContext context = MakeClientContext("h2");
  Watches watches;
  if (!Open(watches, context.get(), address, token, path, count)) {
    std::fprintf(stderr, "follow: %lld watches open, %lld refused\n",
                 static_cast<long long>(watches.open), static_cast<long long>(watches.refused));
    return 1;
  }
  std::printf("{\"open\":%lld}\n", static_cast<long long>(watches.open));
  std::fflush(stdout);
  bool input_ended = false;
  const Placements& seen = watches.placements;
  while (!input_ended && (jobs == 0 || seen.ended() < jobs)) {
    if (!Turn(watches, true, input_ended)) break;
  }
  std::printf(
      "{\"open\":%lld,\"dispatched\":%lld,\"ended\":%lld,\"dispatched_ns\":%lld,\"ended_ns\":%lld}"
      "\n",
      static_cast<long long>(watches.open), static_cast<long long>(seen.dispatched()),
      static_cast<long long>(seen.ended()), static_cast<long long>(seen.dispatched_ns()),
      static_cast<long long>(seen.ended_ns()));
  return watches.open == count ? 0 : 1;
}

}  // namespace fairway::bench
