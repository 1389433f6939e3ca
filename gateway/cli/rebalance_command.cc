// fairway rebalance: jobs that run are moved to better places, once.
#include <cstdio>

#include "gateway/cli/api_client.h"
#include "gateway/cli/cluster_verbs.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/output.h"
#include "gateway/serve/rebalance_service.h"

namespace fairway::gateway {

using kube::Array;
using kube::Object;
using kube::Value;

namespace {

constexpr const char* kRebalanceUsage =
    "Usage:\n"
    "  fairway rebalance --dry-run [--max N] [-o json|yaml]\n"
    "  fairway rebalance [--max N] [--watch]\n"
    "  fairway rebalance --stop\n"
    "\n"
    "Moves running jobs to clusters that suit them better by much, if their authors allow it\n"
    "(annotation fairway.flext.sh/rebalance: \"allowed\"), the least work lost per point gained\n"
    "first, few at a time; then it is over. --dry-run lists who would move, what is gained and\n"
    "lost, and who stays and why.\n";

constexpr int64_t kRebalanceWatchEveryMs = 1'000;

std::string OrDash(std::string text) { return text.empty() ? "-" : text; }

void PrintPlan(const Value& plan) {
  std::printf(
      "A rebalance as things stand (dry run): %lld jobs move, %lld more could, %lld stay, %lld are "
      "on their way already; the authors of %lld placed jobs do not allow it.\n",
      Number(plan, "moves"), Number(plan, "later"), Number(plan, "stays"), Number(plan, "moving"),
      Number(plan, "notAllowed"));
  if (std::string held = Text(plan, {"held"}); !held.empty()) {
    std::printf("Nothing would move now: %s.\n", held.c_str());
  }
  const Array* jobs = kube::GetArray(plan, {"jobs"});
  if (jobs == nullptr || jobs->empty()) return;
  std::vector<std::vector<std::string>> rows;
  for (const Value& job : *jobs) {
    const auto gain = kube::Get<int64_t>(job, {"gain"});
    const auto lost = kube::Get<int64_t>(job, {"podSecondsLost"});
    std::string points = gain ? std::to_string(*gain) : "-";
    if (kube::Get<bool>(job, {"preferredGroup"}).value_or(false)) points = "group";
    rows.push_back({Text(job, {"namespace"}) + "/" + Text(job, {"name"}), Text(job, {"state"}),
                    Text(job, {"action"}), Text(job, {"from"}), OrDash(Text(job, {"to"})), points,
                    lost ? std::to_string(*lost) + "s" : "-", Text(job, {"message"})});
  }
  std::fputs(FormatTable({"JOB", "STATE", "ACTION", "FROM", "TO", "GAIN", "WORK LOST", "WHY"}, rows)
                 .c_str(),
             stdout);
  if (Number(plan, "unlisted") > 0) {
    std::printf("... and %lld more\n", Number(plan, "unlisted"));
  }
}

std::string ProgressLine(const Value& progress) {
  std::string line = std::to_string(Number(progress, "moved")) + " moved";
  const Array* moving = kube::GetArray(progress, {"moving"});
  for (size_t i = 0; moving != nullptr && i < moving->size(); ++i) {
    const Value& job = (*moving)[i];
    line +=
        (i == 0 ? "; on the way: " : ", ") + Text(job, {"namespace"}) + "/" + Text(job, {"name"});
    if (std::string to = Text(job, {"to"}); !to.empty()) line += " to " + to;
  }
  if (std::string held = Text(progress, {"held"}); !held.empty()) line += "; held: " + held;
  return line;
}

// How it ended, in words.
std::string Ending(const Value& progress) {
  const std::string state = Text(progress, {"state"});
  if (state == "Done") return "done: nobody gains enough any more";
  if (state == "LimitReached") return "done: as many as were asked for";
  return state == "Stopped" ? "stopped" : state;
}

// Until the run is over.
int Watch(ApiClient& api, int64_t run) {
  std::string shown;
  for (;; api.Pause(kRebalanceWatchEveryMs)) {
    auto progress = api.Get(kRebalancePath);
    if (!progress) return PrintError(progress.error());
    if (Number(*progress, "run") != run) {
      std::fputs("another rebalance has begun\n", stdout);
      return 1;
    }
    const bool over = Text(*progress, {"state"}) != "Running";
    const std::string line = ProgressLine(*progress);
    if (line != shown) std::printf("%s\n", line.c_str());
    if (over) std::printf("%s\n", Ending(*progress).c_str());
    std::fflush(stdout);
    if (over) return Text(*progress, {"state"}) == "Stopped" ? 1 : 0;
    shown = line;
  }
}

}  // namespace

int RunRebalance(const std::vector<std::string>& arguments) {
  std::vector<FlagSpec> flags = kApiFlags;
  flags.insert(
      flags.end(),
      {{"dry-run", "", false}, {"max", "", true}, {"watch", "", false}, {"stop", "", false}});
  Args args = ParseArgs(arguments, flags);
  if (!args.error.empty() || !args.words.empty()) return PrintUsage(kRebalanceUsage, args.error);
  const bool stops = args.Has("stop");
  if (stops && (args.Has("dry-run") || args.Has("max") || args.Has("watch"))) {
    return PrintUsage(kRebalanceUsage, "--stop goes with no other flag");
  }
  int64_t most = 0;
  if (args.Has("max")) {
    auto number = kube::ParseJson(args.Get("max"));
    if (!number || !number->is_int64() || number->get_int64() < 1) {
      return PrintUsage(kRebalanceUsage, "--max wants a number of jobs");
    }
    most = number->get_int64();
  }
  auto api = ApiClient::Create(args);
  if (!api) return PrintLocalError(api.error());
  if (args.Has("dry-run")) {
    auto plan = (*api)->Get(std::string(kRebalancePlanPath) + "?max=" + std::to_string(most));
    if (!plan) return PrintError(plan.error());
    const std::string output = args.Get("output", "table");
    if (output == "json" || output == "yaml") {
      std::fputs(FormatDocument(*plan, output).c_str(), stdout);
    } else {
      PrintPlan(*plan);
    }
    return 0;
  }
  auto told =
      stops ? (*api)->Call("DELETE", kRebalancePath)
            : (*api)->Call("PUT", kRebalancePath, kube::Serialize(Value(Object{{"max", most}})));
  if (!told) return PrintError(told.error());
  if (stops) {
    std::fputs(
        Text(*told, {"state"}) == "Stopped" ? "rebalance stopped\n" : "no rebalance is under way\n",
        stdout);
    return 0;
  }
  std::fputs("rebalance begun\n", stdout);
  PrintFreeze(**api, stdout);
  return args.Has("watch") ? Watch(**api, Number(*told, "run")) : 0;
}

}  // namespace fairway::gateway
