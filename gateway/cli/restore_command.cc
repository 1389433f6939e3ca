// fairway restore: puts a backup in the place of the store, recovers jobs from the members when
// there is none, and lets jobs go that a restore has held. The first two are offline.
#include <chrono>
#include <cstdio>
#include <optional>

#include "clusters/kube/time.h"
#include "gateway/cli/api_client.h"
#include "gateway/cli/args.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/output.h"
#include "gateway/cli/restore_members.h"
#include "scheduler/names.h"
#include "scheduler/names_restore.h"
#include "store/restore.h"

namespace fairway::gateway {

using kube::Array;
using kube::Value;

namespace {

constexpr const char* kRestoreUsage =
    "Usage:\n"
    "  fairway restore --from DIR [--id N] [--revision N] [--data DIR] [--missing hold|run] "
    "[--force]\n"
    "  fairway restore --from-members --kubeconfig NAME=FILE ... [--config FILE] [--gateway ID]\n"
    "                  [--data DIR] [--missing hold|run] [--force]\n"
    "  fairway restore --in-place [--data DIR] [--missing hold|run]   (put back by other means)\n"
    "  fairway restore release [JOB ... | --all] [-n NAMESPACE]\n"
    "\n"
    "The gateway must not be running, but for release. When it starts, it first asks every "
    "cluster\n"
    "what it has. A job that the store holds as unfinished and no cluster has is held (suspended)\n"
    "until it is released; --missing run lets such jobs run. --force sets a newer store aside.\n";

Instant Now() {
  return Instant{std::chrono::duration_cast<std::chrono::milliseconds>(
                     std::chrono::system_clock::now().time_since_epoch())
                     .count()};
}

std::string DataDirectory(const Args& args) {
  return args.Has("data") ? args.Get("data") : args.Get("data-dir", "fairway-data");
}

void PrintAside(const store::Restored& restored) {
  if (restored.set_aside.empty()) return;
  std::printf("the store that was there is now %s\n", restored.set_aside.c_str());
}

int FromBackup(const Args& args) {
  store::RestoreRequest request;
  request.from = args.Get("from");
  request.data_directory = DataDirectory(args);
  request.force = args.Has("force");
  request.run_missing = args.Get("missing", "hold") == "run";
  request.now = Now();
  uint64_t revision = 0;
  if (args.Has("revision")) {
    if (!ReadPositive(args.Get("revision"), revision))
      return PrintUsage(kRestoreUsage, "--revision must be a number");
    request.revision = Revision{revision};
  }
  if (args.Has("id") && !ReadPositive(args.Get("id"), request.backup)) {
    return PrintUsage(kRestoreUsage,
                      "--id must be the number of a backup, see fairway backup list");
  }
  auto restored = store::RestoreBackup(request);
  if (!restored) return PrintLocalError(restored.error());
  std::printf("backup %llu (%s) is restored to %s as of revision %llu: %llu objects\n",
              static_cast<unsigned long long>(restored->backup.id),
              kube::FormatTime(restored->backup.at).c_str(), request.data_directory.c_str(),
              static_cast<unsigned long long>(restored->as_of.value),
              static_cast<unsigned long long>(restored->objects));
  PrintAside(*restored);
  std::printf("start the gateway: it asks every cluster for its copies before it sends anything\n");
  return 0;
}

int InPlace(const Args& args) {
  std::string data = DataDirectory(args);
  auto marked = store::MarkRestored(data, args.Get("missing", "hold") == "run", Now());
  if (!marked) return PrintLocalError(marked.error());
  std::printf(
      "%s is marked as restored, at revision %llu; start the gateway: it asks every cluster "
      "for its copies before it sends anything\n",
      data.c_str(), static_cast<unsigned long long>(marked->as_of.value));
  return 0;
}

int FromMembers(const Args& args) {
  MembersRequest request;
  request.kubeconfigs = args.All("kubeconfig");
  request.config_file = args.Get("config");
  request.gateway = args.Get("gateway");
  request.data_directory = DataDirectory(args);
  request.force = args.Has("force");
  request.run_missing = args.Get("missing", "hold") == "run";
  request.now = Now();
  if (request.kubeconfigs.empty() && request.config_file.empty()) {
    return PrintUsage(
        kRestoreUsage,
        "--from-members needs --kubeconfig NAME=FILE, once for each cluster, or --config");
  }
  auto found = RestoreFromMembers(request);
  if (!found) return PrintLocalError(found.error());
  std::vector<std::vector<std::string>> rows;
  for (const MemberFound& member : found->members) {
    rows.push_back({member.name, std::to_string(member.jobs), std::to_string(member.running),
                    std::to_string(member.done), std::to_string(member.failed)});
  }
  std::printf("%s",
              FormatTable({"CLUSTER", "COPIES", "UNFINISHED", "COMPLETE", "FAILED"}, rows).c_str());
  std::printf("a store for gateway %s with %zu clusters is in %s\n", found->gateway.c_str(),
              found->members.size(), request.data_directory.c_str());
  PrintAside(found->restored);
  std::printf(
      "start the gateway: it takes the jobs over from the clusters before it sends "
      "anything\n");
  return 0;
}

Result<Value> ReleaseJob(ApiClient& api, const std::string& ns, const std::string& name) {
  kube::Object annotations;
  annotations[names::kAnnotationHeld] = Value();
  kube::Object patch{{"metadata", kube::Object{{"annotations", std::move(annotations)}}},
                     {"spec", kube::Object{{"suspend", false}}}};
  return api.Call("PATCH",
                  "/apis/batch/v1/namespaces/" + ns + "/jobs/" + name + "?fieldManager=fairway-cli",
                  kube::Serialize(Value(std::move(patch))), kMergePatch);
}

int Release(const Args& args) {
  auto api = ApiClient::Create(args);
  if (!api) return PrintLocalError(api.error());
  std::vector<std::pair<std::string, std::string>> jobs;
  for (size_t i = 1; i < args.words.size(); ++i) {
    jobs.emplace_back((*api)->default_namespace(), args.words[i]);
  }
  std::string scope = args.Has("namespace") ? "namespaces/" + args.Get("namespace") + "/" : "";
  std::string next;
  do {
    if (!args.Has("all")) break;
    auto page = (*api)->Get("/apis/batch/v1/" + scope + "jobs?limit=500" +
                            (next.empty() ? "" : "&continue=" + next));
    if (!page) return PrintError(page.error());
    const Array* items = kube::GetArray(*page, {"items"});
    for (size_t i = 0; items != nullptr && i < items->size(); ++i) {
      const Value& job = (*items)[i];
      if (kube::GetString(job, {"metadata", "annotations", names::kAnnotationHeld}).empty()) {
        continue;
      }
      jobs.emplace_back(kube::GetString(job, {"metadata", "namespace"}),
                        kube::GetString(job, {"metadata", "name"}));
    }
    next = std::string(kube::GetString(*page, {"metadata", "continue"}));
  } while (!next.empty());
  for (const auto& [ns, name] : jobs) {
    auto released = ReleaseJob(**api, ns, name);
    if (!released) return PrintError(released.error());
    std::printf("job.batch/%s released (namespace %s)\n", name.c_str(), ns.c_str());
  }
  if (jobs.empty()) std::fputs("No jobs are held.\n", stderr);
  return 0;
}

}  // namespace

int RunRestore(const std::vector<std::string>& arguments) {
  std::vector<FlagSpec> flags = kApiFlags;
  for (std::string_view flag : {"from", "id", "revision", "data", "missing", "config", "gateway"}) {
    flags.push_back({flag, "", true});
  }
  for (std::string_view flag : {"from-members", "in-place", "force", "all"}) {
    flags.push_back({flag, "", false});
  }
  Args args = ParseArgs(arguments, flags);
  std::string missing = args.Get("missing", "hold");
  if (args.error.empty() && missing != "hold" && missing != "run") {
    args.error = "--missing must be hold or run";
  }
  if (!args.error.empty()) return PrintUsage(kRestoreUsage, args.error);
  if (!args.words.empty()) {
    if (args.words[0] != "release")
      return PrintUsage(kRestoreUsage, "unknown word: " + args.words[0]);
    if (args.Has("all") == (args.words.size() > 1))
      return PrintUsage(kRestoreUsage, "name jobs, or say --all");
    return Release(args);
  }
  int sources = 0;
  for (std::string_view flag : {"from", "from-members", "in-place"}) sources += args.Has(flag);
  if (sources != 1)
    return PrintUsage(kRestoreUsage, "say where from: --from DIR, --from-members or --in-place");
  if (args.Has("in-place")) return InPlace(args);
  return args.Has("from") ? FromBackup(args) : FromMembers(args);
}

}  // namespace fairway::gateway
