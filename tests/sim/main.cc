// fairway_sim: runs seeded simulations of the core, its journal, its members and the network.
//
//   fairway_sim [--seed=N] [--seeds=N] [--lite|--swarm|--brief] [--rerun] [--quiet]
//   fairway_sim --canary=NAME [--expect=CHECKER] [--seed=N] [--seeds=N]
//
// A planted bug may be seen by several checkers first. --expect goes on until some seed's is seen
// by the one that is meant for it: 0 when it was, 1 when none of the seeds did. "determinism" is
// the comparison of two runs, "invariant" an assertion of the core.
//
// Exit codes otherwise: 0 all promises kept; 127 an invariant broke (abort); 128 liveness; 129
// correctness; 126 two runs of one seed differed; 2 usage.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>

#include "tests/sim/simulation.h"

namespace fairway::sim {
namespace {

constexpr int kExitNondeterminism = 126;
constexpr int kExitUsage = 2;
constexpr int kExitUnseen = 1;
constexpr std::string_view kDeterminism = "determinism";
constexpr std::string_view kInvariant = "invariant";

struct CanaryName {
  std::string_view name;
  Canary canary;
};
constexpr CanaryName kCanaries[] = {
    {"early-dispatch", Canary::kEarlyDispatch},
    {"early-reply", Canary::kEarlyReply},
    {"double-dispatch", Canary::kDoubleDispatch},
    {"false-gone", Canary::kFalseGone},
    {"rerun-finished", Canary::kRerunFinished},
    {"dropped-edit", Canary::kDroppedEdit},
    {"deaf-timer", Canary::kDeafTimer},
    {"deaf-rules", Canary::kDeafRules},
    {"blind-nodes", Canary::kBlindNodes},
    {"broken-index", Canary::kBrokenIndex},
    {"leaky-ledger", Canary::kLeakyLedger},
    {"noise", Canary::kNoise},
    {"eager-fence", Canary::kEagerFence},
    {"no-grace", Canary::kNoGrace},
    {"changed-result", Canary::kChangedResult},
    {"stampede", Canary::kStampede},
    {"restless", Canary::kRestless},
    {"hasty-drain", Canary::kHastyDrain},
    {"greedy-drain", Canary::kGreedyDrain},
    {"deaf-freeze", Canary::kDeafFreeze},
    {"eager-failback", Canary::kEagerFailback},
    {"greedy-drill", Canary::kGreedyDrill},
    {"stuck-drill", Canary::kStuckDrill},
    {"eager-count", Canary::kEagerCount},
    {"blame-cluster", Canary::kBlameCluster},
    {"eager-rebalance", Canary::kEagerRebalance},
    {"greedy-rebalance", Canary::kGreedyRebalance},
    {"deaf-to-late", Canary::kDeafToLate},
    {"greedy-part", Canary::kGreedyPart},
    {"forgetful-part", Canary::kForgetfulPart},
    {"greedy-backfill", Canary::kGreedyBackfill},
    {"hasty-start", Canary::kHastyStart},
    {"hasty-preemptor", Canary::kHastyPreemptor},
};

struct Arguments {
  SimOptions options;
  uint64_t seeds = 1;
  bool rerun = false;
  bool quiet = false;
  std::string canary_name;
  std::string expect;
};

// What to print when an assertion ends the process; set before each run.
char g_replay[512];

extern "C" void OnAbort(int) {
  const ssize_t ignored = write(STDERR_FILENO, g_replay, std::strlen(g_replay));
  static_cast<void>(ignored);
  _exit(kExitAssert);
}

bool Parse(int argc, char** argv, Arguments& arguments) {
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    if ((argument == "--seed" || argument == "--seeds" || argument == "--canary") && i + 1 < argc) {
      argument += std::string("=") + argv[++i];
    }
    const size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : argument.substr(equals + 1);
    if (name == "--seed") {
      arguments.options.seed = std::strtoull(value.c_str(), nullptr, 10);
    } else if (name == "--seeds") {
      arguments.seeds = std::strtoull(value.c_str(), nullptr, 10);
    } else if (name == "--lite") {
      arguments.options.mode = Mode::kLite;
    } else if (name == "--swarm") {
      arguments.options.mode = Mode::kSwarm;
    } else if (name == "--brief") {
      arguments.options.mode = Mode::kBrief;
    } else if (name == "--rerun") {
      arguments.rerun = true;
    } else if (name == "--quiet") {
      arguments.quiet = true;
    } else if (name == "--expect") {
      arguments.expect = value;
      arguments.rerun = arguments.rerun || value == kDeterminism;
    } else if (name == "--canary") {
      const CanaryName* found = nullptr;
      for (const CanaryName& canary : kCanaries) {
        if (canary.name == value) found = &canary;
      }
      if (found == nullptr) return false;
      arguments.options.canary = found->canary;
      arguments.canary_name = value;
    } else {
      return false;
    }
  }
  return true;
}

std::string ReplayLine(const Arguments& arguments, uint64_t seed) {
  std::string line = "replay: fairway_sim --seed=" + std::to_string(seed) +
                     (arguments.options.mode == Mode::kSwarm   ? " --swarm"
                      : arguments.options.mode == Mode::kBrief ? " --brief"
                                                               : " --lite");
  if (!arguments.canary_name.empty()) line += " --canary=" + arguments.canary_name;
  return line;
}

int RunSeed(const Arguments& arguments, uint64_t seed, SimOutcome& outcome) {
  SimOptions options = arguments.options;
  options.seed = seed;
  Simulation simulation(options);
  const std::string plan = "plan: " + simulation.plan().Describe();
  const std::string replay = ReplayLine(arguments, seed);
  std::snprintf(g_replay, sizeof g_replay, "%s\n%s\n", plan.c_str(), replay.c_str());
  outcome = simulation.Run();
  if (outcome.violation.code != 0) {
    std::printf("seed %llu: %s: %s\n%s\n%s\n", static_cast<unsigned long long>(seed),
                outcome.violation.checker.c_str(), outcome.violation.message.c_str(), plan.c_str(),
                replay.c_str());
    return outcome.violation.code;
  }
  if (arguments.rerun) {
    const SimOutcome again = Simulation(options).Run();
    if (again.hash != outcome.hash) {
      std::printf("seed %llu: two runs differ: %016llx and %016llx\n%s\n%s\n",
                  static_cast<unsigned long long>(seed),
                  static_cast<unsigned long long>(outcome.hash),
                  static_cast<unsigned long long>(again.hash), plan.c_str(), replay.c_str());
      return kExitNondeterminism;
    }
  }
  return 0;
}

// Whether the expected checker sees the planted bug in this seed. In a process of its own: an
// assertion of the core may be faster.
bool IsSeen(const Arguments& arguments, uint64_t seed) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    SimOutcome outcome;
    const int code = RunSeed(arguments, seed, outcome);
    const std::string_view seen =
        code == kExitNondeterminism ? kDeterminism : std::string_view(outcome.violation.checker);
    std::fflush(stdout);
    _exit(code != 0 && seen == arguments.expect ? 0 : kExitUnseen);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return false;
  return WEXITSTATUS(status) == 0 ||
         (WEXITSTATUS(status) == kExitAssert && arguments.expect == kInvariant);
}

