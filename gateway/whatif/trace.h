// Traces: what there is and what was submitted when, as text that replays the same everywhere
// (docs/formats/whatif.md). One JSON object per line. Pure; any thread.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "clusters/kube/json.h"
#include "scheduler/forecast/forecast.h"
#include "scheduler/result.h"

namespace fairway::gateway {

inline constexpr int kTraceVersion = 1;
inline constexpr size_t kTraceLinesMax = 2'000'000;

struct Trace {
  scheduler::World world;                    // clusters and queues; no job
  std::vector<scheduler::ForecastJob> jobs;  // in the order of their arrival; ids from 1
  scheduler::RunTimeModel run_times;
  Instant begin;
};

// The error names the line and says what is wrong with it, as the API would.
Result<Trace> ReadTrace(std::istream& in);

// ---- writing ----
std::string TraceHeader(Instant begin, bool fair_sharing);
// `doc` as it is stored: what the server made of it, and how to reach a cluster, is left out.
std::string TraceObject(const kube::Object& doc);
std::string TraceCluster(const kube::Object& doc, const scheduler::Capacity& capacity);
// `run` 0: not known.
std::string TraceJob(const kube::Object& doc, Duration at, Duration run);

}  // namespace fairway::gateway
