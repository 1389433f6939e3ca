// fairway explain job NAME: where a job runs and why, or why it waits.
#include <cstdio>

#include "gateway/cli/api_client.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/explain_quota.h"
#include "gateway/cli/output.h"

namespace fairway::gateway {

using kube::Array;
using kube::Value;

namespace {

constexpr const char* kExplainUsage =
    "Usage:\n  fairway explain job NAME [-n NAMESPACE] [-o json|yaml]\n";

void PrintVerdicts(const Value& placement) {
  const Array* verdicts = kube::GetArray(placement, {"status", "verdicts"});
  if (verdicts == nullptr || verdicts->empty()) return;
  std::vector<std::vector<std::string>> rows;
  for (const Value& verdict : *verdicts) {
    std::string names;
    int64_t count = kube::Get<int64_t>(verdict, {"count"}).value_or(0);
    int64_t shown = 0;
    if (const Array* clusters = kube::GetArray(verdict, {"clusters"})) {
      for (const Value& name : *clusters) {
        names += (names.empty() ? "" : ", ") + std::string(name.get_string());
        ++shown;
      }
    }
    if (count > shown) names += ", and " + std::to_string(count - shown) + " more";
    rows.push_back({std::string(kube::GetString(verdict, {"reason"})), names,
                    std::string(kube::GetString(verdict, {"message"}))});
  }
  std::printf("\n%s", FormatTable({"VERDICT", "CLUSTERS", "WHY"}, rows).c_str());
}

// Of a queued Job. A gateway that does not answer about it leaves the rest as it is.
void PrintQuota(ApiClient& api, const Value& placement) {
  const std::string uid(kube::GetString(placement, {"spec", "workloadRef", "uid"}));
  auto found = api.Get("/apis/kueue.x-k8s.io/v1beta2/namespaces/" + api.default_namespace() +
                       "/workloads?labelSelector=kueue.x-k8s.io%2Fjob-uid%3D" + uid);
  const Array* items = found ? kube::GetArray(*found, {"items"}) : nullptr;
  if (uid.empty() || items == nullptr || items->empty() || !items->front().is_object()) return;
  std::fputs(ExplainWorkload(items->front().get_object()).c_str(), stdout);
}

void PrintShards(const Value& placement) {
  const Array* shards = kube::GetArray(placement, {"status", "shards"});
  if (shards == nullptr || shards->empty()) return;
  std::vector<std::vector<std::string>> rows;
  for (const Value& shard : *shards) {
    const auto number = [&](std::string_view key) {
      return std::to_string(kube::Get<int64_t>(shard, {key}).value_or(0));
    };
    const std::string_view cluster = kube::GetString(shard, {"cluster"});
    rows.push_back({number("shard"), std::string(kube::GetString(shard, {"indexes"})),
                    number("pods"), std::string(cluster.empty() ? "<none>" : cluster),
                    number("epoch"), std::string(kube::GetString(shard, {"state"})),
                    number("succeeded"), number("failed"),
                    std::string(kube::GetString(shard, {"message"}))});
  }
  std::printf("\n%s", FormatTable({"SHARD", "INDEXES", "PODS", "CLUSTER", "EPOCH", "STATE", "DONE",
                                   "FAILED", "WHY"},
                                  rows)
                          .c_str());
}

void PrintHistory(const Value& placement) {
  const Array* former = kube::GetArray(placement, {"status", "formerEpochs"});
  if (former == nullptr || former->empty()) return;
  std::vector<std::vector<std::string>> rows;
  for (const Value& epoch : *former) {
    rows.push_back({std::to_string(kube::Get<int64_t>(epoch, {"epoch"}).value_or(0)),
                    std::string(kube::GetString(epoch, {"cluster"})),
                    std::string(kube::GetString(epoch, {"since"})),
                    std::string(kube::GetString(epoch, {"until"})),
                    std::string(kube::GetString(epoch, {"reason"}))});
  }
  std::printf("\n%s", FormatTable({"EPOCH", "CLUSTER", "SINCE", "UNTIL", "ENDED"}, rows).c_str());
}

}  // namespace

int RunExplain(const std::vector<std::string>& arguments) {
  Args args = ParseArgs(arguments, kApiFlags);
  if (!args.error.empty() || args.words.size() != 2 ||
      (args.words[0] != "job" && args.words[0] != "jobs")) {
    return PrintUsage(kExplainUsage, args.error);
  }
  auto api = ApiClient::Create(args);
  if (!api) return PrintLocalError(api.error());
  auto placement = (*api)->Get("/apis/fairway.flext.sh/v1alpha1/namespaces/" +
                               (*api)->default_namespace() + "/placements/" + args.words[1]);
  if (!placement) return PrintError(placement.error());
  std::string output = args.Get("output", "table");
  if (output == "json" || output == "yaml") {
    std::fputs(FormatDocument(*placement, output).c_str(), stdout);
    return 0;
  }
  auto text = [&](kube::Path path) { return std::string(kube::GetString(*placement, path)); };
  std::printf("Job:       %s/%s\n", text({"metadata", "namespace"}).c_str(),
              text({"metadata", "name"}).c_str());
  std::printf("State:     %s since %s\n", text({"status", "state"}).c_str(),
              text({"status", "since"}).c_str());
  if (std::string cluster = text({"status", "cluster"}); !cluster.empty()) {
    std::printf(
        "Cluster:   %s (epoch %lld)\n", cluster.c_str(),
        static_cast<long long>(kube::Get<int64_t>(*placement, {"status", "epoch"}).value_or(0)));
  }
  if (std::string outcome = text({"status", "outcome"}); !outcome.empty()) {
    std::printf("Outcome:   %s: %s\n", outcome.c_str(), text({"status", "message"}).c_str());
  }
  if (std::string change = text({"status", "nearestChange"}); !change.empty()) {
    std::printf("Nearest:   %s\n", change.c_str());
  }
  if (std::string next = text({"status", "runnerUp", "cluster"}); !next.empty()) {
    std::printf(
        "Runner-up: %s (score %lld against %lld)\n", next.c_str(),
        static_cast<long long>(
            kube::Get<int64_t>(*placement, {"status", "runnerUp", "score"}).value_or(0)),
        static_cast<long long>(kube::Get<int64_t>(*placement, {"status", "score"}).value_or(0)));
  }
  PrintQuota(**api, *placement);
  if (const kube::Object* quota = kube::GetObject(*placement, {"status", "quota"})) {
    std::fputs(ExplainPlace(*quota).c_str(), stdout);
  }
  PrintShards(*placement);
  PrintVerdicts(*placement);
  PrintHistory(*placement);
  return 0;
}

}  // namespace fairway::gateway
