// fairway freeze|unfreeze|approve: switches and consents of operators.
#include <cstdio>

#include "gateway/cli/api_client.h"
#include "gateway/cli/cluster_verbs.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/output.h"
#include "gateway/serve/operator_service.h"
#include "scheduler/names.h"

namespace fairway::gateway {

using kube::Array;
using kube::Object;
using kube::Value;

namespace {

constexpr const char* kFreezeUsage =
    "Usage:\n"
    "  fairway freeze [--reason TEXT] [--all] [--dry-run]\n"
    "  fairway unfreeze\n"
    "\n"
    "While the gateway is frozen no job is moved: no failover, no drain, no eviction by taint, no\n"
    "failback, no rebalance. Only what an operator approves for one job, or removes, still moves. "
    "New jobs are\n"
    "placed all the same, unless --all. It survives restarts.\n";

constexpr const char* kApproveUsage =
    "Usage:\n"
    "  fairway approve JOB... [-n NAMESPACE] [--dry-run]\n"
    "  fairway approve --all-on CLUSTER [--dry-run]\n"
    "\n"
    "Gives up the copies of jobs on a lost cluster, so that they run elsewhere, also when nobody\n"
    "can say whether the old copy has ended.\n";

constexpr std::string_view kPlacements = "/apis/fairway.flext.sh/v1alpha1";

bool Waits(const Value& placement) {
  const std::string state = Text(placement, {"status", "state"});
  return state == "Uncertain" || state == "Fenced";
}

// Placements that wait for their lost cluster.
Result<std::vector<Value>> WaitingOn(ApiClient& api, const std::string& cluster) {
  std::vector<Value> waiting;
  std::string next;
  do {
    std::string target = std::string(kPlacements) + "/placements?limit=500";
    if (!next.empty()) target += "&continue=" + next;
    auto page = api.Get(target);
    if (!page) return Fail(page.error());
    if (const Array* items = kube::GetArray(*page, {"items"})) {
      for (const Value& placement : *items) {
        if (Waits(placement) && Text(placement, {"status", "cluster"}) == cluster) {
          waiting.push_back(placement);
        }
      }
    }
    next = Text(*page, {"metadata", "continue"});
  } while (!next.empty());
  return waiting;
}

Result<std::vector<Value>> Named(ApiClient& api, const Args& args) {
  std::vector<Value> placements;
  for (const std::string& job : args.words) {
    auto placement = api.Get(std::string(kPlacements) + "/namespaces/" + api.default_namespace() +
                             "/placements/" + job);
    if (!placement) return Fail(placement.error());
    if (!Waits(*placement)) {
      return Fail(Error{.code = 0,
                        .message = "job " + job + " does not wait for a lost cluster: it is " +
                                   Text(*placement, {"status", "state"})});
    }
    placements.push_back(std::move(*placement));
  }
  return placements;
}

int Approve(ApiClient& api, const Value& placement, bool dry_run) {
  const std::string ns = Text(placement, {"metadata", "namespace"});
  const std::string name = Text(placement, {"metadata", "name"});
  const int64_t epoch = kube::Get<int64_t>(placement, {"status", "epoch"}).value_or(0);
  if (!dry_run) {
    Object annotations{{names::kAnnotationApproveMove, std::to_string(epoch)}};
    Object patch{{"metadata", Object{{"annotations", std::move(annotations)}}}};
    auto done = api.Call(
        "PATCH", "/apis/batch/v1/namespaces/" + ns + "/jobs/" + name + "?fieldManager=fairway-cli",
        kube::Serialize(Value(patch)), kMergePatch);
    if (!done) return PrintError(done.error());
  }
  const bool ended = Text(placement, {"status", "state"}) == "Fenced";
  std::printf("job/%s -n %s: epoch %lld on %s %s%s\n", name.c_str(), ns.c_str(),
              static_cast<long long>(epoch), Text(placement, {"status", "cluster"}).c_str(),
              dry_run ? "would be given up" : "given up",
              ended ? "" : "; its copy there may still be running");
  return 0;
}

}  // namespace

int RunFreeze(const std::vector<std::string>& arguments) {
  std::vector<FlagSpec> flags = kApiFlags;
  flags.insert(flags.end(), {{"reason", "", true}, {"all", "", false}, {"dry-run", "", false}});
  Args args = ParseArgs(arguments, flags);
  if (!args.error.empty() || !args.words.empty()) return PrintUsage(kFreezeUsage, args.error);
  auto api = ApiClient::Create(args);
  if (!api) return PrintLocalError(api.error());
  if (args.Has("dry-run")) {
    auto list = (*api)->Get(kClustersPath);
    if (!list) return PrintError(list.error());
    const Array* items = kube::GetArray(*list, {"items"});
    std::fputs("These moves would stop (dry run):\n", stdout);
    for (size_t i = 0; items != nullptr && i < items->size(); ++i) {
      const Value& cluster = (*items)[i];
      const std::string link = Text(cluster, {"status", "linkState"});
      const std::string name = Text(cluster, {"metadata", "name"});
      const auto jobs = kube::Get<int64_t>(cluster, {"status", "runningJobs"}).value_or(0);
      if (link == "Unreachable" || link == "Fenced") {
        std::printf("  failover of %lld jobs off %s (%s)\n", static_cast<long long>(jobs),
                    name.c_str(), link.c_str());
      }
      if (const Value* drain = kube::FindPath(cluster, {"status", "drain"})) {
        std::printf("  drain of %lld jobs off %s\n",
                    static_cast<long long>(kube::Get<int64_t>(*drain, {"left"}).value_or(0)),
                    name.c_str());
      }
    }
    return 0;
  }
  Object body{{"reason", args.Get("reason")}, {"all", args.Has("all")}};
  auto done = (*api)->Call("PUT", kFreezePath, kube::Serialize(Value(body)));
  if (!done) return PrintError(done.error());
  std::fputs("gateway frozen\n", stdout);
  PrintFreeze(**api, stdout);
  return 0;
}

int RunUnfreeze(const std::vector<std::string>& arguments) {
  Args args = ParseArgs(arguments, kApiFlags);
  if (!args.error.empty() || !args.words.empty()) return PrintUsage(kFreezeUsage, args.error);
  auto api = ApiClient::Create(args);
  if (!api) return PrintLocalError(api.error());
  auto done = (*api)->Call("DELETE", kFreezePath);
  if (!done) return PrintError(done.error());
  std::fputs("gateway unfrozen\n", stdout);
  return 0;
}

int RunApprove(const std::vector<std::string>& arguments) {
  std::vector<FlagSpec> flags = kApiFlags;
  flags.insert(flags.end(), {{"all-on", "", true}, {"dry-run", "", false}});
  Args args = ParseArgs(arguments, flags);
  const bool all = args.Has("all-on");
  if (!args.error.empty() || all == !args.words.empty())
    return PrintUsage(kApproveUsage, args.error);
  auto api = ApiClient::Create(args);
  if (!api) return PrintLocalError(api.error());
  auto placements = all ? WaitingOn(**api, args.Get("all-on")) : Named(**api, args);
  if (!placements) {
    return placements.error().code == 0 ? PrintLocalError(placements.error())
                                        : PrintError(placements.error());
  }
  if (placements->empty()) {
    std::fprintf(stderr, "No jobs wait for %s.\n", args.Get("all-on").c_str());
    return 0;
  }
  for (const Value& placement : *placements) {
    if (int failed = Approve(**api, placement, args.Has("dry-run")); failed != 0) return failed;
  }
  return 0;
}

}  // namespace fairway::gateway
