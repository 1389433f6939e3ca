// The program's first word.
#include <cstdio>

#include "gateway/cli/args.h"
#include "gateway/cli/commands.h"
#include "gateway/version.h"

namespace fairway::gateway {

namespace {

constexpr const char* kOverview =
    "fairway: several Kubernetes clusters behind one endpoint\n"
    "\n"
    "  fairway serve      run the gateway (try: fairway serve --simulate 3)\n"
    "  fairway demo       see it work on simulated clusters, then exit\n"
    "  fairway cluster    join, list, cordon, drain or remove member clusters\n"
    "  fairway approve    give up jobs' copies on a lost cluster, so that they move\n"
    "  fairway freeze     stop all moves of jobs; unfreeze lets them go on\n"
    "  fairway rebalance  move running jobs to clusters that suit them better by much\n"
    "  fairway explain    where a job runs and why, or why it waits\n"
    "  fairway whatif     what would happen if a cluster, a quota or the jobs were different\n"
    "  fairway drill      rehearse the loss of a cluster, in thought or live, and get a report\n"
    "  fairway history    what happened to jobs and clusters, and when\n"
    "  fairway backup     copy the store of the running gateway; list and verify copies\n"
    "  fairway restore    put a backup in place, or recover the jobs from the members\n"
    "  fairway simulate   simulated member clusters in a process of their own\n"
    "  fairway version    what this is\n"
    "\n"
    "Everything else is kubectl's: export KUBECONFIG=fairway-data/admin.kubeconfig\n";

struct Command {
  const char* name;
  int (*run)(const std::vector<std::string>&);
};

constexpr Command kCommands[] = {
    {"serve", RunServe},       {"demo", RunDemo},       {"cluster", RunCluster},
    {"approve", RunApprove},   {"freeze", RunFreeze},   {"unfreeze", RunUnfreeze},
    {"explain", RunExplain},   {"whatif", RunWhatIf},   {"history", RunHistory},
    {"drill", RunDrill},       {"backup", RunBackup},   {"restore", RunRestore},
    {"simulate", RunSimulate}, {"version", RunVersion}, {"rebalance", RunRebalance}};

}  // namespace

int RunVersion(const std::vector<std::string>& arguments) {
  if (!arguments.empty()) {
    std::fputs("Usage:\n  fairway version\n", stderr);
    return 1;
  }
  std::printf("fairway %s, Kubernetes API %s.%s\n", kFairwayVersion, kKubernetesMajor,
              kKubernetesMinor);
  return 0;
}

int RunCommandLine(const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments[0] == "help" || arguments[0] == "--help" ||
      arguments[0] == "-h") {
    std::fputs(kOverview, arguments.empty() ? stderr : stdout);
    return arguments.empty() ? 1 : 0;
  }
  std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  for (const Command& command : kCommands) {
    if (arguments[0] == command.name) return command.run(rest);
  }
  std::fprintf(stderr, "error: unknown command \"%s\"\n\n%s", arguments[0].c_str(), kOverview);
  return 1;
}

}  // namespace fairway::gateway
