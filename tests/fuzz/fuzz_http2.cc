// Any bytes on an HTTP/2 connection: no crash, no endless loop, no unbounded memory.
#include <string_view>

#include "gateway/server/http2_session.h"
#include "tests/fuzz/session_fuzz.h"

// The client's preface and an empty SETTINGS frame, so that the search starts behind them.
static constexpr std::string_view kPreface("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
                                           33);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fairway;
  using namespace fairway::gateway;
  FuzzSession(std::string_view(reinterpret_cast<const char*>(data), size), kPreface,
              [](Loop& loop, Transport& transport, const ServerLimits& limits,
                 const Handler& handler, std::shared_ptr<const Peer> peer) {
                return std::make_unique<Http2Session>(loop, transport, limits, handler,
                                                      std::move(peer));
              });
  return 0;
}
