// fairway demo: the main job end to end in one process - three simulated clusters, Jobs with
// different affinities, one cluster cordoned midway - through the same HTTPS endpoint that kubectl
// uses.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "clusters/http/curl_client.h"
#include "clusters/kube/api_error.h"
#include "clusters/kube/json.h"
#include "clusters/kubeconfig/kubeconfig.h"
#include "clusters/loop/loop.h"
#include "gateway/cli/args.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/output.h"
#include "gateway/log_sink.h"
#include "gateway/serve/gateway.h"
#include "scheduler/names.h"

namespace fairway::gateway {

using kube::Array;
using kube::Object;
using kube::Value;

namespace {

constexpr int64_t kGiveUpMs = 60'000;
constexpr int kDemoClusters = 3;
constexpr int kDemoJobs = 24;

// A client of the demo's gateway, on the same loop: it waits by turning the loop.
class Client {
 public:
  Client(Loop& loop, std::unique_ptr<clusters::CurlClient> client)
      : loop_(loop), client_(std::move(client)) {}

  Result<Value> Call(std::string method, std::string target, std::string body = {},
                     std::string type = "application/json") {
    clusters::HttpRequest request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.headers = {{"Accept", "application/json"}};
    if (!body.empty()) request.headers.emplace_back("Content-Type", std::move(type));
    request.body = std::move(body);
    std::optional<Result<clusters::HttpResponse>> answer;
    auto call = client_->Fetch(std::move(request),
                               [&](Result<clusters::HttpResponse> r) { answer = std::move(r); });
    loop_.RunUntil([&] { return answer.has_value(); });
    if (!*answer) return Fail(answer->error());
    if ((*answer)->status >= 400) {
      return Fail(kube::ErrorFromAnswer((*answer)->status, 0, (*answer)->body));
    }
    return kube::ParseJson((*answer)->body);
  }

  // Asks for `target` until `done` likes the answer; false when it took too long.
  bool Await(const std::string& target, const std::function<bool(const Value&)>& done) {
    int64_t deadline = loop_.MonotonicMs() + kGiveUpMs;
    while (loop_.MonotonicMs() < deadline) {
      auto answer = Call("GET", target);
      if (answer && done(*answer)) return true;
      bool waited = false;
      auto timer = loop_.StartTimer(100, [&] { waited = true; });
      loop_.RunUntil([&] { return waited; });
    }
    return false;
  }

