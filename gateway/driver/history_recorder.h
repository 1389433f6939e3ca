// HistoryRecorder: turns the edits of a core step into transitions for the history, in the batch of
// the edits. Compares states before and after; decides nothing.
//
// Thread: the loop. Memory: some words per unfinished job and per cluster.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "scheduler/edit.h"
#include "scheduler/event.h"
#include "scheduler/world.h"
#include "store/history_log.h"

namespace fairway::gateway {

class HistoryRecorder {
 public:
  // `log` may be null: then nothing is recorded.
  explicit HistoryRecorder(store::HistoryLog* log) : log_(log) {}

  // What the world looks like before the first event.
  void Start(const scheduler::World& world);
  // Around each step.
  void Before(const scheduler::World& world, const scheduler::Event& event);
  void After(const scheduler::World& world, const scheduler::Event& event,
             const std::vector<scheduler::Edit>& edits, Instant now);

  // Edits that come from elsewhere than a step.
  void Edits(const scheduler::World& world, const std::vector<scheduler::Edit>& edits,
             std::string_view cause, Instant now);
  // A transition that no core step makes: of the gateway itself.
  void Gateway(Instant now, std::string to, std::string cause, std::string reason);

 private:
  struct Seen {
    scheduler::JobState state = scheduler::JobState::kQueued;
    bool suspended = false;
    Epoch epoch;
    ClusterId cluster;
    bool operator==(const Seen&) const = default;
  };
  static Seen Of(const scheduler::JobRecord& record);
  void Job(const scheduler::World& world, const scheduler::JobRecord& record,
           std::string_view cause, Instant now);
  void JobGone(JobId job, std::string_view cause, Instant now);
  void Cluster(const scheduler::ClusterRecord& record, std::string_view cause, Instant now);
  // The states of design.md 4.1, and what led to the new one.
  void Link(const scheduler::ClusterRecord& record, const scheduler::LinkRecord& before,
            std::string_view cause, Instant now);
  void Rebalance(const scheduler::RebalanceRecord& run, std::string_view cause, Instant now);
  void Put(const store::Transition& transition);

  store::HistoryLog* log_;
  std::unordered_map<uint64_t, Seen> jobs_;  // unfinished ones
  struct SeenCluster {
    std::string name;
    std::string_view openness = "Open";  // "Cordoned", "Draining"; a literal
    scheduler::LinkRecord link;
  };
  std::unordered_map<uint64_t, SeenCluster> clusters_;
  bool link_before_ = false;
  std::string erased_name_;  // of the job that the event deletes
};

// The event's name, as a cause: "JobSubmitted".
std::string_view EventName(const scheduler::Event& event);

}  // namespace fairway::gateway
