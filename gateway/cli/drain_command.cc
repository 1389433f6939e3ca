// fairway cluster drain|undrain|remove.
#include <cstdio>

#include "gateway/cli/cluster_verbs.h"
#include "gateway/cli/output.h"
#include "gateway/serve/operator_service.h"
#include "scheduler/names.h"

namespace fairway::gateway {

using kube::Array;
using kube::Object;
using kube::Value;

namespace {

constexpr int64_t kDrainWatchEveryMs = 1'000;

void PrintArrivals(const Value& plan) {
  const Object* arrivals = kube::GetObject(plan, {"arrivals"});
  if (arrivals == nullptr) return;
  for (const auto& [cluster, jobs] : *arrivals) {
    std::printf("  %s jobs go to %s\n", kube::Serialize(jobs).c_str(),
                std::string(cluster).c_str());
  }
}

void PrintJobs(const Value& plan, bool with_risk) {
  const Array* jobs = kube::GetArray(plan, {"jobs"});
  if (jobs == nullptr || jobs->empty()) return;
  std::vector<std::string> columns = {"JOB", "STATE", "PRIORITY", "ACTION", "TO"};
  if (with_risk) columns.push_back("MAY STILL RUN");
  columns.push_back("WHY");
  std::vector<std::vector<std::string>> rows;
  for (const Value& job : *jobs) {
    const std::string to = Text(job, {"to"});
    rows.push_back({Text(job, {"namespace"}) + "/" + Text(job, {"name"}), Text(job, {"state"}),
                    std::to_string(Number(job, "priority")), Text(job, {"action"}),
                    to.empty() ? "-" : to});
    if (with_risk) {
      rows.back().push_back(kube::Get<bool>(job, {"mayStillRun"}).value_or(false) ? "yes" : "no");
    }
    rows.back().push_back(Text(job, {"message"}));
  }
  std::fputs(FormatTable(columns, rows).c_str(), stdout);
  if (Number(plan, "unlisted") > 0) {
    std::printf("... and %lld more\n", Number(plan, "unlisted"));
  }
}

int PlanDrain(ApiClient& api, const Args& args, const std::string& name) {
  std::string target = std::string(kPlansPath) + "/drain?cluster=" + name +
                       "&mode=" + (args.Has("now") ? "Now" : "Graceful");
  if (args.Has("deadline")) target += "&deadline=" + args.Get("deadline");
  auto plan = api.Get(target);
  if (!plan) return PrintError(plan.error());
  const std::string output = args.Get("output", "table");
  if (output == "json" || output == "yaml") {
    std::fputs(FormatDocument(*plan, output).c_str(), stdout);
    return 0;
  }
  std::printf(
      "Draining %s as things stand (dry run): %lld jobs move, %lld run to their end, %lld stay for "
      "want of room, %lld leave and wait for room, %lld are leaving already.\n",
      name.c_str(), Number(*plan, "moves"), Number(*plan, "stays"), Number(*plan, "stuck"),
      Number(*plan, "waits"), Number(*plan, "moving"));
  if (std::string held = Text(*plan, {"held"}); !held.empty()) {
    std::printf("Nothing would move now: %s.\n", held.c_str());
  }
  PrintArrivals(*plan);
  PrintJobs(*plan, false);
  return 0;
}

// Until the cluster is drained, or the drain is called off.
int WatchDrain(ApiClient& api, const std::string& name) {
  std::string shown;
  for (;; api.Pause(kDrainWatchEveryMs)) {
    auto cluster = api.Get(std::string(kClustersPath) + "/" + name);
    if (!cluster) return PrintError(cluster.error());
    if (kube::GetObject(*cluster, {"spec", "drain"}) == nullptr) {
      std::printf("cluster/%s is no longer drained\n", name.c_str());
      return 1;
    }
    const Value* drain = kube::FindPath(*cluster, {"status", "drain"});
    if (drain == nullptr) continue;
    std::string line = std::to_string(Number(*drain, "left")) + " left (" +
                       std::to_string(Number(*drain, "stays")) + " run to their end, " +
                       std::to_string(Number(*drain, "stuck")) + " stuck), " +
                       std::to_string(Number(*drain, "moving")) + " moving, " +
                       std::to_string(Number(*drain, "moved")) +
                       " moved: " + Text(*drain, {"message"});
    if (line != shown) std::printf("%s\n", line.c_str());
    std::fflush(stdout);
    shown = line;
    if (Text(*drain, {"message"}) == "drained") return 0;
  }
}

void PrintResidue(const Value& plan) {
  const Array* residue = kube::GetArray(plan, {"residue"});
  if (residue == nullptr) return;
  for (const Value& record : *residue) {
    std::printf("  %s/%s (of a former epoch)\n", Text(record, {"namespace"}).c_str(),
                Text(record, {"name"}).c_str());
  }
}

// What stays behind, and what the job's authors have to know.
void PrintRemoval(const Value& plan, const std::string& name, bool done) {
  const long long live = Number(plan, "moves") + Number(plan, "waits") + Number(plan, "stuck");
  const bool reachable = kube::Get<bool>(plan, {"reachable"}).value_or(false);
  std::printf("%s %s: %lld unfinished jobs %s again elsewhere (%lld of them %s for room).\n",
              done ? "Removed" : "Removing", name.c_str(), live, done ? "run" : "would run",
              Number(plan, "waits"), done ? "wait" : "would wait");
  PrintArrivals(plan);
  const long long may_run = Number(plan, "mayStillRun");
  if (may_run > 0) {
    std::printf("%lld of them may still be running on %s: nobody has confirmed their end%s.\n",
                may_run, name.c_str(),
                reachable ? "; they are withdrawn without waiting for the answer" : "");
  }
  std::printf(
      "Left behind there%s: copies of %lld unfinished and %lld finished jobs, of %lld that "
      "are being deleted, and %lld copies of former epochs.\n",
      reachable ? "" : " (out of reach)", live, Number(plan, "finishedCopies"),
      Number(plan, "deletingCopies"), Number(plan, "residueCopies"));
  std::printf("Delete them there with: kubectl delete jobs -A -l %s\n",
              std::string(names::kLabelGateway).c_str());
  PrintJobs(plan, true);
  PrintResidue(plan);
}

}  // namespace

int DrainCluster(ApiClient& api, const Args& args, const std::string& name) {
  if (args.Has("dry-run")) return PlanDrain(api, args, name);
  Object drain{{"mode", args.Has("now") ? "Now" : "Graceful"},
               {"deadline", nullptr},
               {"maxMoving", nullptr}};
  if (args.Has("deadline")) drain["deadline"] = args.Get("deadline");
  if (std::string most = args.Get("max-moving"); !most.empty()) {
    auto number = kube::ParseJson(most);
    if (!number || !number->is_int64()) {
      return PrintLocalError(Error{.code = 0, .message = "--max-moving wants a number"});
    }
    drain["maxMoving"] = *number;
  }
  Object patch{{"spec", Object{{"drain", std::move(drain)}}}};
  auto done =
      api.Call("PATCH", std::string(kClustersPath) + "/" + name + "?fieldManager=fairway-cli",
               kube::Serialize(Value(patch)), kMergePatch);
  if (!done) return PrintError(done.error());
  std::printf("cluster/%s draining\n", name.c_str());
  PrintFreeze(api, stdout);
  if (args.Has("watch")) return WatchDrain(api, name);
  return 0;
}

int UndrainCluster(ApiClient& api, const std::string& name) {
  auto done =
      api.Call("PATCH", std::string(kClustersPath) + "/" + name + "?fieldManager=fairway-cli",
               R"({"spec":{"drain":null}})", kMergePatch);
  if (!done) return PrintError(done.error());
  std::printf("cluster/%s undrained\n", name.c_str());
  return 0;
}

int RemoveCluster(ApiClient& api, const Args& args, const std::string& name) {
  const std::string target = std::string(kClustersPath) + "/" + name;
  auto plan = api.Get(std::string(kPlansPath) + "/removal?limit=10000&cluster=" + name);
  if (!plan) return PrintError(plan.error());
  const std::string output = args.Get("output", "table");
  const bool document = output == "json" || output == "yaml";
  if (args.Has("dry-run")) {
    if (document) {
      std::fputs(FormatDocument(*plan, output).c_str(), stdout);
    } else {
      PrintRemoval(*plan, name, /*done=*/false);
    }
    return 0;
  }
  const long long live = Number(*plan, "moves") + Number(*plan, "waits") + Number(*plan, "stuck");
  if (live > 0 && !args.Has("force")) {
    std::fprintf(stderr,
                 "error: %lld jobs are placed on %s.\nDrain it first (fairway cluster drain %s), "
                 "or pass --force: they then run again elsewhere, and nobody waits for their "
                 "copies on %s. --dry-run lists them.\n",
                 live, name.c_str(), name.c_str(), name.c_str());
    return 1;
  }
  if (auto gone = api.Call("DELETE", target); !gone) return PrintError(gone.error());
  const std::string secret =
      "/api/v1/namespaces/" + std::string(kSystem) + "/secrets/cluster-" + name;
  if (auto gone = api.Call("DELETE", secret); !gone && gone.error().code != 404) {
    return PrintError(gone.error());
  }
  if (document) {
    std::fputs(FormatDocument(*plan, output).c_str(), stdout);
    return 0;
  }
  std::printf("cluster/%s removed\n", name.c_str());
  const bool nothing = live == 0 && Number(*plan, "finishedCopies") == 0 &&
                       Number(*plan, "residueCopies") == 0 && Number(*plan, "deletingCopies") == 0;
  if (!nothing) PrintRemoval(*plan, name, /*done=*/true);
  return 0;
}

void PrintFreeze(ApiClient& api, std::FILE* out) {
  auto freeze = api.Get(kFreezePath);
  if (!freeze || !kube::Get<bool>(*freeze, {"frozen"}).value_or(false)) return;
  const std::string reason = Text(*freeze, {"reason"});
  std::fprintf(out, "The gateway is frozen since %s%s%s: no jobs are moved%s.\n",
               Text(*freeze, {"since"}).c_str(), reason.empty() ? "" : ", ", reason.c_str(),
               kube::Get<bool>(*freeze, {"all"}).value_or(false) ? ", and none is placed" : "");
}

}  // namespace fairway::gateway
