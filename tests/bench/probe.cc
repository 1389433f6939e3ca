// probe: asks for one object until it is there, and prints when that was. For a server that is only
// just starting: refused connections are tried again at once.
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include "tests/bench/clock.h"
#include "tests/bench/http1_client.h"
#include "tests/bench/programs.h"

namespace fairway::bench {

namespace {

constexpr auto kPause = std::chrono::milliseconds(1);

// The status of the answer, 0 when there was none.
int Ask(SSL_CTX* context, const std::string& address, const std::string& token,
        const std::string& path) {
  int fd = Connect(address);
  if (fd < 0) return 0;
  int answer = 0;
  Http1Client client(context, fd, address, token, [&answer](int status) { answer = status; });
  client.Request("GET", path, {});
  while (answer == 0) {
    if (!client.Flush()) return 0;
    pollfd wait{client.fd(), static_cast<short>(client.wants_write() ? POLLIN | POLLOUT : POLLIN),
                0};
    if (poll(&wait, 1, 60'000) <= 0) return 0;
    if ((wait.revents & ~POLLOUT) != 0 && !client.OnReadable()) return answer;
  }
  return answer;
}

}  // namespace

int RunProbe(Args& args) {
  std::string address = args.Get("address"), token = args.Get("token"), path = args.Get("path");
  int64_t limit = MonotonicNs() + args.GetInt("limit-seconds", 300) * 1'000'000'000;
  std::string problem = args.Problem();
  if (!problem.empty()) {
    std::fprintf(stderr, "probe: %s\n", problem.c_str());
    return 2;
  }
  SslContext context = MakeClientContext("http/1.1");
  int status = 0;
  while (MonotonicNs() < limit) {
    status = Ask(context.get(), address, token, path);
    if (status != 0 && status != 503) break;
    std::this_thread::sleep_for(kPause);
  }
  std::printf("{\"status\":%d,\"at_ns\":%lld}\n", status, static_cast<long long>(MonotonicNs()));
  return status == 200 ? 0 : 1;
}

}  // namespace fairway::bench
