// Clocks of the bench programs.
#pragma once

#include <time.h>

#include <cstdint>

namespace fairway::bench {

inline int64_t ReadClock(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}
// Shared by all processes of a machine, so that their moments can be compared.
inline int64_t MonotonicNs() { return ReadClock(CLOCK_MONOTONIC); }
inline int64_t ThreadCpuNs() { return ReadClock(CLOCK_THREAD_CPUTIME_ID); }
inline int64_t ProcessCpuNs() { return ReadClock(CLOCK_PROCESS_CPUTIME_ID); }

}  // namespace fairway::bench
