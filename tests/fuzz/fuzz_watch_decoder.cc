// Watch streams as a lying member might send them: any bytes, cut anywhere. The decoder must not
// crash, must bound its buffer, and must give the same events however the bytes are cut.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "clusters/kube/watch_decoder.h"
#include "scheduler/assert.h"

namespace {

constexpr size_t kLineMax = 4096;

struct Outcome {
  std::vector<std::string> events;
  bool good = true;
  bool operator==(const Outcome&) const = default;
};

Outcome Decode(std::string_view bytes, size_t piece) {
  fairway::kube::WatchDecoder decoder(kLineMax);
  Outcome outcome;
  while (!bytes.empty() && outcome.good) {
    std::string_view part = bytes.substr(0, piece);
    bytes.remove_prefix(part.size());
    outcome.good = decoder
                       .Feed(part,
                             [&](const fairway::kube::WatchEvent& event) {
                               outcome.events.push_back(
                                   fairway::kube::Serialize(fairway::kube::Value(*event.object)));
                               return true;
                             })
                       .has_value();
    FAIRWAY_ASSERT(decoder.buffered() <= kLineMax);
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  size_t piece = 1 + data[0] % 64;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  Outcome whole = Decode(bytes, bytes.size() + 1);
  Outcome cut = Decode(bytes, piece);
  FAIRWAY_ASSERT(whole.events == cut.events && whole.good == cut.good);
  return 0;
}
