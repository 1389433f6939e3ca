// Drives a session with arbitrary bytes: cut where the input says, answered at once, later, in
// pieces or never.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clusters/loop/loop.h"
#include "gateway/server/server.h"
#include "tests/fuzz/fake_transport.h"

namespace fairway::gateway {

// The first byte chooses the size of the cuts; "later" answers wait for the next cut.
template <typename MakeSession>
void FuzzSession(std::string_view input, std::string_view prefix, const MakeSession& make) {
  if (input.empty()) return;
  size_t cut = 1 + static_cast<unsigned char>(input.front());
  input.remove_prefix(1);
  Loop loop;
  ServerLimits limits;
  limits.header_bytes_max = 4096;
  limits.body_bytes_max = 16384;
  limits.connection_buffer_max = 64u << 10;
  limits.write_high_water = 1024;
  limits.streams_per_connection_max = 16;
  std::vector<ExchangePtr> waiting;  // to be answered whole
  std::vector<ExchangePtr> streams;  // to be ended
  auto large = std::make_shared<const std::string>(std::string(40'000, 'L'));
  size_t count = 0;
  Handler handler = [&](ExchangePtr exchange) {
    exchange->OnClose([] {});
    switch (count++ % 5) {
      case 0:
        exchange->Reply(200, {{"x", "y"}}, exchange->request().body);
        break;
      case 1:
        waiting.push_back(std::move(exchange));
        break;
      case 2:
        exchange->Start(200, {});
        exchange->Write(large);
        streams.push_back(std::move(exchange));
        break;
      case 3:
        exchange->Reply(204, {}, std::string("ignored"));
        break;
      default:
        exchange->Reply(200, {}, large);
    }
  };
  FakeTransport transport;
  auto session = make(loop, transport, limits, handler, std::make_shared<const Peer>());
  if (!prefix.empty()) session->OnBytes(prefix);
  while (!input.empty() && !transport.closed()) {
    session->OnBytes(input.substr(0, cut));
    input.remove_prefix(std::min(cut, input.size()));
    transport.Turn(*session);
    for (ExchangePtr& exchange : std::exchange(waiting, {})) {
      exchange->Reply(404, {}, std::string("late"));
    }
    for (ExchangePtr& exchange : std::exchange(streams, {})) {
      if (exchange->Write(large)) exchange->End();
    }
    transport.Turn(*session);
  }
  session->Tick(loop.MonotonicMs() + 1'000'000);
  session->Drain();
  transport.Turn(*session);
  session.reset();
}

}  // namespace fairway::gateway
