// Any bytes on an HTTP/1.1 connection: no crash, no endless loop, no unbounded memory.
#include <string_view>

#include "gateway/server/http1_session.h"
#include "tests/fuzz/session_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fairway;
  using namespace fairway::gateway;
  FuzzSession(std::string_view(reinterpret_cast<const char*>(data), size), "",
              [](Loop& loop, Transport& transport, const ServerLimits& limits,
                 const Handler& handler, std::shared_ptr<const Peer> peer) {
                return std::make_unique<Http1Session>(loop, transport, limits, handler,
                                                      std::move(peer));
              });
  return 0;
}
