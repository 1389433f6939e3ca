// Strategies of Drill and DrillPlan.
#include "clusters/kube/kinds/drill.h"

#include <algorithm>
#include <set>

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/metadata.h"
#include "clusters/kube/kinds/names.h"
#include "clusters/kube/kinds/registry.h"
#include "clusters/kube/kinds/run_time.h"
#include "scheduler/drill/drill.h"
#include "scheduler/names.h"

namespace fairway::kube {
namespace {

constexpr Duration kRunTimeDefault = Seconds(300);
constexpr std::string_view kSpanHint = "must be a span of time such as 90s or 10m";
// What a DrillPlan appends to its name for each drill has to fit.
constexpr size_t kPlanNameMax = 52;

void ValidateNames(const Object& parent, std::string_view key, const FieldPath& path, size_t most,
                   Problems (*problems)(std::string_view), FieldErrors& errors) {
  std::set<std::string_view> seen;
  ForEachText(parent, key, [&](std::string_view name, size_t i) {
    const FieldPath at = path.Index(i);
    for (const std::string& problem : problems(name)) errors.Invalid(at, name, problem);
    if (!seen.insert(name).second) errors.Duplicate(at, name);
  });
  if (CountItems(parent, key) > most) errors.TooMany(path, CountItems(parent, key), most);
}

void ValidateSpan(const Object& spec, std::string_view key, const FieldPath& path,
                  FieldErrors& errors) {
  const std::string_view text = GetString(spec, {key});
  if (text.empty()) return;
  const std::optional<Duration> span = ParseRunTime(text);
  if (!span) {
    errors.Invalid(path, text, kSpanHint);
  } else if (*span < scheduler::kDrillMin || scheduler::kDrillMax < *span) {
    errors.Invalid(path, text, "must be from 1s to 24h");
  }
}

void ValidateDrillSpec(const Object& spec, const FieldPath& path, FieldErrors& errors) {
  const FieldPath mode_path = path.Child("mode");
  const FieldPath clusters = path.Child("clusters");
  const FieldPath duration = path.Child("duration");
  const FieldPath confirmed = path.Child("liveConfirmed");
  const FieldPath scope_path = path.Child("scope");
  const FieldPath namespaces = scope_path.Child("namespaces");
  const FieldPath selector_path = scope_path.Child("jobSelector");
  const FieldPath abort_when = path.Child("abortWhen");
  const FieldPath pending_path = abort_when.Child("pendingJobsAbove");
  const FieldPath run_time = path.Child("runTime");
  const std::string_view mode = GetString(spec, {"mode"});
  const bool live = mode == "Live";
  if (mode.empty()) {
    errors.Required(mode_path, "Simulate or Live");
  } else if (!live && mode != "Simulate") {
    errors.Unsupported(mode_path, mode, {"Simulate", "Live"});
  }
  if (CountItems(spec, "clusters") == 0) {
    errors.Required(clusters, "name the clusters to lose");
  }
  ValidateNames(spec, "clusters", clusters, scheduler::kDrillClustersMax, DnsLabelProblems, errors);
  if (GetString(spec, {"duration"}).empty()) {
    errors.Required(duration, "how long the clusters are lost");
  }
  ValidateSpan(spec, "duration", duration, errors);
  if (live && !Get<bool>(spec, {"liveConfirmed"}).value_or(false)) {
    errors.Required(confirmed,
                    "a live drill cuts the gateway off from the clusters and moves what runs "
                    "there: set it to true to confirm that");
  }
  const Object& scope = ObjectOrEmpty(spec, "scope");
  ValidateNames(scope, "namespaces", namespaces, scheduler::kDrillNamespacesMax, DnsLabelProblems,
                errors);
  if (const Object* selector = GetObject(scope, {"jobSelector"})) {
    ValidateLabelSelector(*selector, selector_path, errors);
  }
  const std::optional<int64_t> pending = Get<int64_t>(spec, {"abortWhen", "pendingJobsAbove"});
  if (pending) errors.NonNegative(pending_path, *pending);
  ValidateSpan(spec, "runTime", run_time, errors);
  if (live && IsSet(spec, "runTime")) {
    errors.Forbidden(run_time, "may be set with mode Simulate only");
  }
}

class DrillStrategy : public Strategy {
 public:
  using Strategy::Strategy;

 protected:
  void Validate(const Object& drill, FieldErrors& errors) const override {
    ValidateDrillSpec(ObjectOrEmpty(drill, "spec"), kSpec, errors);
  }
  // It begins when it is made: all that can still be said is that it is to end.
  void ValidateChange(const Object& drill, const Object& old, FieldErrors& errors) const override {
    static constexpr FieldPath kAbort("spec.abort");
    Object now = ObjectOrEmpty(drill, "spec");
    Object before = ObjectOrEmpty(old, "spec");
    const bool aborted = Get<bool>(before, {"abort"}).value_or(false);
    if (aborted && !Get<bool>(now, {"abort"}).value_or(false)) {
      errors.Forbidden(kAbort, "may not be taken back");
    }
    now.erase("abort");
    before.erase("abort");
    const Value after_spec(now), before_spec(before);
    errors.Immutable(kSpec, &after_spec, &before_spec);
  }
};

class DrillPlanStrategy : public Strategy {
 public:
  using Strategy::Strategy;

