// A seeded random walk of the real core through the vocabulary of fence.pml: cluster A and B, two
// jobs placed on A under policy `fenced`, A's link cut and healed, requests lost, crashes between
// steps. Each step's observables are kept; tests/model/trace asks the model whether it can follow.
//
// Time moves in ticks of five seconds, of which a lease is two. All that happens in a tick happens
// within its first second, and skew bound, grace and guard together are between one tick and two:
// so a fence of the core passes in the tick in which the model's does.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/core.h"
#include "scheduler/rng.h"

namespace fairway::model {

inline constexpr ClusterId kA{1}, kB{2};

// What model and core are compared by, in the order of TRACE_STATE in fence.pml.
using Observed = std::array<uint8_t, 23>;

// Wrong on purpose; the model must refuse each.
enum class Planted : uint8_t {
  kNone,
  kEarlyFence,    // a core that is not told of grace, skew and guard
  kLostHorizon,   // a crash forgets the saved horizon
  kRestart,       // a finished job is dispatched again
  kBlindReturn,   // a returning cluster is not listed
  kMovedUnsaved,  // a crash forgets the last step that was saved
};

class FenceWalk {
 public:
  FenceWalk(uint64_t seed, Planted planted);
  // At most so many steps; ends when both jobs have.
  void Run(int steps);
  // Those that differ from the one before.
  const std::vector<Observed>& trace() const { return trace_; }
  // What led to each.
  const std::vector<std::string>& notes() const { return notes_; }
  int fences() const { return fences_; }
  int crashes() const { return crashes_; }
  int rescues() const { return rescues_; }

 private:
  static constexpr uint64_t kJobs = 2;
  enum class Copy : uint8_t { kNone, kLive, kSucceeded, kEnded };
  struct Member {
    Copy copy = Copy::kNone;
    Instant deadline;
  };
  struct Request {
    scheduler::Command command;
    bool update_only = false;
    bool orphan = false;  // whoever asked has crashed: nobody waits for the answer
  };

  // ---- the gateway ----
  void Setup();
  void Step(const scheduler::Event& event);
  void Save();
  void Take(const scheduler::Command& command);
  void TakeRequest(Request request);
  void FireTimers();
  void Crash();
  void Tell();
  void ReadListed();
  void TakeList();
  // ---- the members and the wire (fence_walk_members.cc) ----
  void Tick();
  void Deliver(bool lost);
  void DeliverDispatch(const Request& request, const scheduler::Dispatch& dispatch, bool lost);
  void DeliverWithdraw(const Request& request, const scheduler::Withdraw& withdraw, bool lost);
  void Report(uint64_t job, bool on_a);
  bool ReportMissing(uint64_t job);
  bool MemberMoves(uint64_t job);
  void EndLate();

  void Act();
  void Observe(std::string_view what);
  Instant now() const;
  uint8_t TicksLeft(Instant at, int64_t more) const;
  const scheduler::JobRecord* Record(uint64_t job) const;
  bool IsHome(const scheduler::Command& command) const;
  bool Over() const;

  Rng rng_;
  Planted planted_;
  scheduler::FailoverConfig config_;
  scheduler::Core core_;
  scheduler::CommandSink sink_;
  std::map<std::string, std::string> stored_, stored_before_;
  Instant timer_;
  bool crash_due_ = false;
  bool told_up_ = true;
  bool list_due_ = false;
  // What a list showed, by job; 0 = InventoryTaken.
  struct Listed {
    uint64_t job;
    Copy copy;
  };
  std::vector<Listed> listed_;
  std::vector<Request> air_;
  int lost_left_ = 4;

  int64_t tick_ = 0, within_ms_ = 0;
  bool cut_ = false;
  uint8_t mishaps_ = 0;
  std::array<Member, kJobs + 1> a_, b_;
  std::array<uint8_t, kJobs + 1> epoch_{}, result_{}, deleted_{};
  std::vector<Observed> trace_;
  std::vector<std::string> notes_;
  int fences_ = 0, crashes_ = 0, rescues_ = 0;
};

}  // namespace fairway::model