 private:
  Loop& loop_;
  std::unique_ptr<clusters::CurlClient> client_;
};

struct PlacementWish {
  const char* words;     // for people
  const char* selector;  // fairway.flext.sh/cluster-selector; "" = any cluster
};
constexpr PlacementWish kPlacementWishes[] = {{"any cluster", ""},
                                              {"region=eu", "region=eu"},
                                              {"region in (us,ap)", "region in (us,ap)"},
                                              {"tier=gold", "tier=gold"}};

std::string JobName(int index) { return "demo-" + std::to_string(index + 1); }
const PlacementWish& PlacementWishOf(int index) {
  return kPlacementWishes[static_cast<size_t>(index) % std::size(kPlacementWishes)];
}

std::string JobManifest(int index) {
  Object container{{"name", "work"}, {"image", "busybox:1.36"}};
  container["command"] = Array{"sh", "-c", "echo done"};
  container["resources"] = Object{{"requests", Object{{"cpu", "500m"}, {"memory", "256Mi"}}}};
  Object pod{{"restartPolicy", "Never"}};
  pod["containers"] = Array{std::move(container)};
  Object metadata{{"name", JobName(index)}, {"namespace", "default"}};
  if (*PlacementWishOf(index).selector != '\0') {
    metadata["annotations"] =
        Object{{names::kAnnotationClusterSelector, PlacementWishOf(index).selector}};
  }
  Object job{{"apiVersion", "batch/v1"}, {"kind", "Job"}};
  job["metadata"] = std::move(metadata);
  job["spec"] = Object{{"template", Object{{"spec", std::move(pod)}}}};
  return kube::Serialize(job);
}

bool IsComplete(const Value& job) {
  const Array* conditions = kube::GetArray(job, {"status", "conditions"});
  if (conditions == nullptr) return false;
  for (const Value& condition : *conditions) {
    if (kube::GetString(condition, {"type"}) == "Complete" &&
        kube::GetString(condition, {"status"}) == "True") {
      return true;
    }
  }
  return false;
}

int CountComplete(const Value& list) {
  int complete = 0;
  if (const Array* items = kube::GetArray(list, {"items"})) {
    for (const Value& job : *items) complete += IsComplete(job) ? 1 : 0;
  }
  return complete;
}

int GaveUp(const char* what) {
  std::fprintf(stderr, "error: gave up after %lld s: %s\n",
               static_cast<long long>(kGiveUpMs / 1000), what);
  return 1;
}

bool AllReady(const Value& clusters) {
  const Array* items = kube::GetArray(clusters, {"items"});
  if (items == nullptr || items->size() != kDemoClusters) return false;
  for (const Value& cluster : *items) {
    const Array* conditions = kube::GetArray(cluster, {"status", "conditions"});
    bool ready = false;
    if (conditions != nullptr) {
      for (const Value& condition : *conditions) {
        ready = ready || (kube::GetString(condition, {"type"}) == "Ready" &&
                          kube::GetString(condition, {"status"}) == "True");
      }
    }
    // Measured, too: a cluster of unknown size takes no jobs.
    if (!ready || kube::GetObject(cluster, {"status", "allocatable"}) == nullptr) return false;
  }
  return true;
}

void PrintClusters(const Value& clusters) {
  std::vector<std::vector<std::string>> rows;
  for (const Value& cluster : *kube::GetArray(clusters, {"items"})) {
    std::string labels;
    for (const auto& [key, value] : *kube::GetObject(cluster, {"metadata", "labels"})) {
      labels +=
          (labels.empty() ? "" : ", ") + std::string(key) + "=" + std::string(value.get_string());
    }
    rows.push_back(
        {std::string(kube::GetString(cluster, {"metadata", "name"})), labels,
         std::string(kube::GetString(cluster, {"status", "allocatable", "cpu"})) + " cpu"});
  }
  std::printf("%s\n", FormatTable({"CLUSTER", "LABELS", "CAPACITY"}, rows).c_str());
}

// Where each Job ran and why, from its Placement.
bool PrintPlacements(Client& client) {
  auto list = client.Call("GET", "/apis/fairway.flext.sh/v1alpha1/namespaces/default/placements");
  if (!list) return false;
  std::map<std::string, const Value*> by_name;
  for (const Value& placement : *kube::GetArray(*list, {"items"})) {
    by_name[std::string(kube::GetString(placement, {"metadata", "name"}))] = &placement;
  }
  std::vector<std::vector<std::string>> rows;
  for (int i = 0; i < kDemoJobs; ++i) {
    auto found = by_name.find(JobName(i));
    if (found == by_name.end()) return false;
    const Value& placement = *found->second;
    rows.push_back({JobName(i), PlacementWishOf(i).words,
                    std::string(kube::GetString(placement, {"status", "cluster"})),
                    std::string(kube::GetString(placement, {"status", "state"})),
                    std::string(kube::GetString(placement, {"status", "message"}))});
  }
  std::printf("%s\n", FormatTable({"JOB", "WANTS", "RAN ON", "STATE", "WHY"}, rows).c_str());
  return true;
}

Status Submit(Client& client, int from, int to) {
  for (int i = from; i < to; ++i) {
    auto made = client.Call("POST", "/apis/batch/v1/namespaces/default/jobs", JobManifest(i));
    if (!made) return Fail(made.error());
  }
  return {};
}

int Play(Client& client) {
  const std::string clusters = "/apis/fairway.flext.sh/v1alpha1/clusters";
  const std::string jobs = "/apis/batch/v1/namespaces/default/jobs";
  if (!client.Await(clusters, AllReady)) return GaveUp("the simulated clusters are not ready");
  auto fleet = client.Call("GET", clusters);
  if (!fleet) return PrintError(fleet.error());
  std::printf(
      "1. %d simulated clusters have joined; each speaks real TLS and HTTP on loopback.\n\n",
      kDemoClusters);
  PrintClusters(*fleet);

  constexpr int kHalf = kDemoJobs / 2;
  if (Status sent = Submit(client, 0, kHalf); !sent) return PrintError(sent.error());
  std::printf(
      "2. %d Jobs submitted to the one endpoint. Each answer came after the Job was on disk.\n",
      kHalf);

  auto cordoned = client.Call("PATCH", clusters + "/sim-1", R"({"spec":{"cordoned":true}})",
                              "application/merge-patch+json");
  if (!cordoned) return PrintError(cordoned.error());
  std::printf("3. sim-1 is cordoned: what runs there goes on, nothing new goes there.\n");

  if (Status sent = Submit(client, kHalf, kDemoJobs); !sent) return PrintError(sent.error());
  // Jobs that only sim-1 may take have to wait now.
  int waiting = 0;
  for (int i = kHalf; i < kDemoJobs; ++i)
    waiting += std::string_view(PlacementWishOf(i).selector) == "region=eu";
  bool rest_done = client.Await(
      jobs, [&](const Value& list) { return CountComplete(list) >= kDemoJobs - waiting; });
  if (!rest_done) return GaveUp("Jobs are not complete");
  std::printf(
      "4. %d more Jobs submitted. %d are complete; %d want region=eu, which only sim-1 has:\n\n",
      kDemoJobs - kHalf, kDemoJobs - waiting, waiting);
  auto pending = client.Call(
      "GET", "/apis/fairway.flext.sh/v1alpha1/namespaces/default/placements/" + JobName(kHalf + 1));
  if (!pending) return PrintError(pending.error());
  std::printf("   %s is %s: %s\n\n", JobName(kHalf + 1).c_str(),
              std::string(kube::GetString(*pending, {"status", "outcome"})).c_str(),
              std::string(kube::GetString(*pending, {"status", "message"})).c_str());

  auto uncordoned = client.Call("PATCH", clusters + "/sim-1", R"({"spec":{"cordoned":false}})",
                                "application/merge-patch+json");
  if (!uncordoned) return PrintError(uncordoned.error());
  if (!client.Await(jobs, [&](const Value& list) { return CountComplete(list) == kDemoJobs; })) {
    return GaveUp("Jobs are not complete after uncordon");
  }
  std::printf("5. sim-1 is uncordoned; all %d Jobs are complete. Where each ran, and why:\n\n",
              kDemoJobs);
  if (!PrintPlacements(client)) return GaveUp("a Placement is missing");
  return 0;
}

}  // namespace

int RunDemo(const std::vector<std::string>& arguments) {
  Args args = ParseArgs(arguments, {{"data-dir", "", true}, {"keep", "", false}});
  if (!args.error.empty() || !args.words.empty()) {
    std::fprintf(stderr, "Usage:\n  fairway demo [--data-dir DIR] [--keep]\n");
    return 1;
  }
  InstallLogSink("error");
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // each step is seen as it happens
  std::string directory = args.Get("data-dir");
  if (directory.empty()) {
    std::string pattern = (std::filesystem::temp_directory_path() / "fairway-demo-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
      std::fprintf(stderr, "error: no temporary directory can be made at %s\n", pattern.c_str());
      return 1;
    }
    directory = pattern;
  }
  Config config;
  config.listen = "127.0.0.1:0";
  config.data_directory = directory;
  config.simulate_clusters = kDemoClusters;
  config.simulate_run_ms = 300;
  int code = 1;
  {
    Loop loop;
    auto gateway = Gateway::Start(loop, config);
    if (!gateway) {
      std::fprintf(stderr, "error: %s\n", gateway.error().message.c_str());
      return 1;
    }
    std::printf("Fairway serves at %s\n\n", (*gateway)->url().c_str());
    auto access = clusters::LoadKubeconfig((*gateway)->kubeconfig_path(), "");
    if (!access) return PrintError(access.error());
    auto curl = clusters::CurlClient::Create(loop, access->endpoint, access->identity.certificate);
    if (!curl) return PrintError(curl.error());
    Client client(loop, std::move(*curl));
    code = Play(client);
    if (code == 0) {
      std::printf(
          "Next: `fairway serve --simulate 3`, then kubectl with fairway-data/admin.kubeconfig.\n");
    }
  }
  if (!args.Has("keep") && !args.Has("data-dir")) {
    std::error_code ignored;
    std::filesystem::remove_all(directory, ignored);
  }
  return code;
}

}  // namespace fairway::gateway