 protected:
  void Validate(const Object& plan, FieldErrors& errors) const override {
    static constexpr FieldPath kSchedule("spec.schedule");
    static constexpr FieldPath kZone("spec.timeZone");
    static constexpr FieldPath kDeadline("spec.startingDeadlineSeconds");
    static constexpr FieldPath kConcurrency("spec.concurrencyPolicy");
    static constexpr FieldPath kSuccesses("spec.successfulDrillsHistoryLimit");
    static constexpr FieldPath kFailures("spec.failedDrillsHistoryLimit");
    static constexpr FieldPath kTemplate("spec.drillTemplate.spec");
    static constexpr FieldPath kName("metadata.name");
    const Object& spec = ObjectOrEmpty(plan, "spec");
    const std::string_view name = GetString(plan, {"metadata", "name"});
    if (name.size() > kPlanNameMax) {
      errors.Invalid(kName, name, "must be no more than 52 characters");
    }
    const std::string_view schedule = GetString(spec, {"schedule"});
    if (schedule.empty()) {
      errors.Required(kSchedule);
    } else if (auto cron = scheduler::Cron::Parse(schedule); !cron) {
      errors.Invalid(kSchedule, schedule, cron.error().message);
    }
    const std::string_view zone = GetString(spec, {"timeZone"});
    if (!zone.empty() && zone != "UTC" && zone != "Etc/UTC") {
      errors.Invalid(kZone, zone, "time zones are not known here: schedules are in UTC");
    }
    const std::string_view concurrency = GetString(spec, {"concurrencyPolicy"});
    if (!concurrency.empty() && concurrency != "Allow" && concurrency != "Forbid" &&
        concurrency != "Replace") {
      errors.Unsupported(kConcurrency, concurrency, {"Allow", "Forbid", "Replace"});
    }
    if (const auto deadline = GetInt(spec, "startingDeadlineSeconds")) {
      errors.NonNegative(kDeadline, *deadline);
    }
    if (const auto kept = GetInt(spec, "successfulDrillsHistoryLimit")) {
      errors.NonNegative(kSuccesses, *kept);
    }
    if (const auto kept = GetInt(spec, "failedDrillsHistoryLimit")) {
      errors.NonNegative(kFailures, *kept);
    }
    ValidateDrillSpec(ObjectOrEmpty(ObjectOrEmpty(spec, "drillTemplate"), "spec"), kTemplate,
                      errors);
  }
};

std::vector<std::string> SortedTexts(const Object& parent, std::string_view key) {
  std::vector<std::string> out;
  ForEachText(parent, key, [&](std::string_view text, size_t) { out.emplace_back(text); });
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

Result<DrillWords> DrillWordsFrom(const Object& spec) {
  DrillWords words;
  words.live = GetString(spec, {"mode"}) == "Live";
  words.clusters = SortedTexts(spec, "clusters");
  const Object& scope = ObjectOrEmpty(spec, "scope");
  words.namespaces = SortedTexts(scope, "namespaces");
  if (const Object* selector = GetObject(scope, {"jobSelector"})) {
    auto parsed = LabelSelector::FromObject(*selector);
    if (!parsed) return Fail(parsed.error());
    words.jobs = std::move(*parsed);
  }
  words.duration = ParseRunTime(GetString(spec, {"duration"})).value_or(Duration{});
  words.run_time = ParseRunTime(GetString(spec, {"runTime"})).value_or(kRunTimeDefault);
  words.abort = Get<bool>(spec, {"abort"}).value_or(false);
  words.abort_unhealthy = Get<bool>(spec, {"abortWhen", "clusterUnhealthy"}).value_or(true);
  words.pending_max = Get<int64_t>(spec, {"abortWhen", "pendingJobsAbove"}).value_or(-1);
  return words;
}

Result<scheduler::PlanWish> PlanWishFrom(const Object& spec) {
  auto cron = scheduler::Cron::Parse(GetString(spec, {"schedule"}));
  if (!cron) return Fail(cron.error());
  scheduler::PlanWish wish;
  wish.schedule = *cron;
  wish.suspended = Get<bool>(spec, {"suspend"}).value_or(false);
  if (const auto deadline = GetInt(spec, "startingDeadlineSeconds")) {
    wish.starting_deadline = Seconds(std::clamp<int64_t>(*deadline, 0, 1'000'000'000));
  }
  const std::string_view concurrency = GetString(spec, {"concurrencyPolicy"});
  if (concurrency == "Replace") wish.concurrency = scheduler::Concurrency::kReplace;
  if (concurrency == "Allow") wish.concurrency = scheduler::Concurrency::kAllow;
  const auto kept = [&](std::string_view key, int64_t otherwise) {
    return static_cast<int32_t>(
        std::clamp<int64_t>(GetInt(spec, key).value_or(otherwise), 0, scheduler::kPlanHistoryMax));
  };
  wish.successes_kept = kept("successfulDrillsHistoryLimit", 3);
  wish.failures_kept = kept("failedDrillsHistoryLimit", 1);
  return wish;
}

StrategyMaker FindDrillStrategy(const KindInfo& kind) {
  if (kind.group != names::kGroup) return nullptr;
  if (kind.kind == "Drill") return Make<DrillStrategy>;
  if (kind.kind == "DrillPlan") return Make<DrillPlanStrategy>;
  return nullptr;
}

}  // namespace fairway::kube
