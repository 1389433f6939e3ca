// A World to ask questions about, made from a snapshot of the store, off the loop: a copy of the
// live one would make everybody wait. What the store does not have (capacities, links) is handed
// in.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "clusters/kube/json.h"
#include "scheduler/forecast/run_times.h"
#include "scheduler/world.h"
#include "store/rocks_journal.h"

namespace fairway::gateway {

// What the gateway knows beside its store, copied on the loop.
struct LiveFacts {
  struct Cluster {
    scheduler::Capacity capacity;
    bool measured = false, ready = false;
  };
  std::map<ClusterId, Cluster> clusters;
  scheduler::ScoreWeights weights;
  scheduler::QuotaSettings quota;
  absl::btree_map<std::string, Duration> run_by_queue;
};
LiveFacts FactsOf(const scheduler::World& live);

struct WhatIfWorld {
  scheduler::World world;  // without the finished jobs
  scheduler::RunTimeModel run_times;
  JobId last;  // no job of the gateway has a greater id
};

// Any thread. The core's records alone: every job, nothing measured.
Result<scheduler::World> StoredWorld(store::RocksJournal& journal, const store::Snapshot& at);

// Any thread. Reads every core record, and the Jobs that have not finished.
Result<WhatIfWorld> ReadWorld(store::RocksJournal& journal, const store::Snapshot& at,
                              const LiveFacts& facts);

// What a Job says of its own run time goes into the model.
void NoteRunTime(JobId job, const kube::Object& doc, scheduler::RunTimeModel& model);

}  // namespace fairway::gateway
