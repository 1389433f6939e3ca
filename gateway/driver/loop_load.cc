#include "gateway/driver/loop_load.h"

#include <uv.h>

#include <algorithm>

namespace fairway::gateway {

LoopLoad::LoopLoad(Loop& loop)
    : loop_(loop), began_ns_(uv_hrtime()), idle_ns_(uv_metrics_idle_time(loop.uv())) {}

int LoopLoad::BusyPercent() {
  const uint64_t now = uv_hrtime();
  const uint64_t window = now - began_ns_;
  if (window < kWindowNs) return percent_;
  const uint64_t idle = uv_metrics_idle_time(loop_.uv());
  const uint64_t waited = std::min(idle - idle_ns_, window);
  percent_ = static_cast<int>((window - waited) * 100 / window);
  began_ns_ = now;
  idle_ns_ = idle;
  return percent_;
}

}  // namespace fairway::gateway