int Expect(const Arguments& arguments) {
  for (uint64_t i = 0; i < arguments.seeds; ++i) {
    const uint64_t seed = arguments.options.seed + i;
    if (!IsSeen(arguments, seed)) continue;
    std::printf("%s: seen by %s in seed %llu\n", arguments.canary_name.c_str(),
                arguments.expect.c_str(), static_cast<unsigned long long>(seed));
    return 0;
  }
  std::printf("%s: not seen by %s in %llu seeds\n", arguments.canary_name.c_str(),
              arguments.expect.c_str(), static_cast<unsigned long long>(arguments.seeds));
  return kExitUnseen;
}

int Main(int argc, char** argv) {
  Arguments arguments;
  if (!Parse(argc, argv, arguments)) {
    std::fprintf(stderr,
                 "usage: fairway_sim [--seed=N] [--seeds=N] [--lite|--swarm|--brief] [--rerun] "
                 "[--canary=NAME [--expect=CHECKER]] [--quiet]\n");
    return kExitUsage;
  }
  std::signal(SIGABRT, OnAbort);
  if (!arguments.expect.empty()) return Expect(arguments);
  const auto start = std::chrono::steady_clock::now();
  uint64_t steps = 0;
  uint64_t happenings = 0;
  uint64_t hash = scheduler::kHashSeed;
  for (uint64_t i = 0; i < arguments.seeds; ++i) {
    SimOutcome outcome;
    const int code = RunSeed(arguments, arguments.options.seed + i, outcome);
    if (code != 0) return code;
    steps += outcome.steps;
    happenings += outcome.happenings;
    hash = scheduler::HashMix(hash, outcome.hash);
    if (!arguments.quiet && arguments.seeds == 1) {
      std::printf(
          "steps %llu, virtual %lld s, placed %llu, finished %llu, requeued %llu, "
          "stale %llu, moved %llu, renewed %llu, leases ended %llu, rescued %llu, wasted %llu\n",
          static_cast<unsigned long long>(outcome.steps),
          static_cast<long long>(outcome.virtual_time.ms / 1000),
          static_cast<unsigned long long>(outcome.stats.placements),
          static_cast<unsigned long long>(outcome.stats.finished),
          static_cast<unsigned long long>(outcome.stats.requeued),
          static_cast<unsigned long long>(outcome.stats.stale_reports),
          static_cast<unsigned long long>(outcome.stats.moves),
          static_cast<unsigned long long>(outcome.stats.renewals),
          static_cast<unsigned long long>(outcome.stats.leases_ended),
          static_cast<unsigned long long>(outcome.stats.rescued),
          static_cast<unsigned long long>(outcome.stats.wasted));
    }
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf(
      "%llu seeds green, hash %016llx, %llu core steps, %llu events, %.2f s, %.0f events/s\n",
      static_cast<unsigned long long>(arguments.seeds), static_cast<unsigned long long>(hash),
      static_cast<unsigned long long>(steps), static_cast<unsigned long long>(happenings), seconds,
      static_cast<double>(happenings + steps) / seconds);
  return 0;
}

}  // namespace
}  // namespace fairway::sim

int main(int argc, char** argv) { return fairway::sim::Main(argc, argv); }
