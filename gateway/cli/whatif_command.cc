// fairway whatif: what would happen to the jobs if something were different.
#include <cstdio>
#include <fstream>
#include <sstream>

#include "clusters/kube/schema/yaml.h"
#include "gateway/cli/api_client.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/output.h"
#include "gateway/cli/whatif_table.h"
#include "gateway/whatif/replay.h"
#include "gateway/whatif/request.h"
#include "gateway/whatif/service.h"
#include "gateway/whatif/trace.h"

namespace fairway::gateway {

using kube::Array;
using kube::Object;
using kube::Value;

namespace {

constexpr const char* kWhatifUsage =
    "Usage:\n"
    "  fairway whatif [CHANGE]... [--horizon 24h] [--run-time 5m] [-o table|json|yaml]\n"
    "\n"
    "Runs the scheduler on a copy of the gateway's world, without and with the changes, and "
    "prints\n"
    "which jobs would run where, which would wait, why, and for how long. Nothing is changed.\n"
    "\n"
    "  --remove-cluster NAME              the cluster and what runs there is gone\n"
    "  --cordon NAME, --uncordon NAME     it takes no new jobs; it does again\n"
    "  --add-cluster NAME=like:OTHER      one more, empty, like another\n"
    "  --add-cluster NAME=cpu=64,memory=256Gi[,nodes=4][,label.KEY=VALUE]...\n"
    "  --set-quota QUEUE/FLAVOR/RESOURCE=QUANTITY   a ClusterQueue's nominal quota\n"
    "  -f, --filename FILE                submit the Jobs in it (- is standard input)\n"
    "\n"
    "  --horizon 24h    how far to look ahead\n"
    "  --run-time 5m    of jobs about which nothing is known\n"
    "Changes may be given several times.\n"
    "\n"
    "  fairway whatif --record FILE              write what there is and the stored Jobs as a "
    "trace\n"
    "  fairway whatif --trace FILE [CHANGE]...   replay a trace here, without a gateway: the same\n"
    "                                            trace and changes give the same answer\n";

Status Mistaken(std::string message) {
  Error error;
  error.message = std::move(message);
  return Fail(std::move(error));
}

Array Names(const std::vector<std::string>& names) {
  Array out;
  for (const std::string& name : names) out.emplace_back(name);
  return out;
}

// NAME=like:OTHER or NAME=cpu=64,memory=256Gi,nodes=4,label.region=eu
Status AddCluster(const std::string& text, Array& out) {
  const size_t split = text.find('=');
  if (split == 0 || split == std::string::npos) {
    return Mistaken("--add-cluster wants NAME=like:OTHER or NAME=cpu=64,memory=256Gi, not " + text);
  }
  Object cluster{{"name", text.substr(0, split)}};
  std::istringstream parts(text.substr(split + 1));
  Object capacity;
  Object labels;
  for (std::string part; std::getline(parts, part, ',');) {
    const size_t equal = part.find('=');
    if (part.starts_with("like:")) {
      cluster["like"] = part.substr(5);
    } else if (equal == 0 || equal == std::string::npos) {
      return Mistaken("--add-cluster " + text + ": " + part + " is not of the form KEY=VALUE");
    } else if (part.starts_with("label.")) {
      labels[part.substr(6, equal - 6)] = part.substr(equal + 1);
    } else if (part.starts_with("nodes=")) {
      char* end = nullptr;
      const long nodes = std::strtol(part.c_str() + equal + 1, &end, 10);
      if (*end != '\0' || nodes < 1)
        return Mistaken("--add-cluster " + text + ": nodes is a number");
      cluster["nodes"] = nodes;
    } else {
      capacity[part.substr(0, equal)] = part.substr(equal + 1);
    }
  }
  if (!capacity.empty()) cluster["capacity"] = std::move(capacity);
  if (!labels.empty()) cluster["labels"] = std::move(labels);
  out.push_back(std::move(cluster));
  return {};
}

// QUEUE/FLAVOR/RESOURCE=QUANTITY; a resource may have a slash of its own (nvidia.com/gpu).
Status SetQuota(const std::string& text, Array& out) {
  const size_t equal = text.find('=');
  const size_t first = text.find('/');
  const size_t second = first == std::string::npos ? first : text.find('/', first + 1);
  if (equal == std::string::npos || second == std::string::npos || second > equal) {
    return Mistaken("--set-quota wants QUEUE/FLAVOR/RESOURCE=QUANTITY, not " + text);
  }
  out.push_back(Object{{"clusterQueue", text.substr(0, first)},
                       {"flavor", text.substr(first + 1, second - first - 1)},
                       {"resource", text.substr(second + 1, equal - second - 1)},
                       {"nominalQuota", text.substr(equal + 1)}});
  return {};
}

Status ReadJobs(const std::string& file, const std::string& ns, Array& out) {
  std::ostringstream text;
  std::ifstream in(file == "-" ? "/dev/stdin" : file);
  if (!in) return Mistaken(file + ": cannot be read");
  text << in.rdbuf();
  auto documents = kube::ParseYamlStream(text.str());
  if (!documents) return Mistaken(file + ": " + documents.error().message);
  for (Value& document : *documents) {
    if (!document.is_object()) return Mistaken(file + ": a document is no object");
    Object& metadata = kube::EnsureObject(document.get_object(), {"metadata"});
    if (kube::GetString(metadata, {"namespace"}).empty()) metadata["namespace"] = ns;
    out.push_back(std::move(document));
  }
  return {};
}

Result<Object> Question(const Args& args, const std::string& ns) {
  Array add, quotas, jobs;
  Status good;
  for (const std::string& text : args.All("add-cluster")) {
    if (good) good = AddCluster(text, add);
  }
  for (const std::string& text : args.All("set-quota")) {
    if (good) good = SetQuota(text, quotas);
  }
  for (const std::string& file : args.All("filename")) {
    if (good) good = ReadJobs(file, ns, jobs);
  }
  if (!good) return Fail(good.error());
  Object out{{"removeClusters", Names(args.All("remove-cluster"))},
             {"cordonClusters", Names(args.All("cordon"))},
             {"uncordonClusters", Names(args.All("uncordon"))},
             {"addClusters", std::move(add)},
             {"quotas", std::move(quotas)},
             {"jobs", std::move(jobs)}};
  if (args.Has("horizon")) out["horizon"] = args.Get("horizon");
  if (args.Has("run-time")) out["runTime"] = args.Get("run-time");
  return out;
}

int Print(const Value& answer, const std::string& output) {
  const std::string text = output == "table" ? WhatIfTable(answer) : FormatDocument(answer, output);
  std::fputs(text.c_str(), stdout);
  return 0;
}

// To the end of its last job, without and with the changes.
int Replay(const Args& args, const std::string& output) {
  std::ifstream in(args.Get("trace"));
  Error unread;
  unread.message = args.Get("trace") + ": cannot be read";
  if (!in) return PrintLocalError(unread);
  if (args.Has("filename"))
    return PrintUsage(kWhatifUsage, "a trace has its own Jobs: -f goes with a gateway");
  auto question = Question(args, "default");
  if (!question) return PrintLocalError(question.error());
  auto request = ReadWhatIf(Value(std::move(*question)));
  if (!request) return PrintLocalError(request.error());
  auto trace = ReadTrace(in);
  if (!trace) {
    trace.error().message = args.Get("trace") + ": " + trace.error().message;
    return PrintLocalError(trace.error());
  }
  auto answer = ReplayTrace(std::move(*trace), *request);
  if (!answer) return PrintLocalError(answer.error());
  return Print(*answer, output);
}

int Record(ApiClient& api, const std::string& file) {
  auto trace = api.CallText("GET", kWhatIfTracePath);
  if (!trace) return PrintError(trace.error());
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << *trace;
  out.close();
  Error unwritten;
  unwritten.message = file + ": cannot be written";
  return out ? 0 : PrintLocalError(unwritten);
}

}  // namespace

int RunWhatIf(const std::vector<std::string>& arguments) {
  std::vector<FlagSpec> flags = kApiFlags;
  for (std::string_view flag : {"remove-cluster", "cordon", "uncordon", "add-cluster", "set-quota",
                                "horizon", "run-time", "trace", "record"}) {
    flags.push_back({flag, "", true});
  }
  flags.push_back({"filename", "f", true});
  Args args = ParseArgs(arguments, flags);
  if (!args.error.empty()) return PrintUsage(kWhatifUsage, args.error);
  if (!args.words.empty()) return PrintUsage(kWhatifUsage, "unknown word: " + args.words[0]);
  const std::string output = args.Get("output", "table");
  if (output != "table" && output != "json" && output != "yaml") {
    return PrintUsage(kWhatifUsage, "-o must be table, json or yaml");
  }
  if (args.Has("trace")) return Replay(args, output);
  auto api = ApiClient::Create(args);
  if (!api) return PrintLocalError(api.error());
  if (args.Has("record")) return Record(**api, args.Get("record"));
  auto question = Question(args, (*api)->default_namespace());
  if (!question) return PrintLocalError(question.error());
  auto answer = (*api)->Call("POST", kWhatIfPath, kube::Serialize(Value(std::move(*question))));
  if (!answer) return PrintError(answer.error());
  return Print(*answer, output);
}

}  // namespace fairway::gateway
