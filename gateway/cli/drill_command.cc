// fairway drill plan|run|watch|abort|report|list.
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "clusters/kube/selector.h"
#include "gateway/cli/api_client.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/drill_report.h"
#include "gateway/cli/output.h"
#include "gateway/drill/document.h"

namespace fairway::gateway {

using kube::Array;
using kube::Object;
using kube::Value;

namespace {

constexpr const char* kDrillUsage =
    "Usage:\n"
    "  fairway drill run [NAME] --cluster CLUSTER... --duration 10m [scope] [--watch] [--dry-run]\n"
    "  fairway drill run [NAME] --live --confirm --cluster CLUSTER... --duration 10m [scope]\n"
    "  fairway drill run [NAME] --plan PLAN [--watch]\n"
    "  fairway drill plan [NAME --schedule CRON --cluster CLUSTER... --duration 10m [scope]]\n"
    "  fairway drill watch NAME\n"
    "  fairway drill abort NAME\n"
    "  fairway drill report NAME [-o json|yaml]\n"
    "  fairway drill list\n"
    "\n"
    "Rehearses the loss of clusters. Without --live the scheduler is asked what would happen, and\n"
    "nothing is touched. With it the gateway's own links to the clusters are cut for the "
    "duration:\n"
    "what runs there is really moved, by the rules of failover. plan starts drills by a schedule.\n"
    "\n"
    "Scope (all jobs when absent; others stay where they are):\n"
    "  --scope NAMESPACE      jobs of this namespace; may be repeated\n"
    "  -l, --selector LABELS  of them, those with these labels\n"
    "Ends of a live drill, beside its duration:\n"
    "  --pending-max N        more than N jobs wait\n"
    "  --ignore-unhealthy     go on when another cluster is not well\n"
    "Others:\n"
    "  --run-time 5m          how long jobs are taken to run where nothing is known (no --live)\n"
    "  --suspend              of plan: start nothing yet\n";

constexpr std::string_view kApi = "/apis/fairway.flext.sh/v1alpha1/";
constexpr int64_t kDrillWatchEveryMs = 500;

std::string Target(std::string_view resource, const std::string& name) {
  return std::string(kApi) + std::string(resource) + "/" + name;
}

// -l as a metav1.LabelSelector.
Result<Object> SelectorOf(const std::string& text) {
  using Op = kube::LabelSelector::Op;
  auto parsed = kube::LabelSelector::Parse(text);
  if (!parsed) return Fail(parsed.error());
  Array expressions;
  for (const kube::LabelSelector::Requirement& wanted : parsed->requirements()) {
    std::string_view op;
    switch (wanted.op) {
      case Op::kIn:
        op = "In";
        break;
      case Op::kNotIn:
        op = "NotIn";
        break;
      case Op::kExists:
        op = "Exists";
        break;
      case Op::kDoesNotExist:
        op = "DoesNotExist";
        break;
      case Op::kGreater:
      case Op::kLess:
        return Fail(Error{.code = 0, .message = "--selector takes no comparisons of numbers"});
    }
    Object expression{{"key", wanted.key}, {"operator", op}};
    if (!wanted.values.empty()) {
      Array values;
      for (const std::string& value : wanted.values) values.emplace_back(value);
      expression["values"] = std::move(values);
    }
    expressions.push_back(std::move(expression));
  }
  return Object{{"matchExpressions", std::move(expressions)}};
}

Array ListOf(const std::vector<std::string>& texts) {
  Array out;
  for (const std::string& text : texts) out.emplace_back(text);
  return out;
}

// The Drill's spec as the flags say it.
Result<Object> SpecOf(const Args& args) {
  const bool live = args.Has("live");
  Object spec{{"mode", live ? "Live" : "Simulate"},
              {"clusters", ListOf(args.All("cluster"))},
              {"duration", args.Get("duration")}};
  if (live && args.Has("confirm")) spec["liveConfirmed"] = true;
  Object scope;
  if (args.Has("scope")) scope["namespaces"] = ListOf(args.All("scope"));
  if (args.Has("selector")) {
    auto selector = SelectorOf(args.Get("selector"));
    if (!selector) return Fail(selector.error());
    scope["jobSelector"] = std::move(*selector);
  }
  if (!scope.empty()) spec["scope"] = std::move(scope);
  Object abort;
  if (args.Has("ignore-unhealthy")) abort["clusterUnhealthy"] = false;
  if (const std::string most = args.Get("pending-max"); !most.empty()) {
    auto number = kube::ParseJson(most);
    if (!number || !number->is_int64()) {
      return Fail(Error{.code = 0, .message = "--pending-max wants a number"});
    }
    abort["pendingJobsAbove"] = *number;
  }
  if (!abort.empty()) spec["abortWhen"] = std::move(abort);
  if (args.Has("run-time")) spec["runTime"] = args.Get("run-time");
  return spec;
}

// One line per change, until the drill is over; then its report.
int Watch(ApiClient& api, const std::string& name, const std::string& output) {
  std::string shown;
  for (;; api.Pause(kDrillWatchEveryMs)) {
    auto drill = api.Get(Target("drills", name));
    if (!drill) return PrintError(drill.error());
    const std::string line = DrillProgressLine(*drill);
    if (line != shown && output.empty()) {
      std::printf("%s\n", line.c_str());
      std::fflush(stdout);
    }
    shown = line;
    const std::string phase = Text(*drill, {"status", "phase"});
    if (!IsDrillOver(phase)) continue;
    std::fputs(
        output.empty() ? DrillReportText(*drill).c_str() : FormatDocument(*drill, output).c_str(),
        stdout);
    return phase == "Completed" ? 0 : 1;
  }
}

int Create(ApiClient& api, const Args& args, Object drill, const std::string& name) {
  Object& metadata = kube::EnsureObject(drill, {"metadata"});
  if (name.empty()) {
    metadata["generateName"] = "drill-";
  } else {
    metadata["name"] = name;
  }
  drill["apiVersion"] = "fairway.flext.sh/v1alpha1";
  drill["kind"] = "Drill";
  const bool dry = args.Has("dry-run");
  auto made = api.Call(
      "POST", std::string(kApi) + "drills?fieldManager=fairway-cli" + (dry ? "&dryRun=All" : ""),
      kube::Serialize(Value(std::move(drill))));
  if (!made) return PrintError(made.error());
  const std::string made_name = Text(*made, {"metadata", "name"});
  const std::string output = args.Get("output");
  if (args.Has("watch") && !dry) return Watch(api, made_name, output);
  if (output == "json" || output == "yaml") {
    std::fputs(FormatDocument(*made, output).c_str(), stdout);
  } else {
    std::printf("drill/%s created%s\n", made_name.c_str(), dry ? " (server dry run)" : "");
  }
  return 0;
}

int Run(ApiClient& api, const Args& args) {
  if (args.words.size() > 2) return PrintUsage(kDrillUsage, "run takes one name at most");
  const std::string name = args.words.size() == 2 ? args.words[1] : "";
  const std::string from = args.Get("plan");
  if (from.empty()) {
    auto spec = SpecOf(args);
    if (!spec) return PrintLocalError(spec.error());
    return Create(api, args, Object{{"spec", std::move(*spec)}}, name);
  }
  for (const char* flag : {"cluster", "live", "duration", "scope", "selector"}) {
    if (args.Has(flag))
      return PrintUsage(kDrillUsage,
                        "--plan says all of the drill; it goes with no --" + std::string(flag));
  }
  auto plan = api.Get(Target("drillplans", from));
  if (!plan) return PrintError(plan.error());
  Object drill;
  if (const Object* made = kube::GetObject(*plan, {"spec", "drillTemplate"})) drill = *made;
  Object& metadata = kube::EnsureObject(drill, {"metadata"});
  metadata["ownerReferences"] = Array{Object{{"apiVersion", "fairway.flext.sh/v1alpha1"},
                                             {"kind", "DrillPlan"},
                                             {"name", from},
                                             {"uid", Text(*plan, {"metadata", "uid"})},
                                             {"controller", true}}};
  if (name.empty()) {
    metadata["generateName"] = from + "-manual-";
    return Create(api, args, std::move(drill), "");
  }
  return Create(api, args, std::move(drill), name);
}

int ListThem(ApiClient& api, const char* resource, const std::string& output) {
  auto list = api.Get(std::string(kApi) + resource);
  if (!list) return PrintError(list.error());
  if (output == "json" || output == "yaml") {
    std::fputs(FormatDocument(*list, output).c_str(), stdout);
    return 0;
  }
  const bool plans = std::string_view(resource) == "drillplans";
  std::fputs(plans ? DrillPlanTable(*list).c_str() : DrillTable(*list).c_str(), stdout);
  return 0;
}

int Plan(ApiClient& api, const Args& args) {
  if (args.words.size() == 1) return ListThem(api, "drillplans", args.Get("output"));
  if (args.words.size() != 2 || !args.Has("schedule")) {
    return PrintUsage(kDrillUsage, "plan wants a name and --schedule");
  }
  auto spec = SpecOf(args);
  if (!spec) return PrintLocalError(spec.error());
  Object doc{{"apiVersion", "fairway.flext.sh/v1alpha1"},
             {"kind", "DrillPlan"},
             {"metadata", Object{{"name", args.words[1]}}},
             {"spec", Object{{"schedule", args.Get("schedule")},
                             {"suspend", args.Has("suspend")},
                             {"drillTemplate", Object{{"spec", std::move(*spec)}}}}}};
  auto made =
      api.Call("PATCH",
               Target("drillplans", args.words[1]) + "?fieldManager=fairway-cli&force=true" +
                   (args.Has("dry-run") ? "&dryRun=All" : ""),
               kube::Serialize(Value(std::move(doc))), "application/apply-patch+yaml");
  if (!made) return PrintError(made.error());
  std::printf("drillplan/%s %s\n", args.words[1].c_str(),
              args.Has("dry-run") ? "configured (server dry run)" : "configured");
  return 0;
}

int Abort(ApiClient& api, const std::string& name) {
  auto drill = api.Get(Target("drills", name));
  if (!drill) return PrintError(drill.error());
  if (IsDrillOver(Text(*drill, {"status", "phase"}))) {
    return PrintLocalError(Error{.code = 0, .message = "drill " + name + " is over already"});
  }
  auto done = api.Call("PATCH", Target("drills", name) + "?fieldManager=fairway-cli",
                       R"({"spec":{"abort":true}})", kMergePatch);
  if (!done) return PrintError(done.error());
  std::printf("drill/%s aborted: its clusters are being heard again\n", name.c_str());
  return 0;
}

int Report(ApiClient& api, const std::string& name, const std::string& output) {
  auto drill = api.Get(Target("drills", name));
  if (!drill) return PrintError(drill.error());
  if (output == "json" || output == "yaml") {
    const Value* status = kube::FindPath(*drill, {"status"});
    std::fputs(FormatDocument(status == nullptr ? Value(Object{}) : *status, output).c_str(),
               stdout);
    return 0;
  }
  std::fputs(DrillReportText(*drill).c_str(), stdout);
  return 0;
}

}  // namespace

int RunDrill(const std::vector<std::string>& arguments) {
  std::vector<FlagSpec> flags = kApiFlags;
  flags.insert(flags.end(), {{"cluster", "", true},
                             {"live", "", false},
                             {"confirm", "", false},
                             {"duration", "", true},
                             {"scope", "", true},
                             {"selector", "l", true},
                             {"pending-max", "", true},
                             {"ignore-unhealthy", "", false},
                             {"run-time", "", true},
                             {"plan", "", true},
                             {"schedule", "", true},
                             {"suspend", "", false},
                             {"watch", "", false},
                             {"dry-run", "", false}});
  Args args = ParseArgs(arguments, flags);
  if (!args.error.empty()) return PrintUsage(kDrillUsage, args.error);
  if (args.words.empty()) return PrintUsage(kDrillUsage);
  const std::string& verb = args.words[0];
  const bool named = verb == "watch" || verb == "abort" || verb == "report";
  if (!named && verb != "run" && verb != "plan" && verb != "list") {
    return PrintUsage(kDrillUsage, "unknown verb \"" + verb + "\"");
  }
  if (named && args.words.size() != 2)
    return PrintUsage(kDrillUsage, verb + " wants the name of a drill");
  auto api = ApiClient::Create(args);
  if (!api) return PrintLocalError(api.error());
  const std::string output = args.Get("output");
  if (verb == "run") return Run(**api, args);
  if (verb == "plan") return Plan(**api, args);
  if (verb == "list") return ListThem(**api, "drills", output);
  if (verb == "watch") return Watch(**api, args.words[1], output);
  if (verb == "abort") return Abort(**api, args.words[1]);
  return Report(**api, args.words[1], output);
}

}  // namespace fairway::gateway
