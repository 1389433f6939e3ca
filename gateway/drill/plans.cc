#include "gateway/drill/plans.h"

#include <algorithm>
#include <utility>

#include "clusters/kube/kinds/drill.h"
#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/time.h"
#include "clusters/log.h"

namespace fairway::gateway {

using kube::Array;
using kube::Object;
using kube::Value;

namespace {

constexpr std::string_view kDrillResource = "drills.fairway.flext.sh";
// A timer is asked anew at least this often: clocks are set.
constexpr int64_t kLookMaxMs = 30'000;
constexpr int64_t kMinuteMs = 60'000;

Instant TimeIn(const Object& doc, kube::Path path) {
  return kube::ParseTime(kube::GetString(doc, path)).value_or(Instant{});
}

// The controlling DrillPlan's uid; "" without one.
std::string OwnerOf(const Object& drill) {
  const Array* owners = kube::GetArray(drill, {"metadata", "ownerReferences"});
  if (owners == nullptr) return {};
  for (const Value& owner : *owners) {
    if (kube::GetString(owner, {"kind"}) == "DrillPlan" &&
        kube::Get<bool>(owner, {"controller"}).value_or(false)) {
      return std::string(kube::GetString(owner, {"uid"}));
    }
  }
  return {};
}

}  // namespace

DrillPlans::DrillPlans(Loop& loop, api::ObjectWriter& writer, EventSink events)
    : loop_(loop), writer_(writer), events_(std::move(events)) {}

Status DrillPlans::Start() {
  writer_.Observe(std::string(kDrillPlans), [this](const api::Written& change) {
    if (change.after == nullptr) told_.erase(change.key.name);
    Wake(0);
  });
  writer_.Observe(std::string(kDrillResource), [this](const api::Written& change) {
    // Plans look at who is there and who has ended, not at reports.
    const auto phase = [](const Object* doc) {
      return doc == nullptr ? std::string_view() : kube::GetString(*doc, {"status", "phase"});
    };
    const bool came_or_went = change.before == nullptr || change.after == nullptr;
    if (came_or_went || IsDrillOver(phase(change.before)) != IsDrillOver(phase(change.after))) {
      Wake(0);
    }
  });
  Review();
  return {};
}

void DrillPlans::Wake(int64_t ms) {
  const Instant at = loop_.Now() + Milliseconds(ms);
  if (timer_ && wake_ <= at) return;
  wake_ = at;
  timer_ = loop_.StartTimer(ms, [this] {
    timer_ = Call();
    Review();
  });
}

DrillPlans::OwnedByPlan DrillPlans::FindOwned() {
  OwnedByPlan owned;
  Status read = writer_.store().ScanLatest(
      {std::string(kDrillResource), "", std::nullopt}, [&](const store::Object& object) {
        auto doc = kube::ParseJson(*object.body);
        if (!doc || !doc->is_object()) return true;
        const Object& drill = doc->get_object();
        const std::string owner = OwnerOf(drill);
        if (owner.empty()) return true;
        const std::string_view phase = kube::GetString(drill, {"status", "phase"});
        Owned found;
        found.drill.name = object.key.name;
        found.drill.finished = IsDrillOver(phase);
        found.drill.succeeded = phase == "Completed";
        found.drill.at = found.drill.finished ? TimeIn(drill, {"status", "completionTime"})
                                              : TimeIn(drill, {"metadata", "creationTimestamp"});
        found.drill.order = object.created.value;
        found.uid = std::string(kube::GetString(drill, {"metadata", "uid"}));
        owned[owner].push_back(std::move(found));
        return true;
      });
  if (!read) Log(LogLevel::kError, "drills are not read: {}", read.error().message);
  return owned;
}

void DrillPlans::Review() {
  if (!writer_.store().CanWrite()) return Wake(api::kStoreRetryMs);
  std::vector<std::pair<std::string, Value>> plans;
  Status read = writer_.store().ScanLatest({std::string(kDrillPlans), "", std::nullopt},
                                           [&](const store::Object& object) {
                                             auto doc = kube::ParseJson(*object.body);
                                             if (doc && doc->is_object())
                                               plans.emplace_back(object.key.name, std::move(*doc));
                                             return true;
                                           });
  if (!read) return Log(LogLevel::kError, "drill plans are not read: {}", read.error().message);
  if (plans.empty()) return;
  const OwnedByPlan owned = FindOwned();
  static const std::vector<Owned> kNone;
  for (const auto& [name, doc] : plans) {
    const Object& plan = doc.get_object();
    if (!kube::GetString(plan, {"metadata", "deletionTimestamp"}).empty()) continue;
    const auto at = owned.find(std::string(kube::GetString(plan, {"metadata", "uid"})));
    Run(name, plan, at == owned.end() ? kNone : at->second);
  }
  Wake(kLookMaxMs);
}

bool DrillPlans::StartDrill(const std::string& name, const Object& plan, Instant at) {
  const Object& made = kube::ObjectOrEmpty(kube::ObjectOrEmpty(plan, "spec"), "drillTemplate");
  Object metadata;
  for (std::string_view part : {"labels", "annotations"}) {
    if (const Object* given = kube::GetObject(made, {"metadata", part})) metadata[part] = *given;
  }
  // The scheduled time is in the name: the same start is not made twice.
  const std::string drill = name + "-" + std::to_string(at.ms / kMinuteMs);
  metadata["ownerReferences"] = Array{Object{{"apiVersion", "fairway.flext.sh/v1alpha1"},
                                             {"kind", "DrillPlan"},
                                             {"name", name},
                                             {"uid", kube::GetString(plan, {"metadata", "uid"})},
                                             {"controller", true},
                                             {"blockOwnerDeletion", true}}};
  metadata["name"] = drill;
  Object doc{{"metadata", std::move(metadata)}, {"spec", kube::ObjectOrEmpty(made, "spec")}};
  auto created = writer_.Create({std::string(kDrillResource), "", drill}, Value(std::move(doc)));
  if (created || created.error().code == 409) return true;
  events_({std::string(kDrillPlans), "", name}, "Warning", "DrillNotCreated",
          created.error().message);
  return created.error().code == 422;  // it will not be any better the next time
}

void DrillPlans::Run(const std::string& name, const Object& plan,
                     const std::vector<Owned>& drills) {
  auto wish = kube::PlanWishFrom(kube::ObjectOrEmpty(plan, "spec"));
  if (!wish) return;
  std::vector<scheduler::PlanDrill> known;
  for (const Owned& owned : drills) known.push_back(owned.drill);
  Instant last = TimeIn(plan, {"status", "lastScheduleTime"});
  if (!last) last = TimeIn(plan, {"metadata", "creationTimestamp"});
  const scheduler::PlanStep step = scheduler::StepPlan(*wish, known, last, loop_.Now());
  for (const std::string& gone : step.remove) {
    auto removed = writer_.Delete({std::string(kDrillResource), "", gone});
    if (!removed) Log(LogLevel::kWarning, "drill {}: not removed", gone);
  }
  for (const std::string& other : step.abort) {
    auto aborted =
        writer_.Mutate({std::string(kDrillResource), "", other}, "", [](Object& doc) -> Status {
          kube::EnsureObject(doc, {"spec"})["abort"] = true;
          return {};
        });
    if (!aborted) Log(LogLevel::kWarning, "drill {}: not aborted", other);
  }
  if (!step.missed.empty() && std::exchange(told_[name], step.missed_at) != step.missed_at) {
    events_({std::string(kDrillPlans), "", name}, "Warning", "MissedSchedule",
            "the drill of " + kube::FormatTime(step.missed_at) + " is left out: " + step.missed);
  }
  const bool started = step.start && StartDrill(name, plan, step.start);
  if (step.wake) Wake(std::clamp<int64_t>((step.wake - loop_.Now()).ms, 0, kLookMaxMs));
  Array active;
  Instant succeeded;
  for (const Owned& owned : drills) {
    if (!owned.drill.finished) {
      active.push_back(Object{{"name", owned.drill.name}, {"uid", owned.uid}});
    }
    if (owned.drill.succeeded) succeeded = std::max(succeeded, owned.drill.at);
  }
  auto written =
      writer_.Mutate({std::string(kDrillPlans), "", name}, "status", [&](Object& doc) -> Status {
        Object& status = kube::EnsureObject(doc, {"status"});
        if (active.empty()) {
          status.erase("active");
        } else {
          status["active"] = active;
        }
        if (started) status["lastScheduleTime"] = kube::FormatTime(step.start);
        if (succeeded) status["lastSuccessfulTime"] = kube::FormatTime(succeeded);
        if (step.wake) {
          status["nextScheduleTime"] = kube::FormatTime(step.wake);
        } else {
          status.erase("nextScheduleTime");
        }
        if (step.missed.empty()) {
          status.erase("message");
        } else {
          status["message"] = step.missed;
        }
        return {};
      });
  if (!written) Log(LogLevel::kWarning, "drill plan {}: status not written", name);
}

}  // namespace fairway::gateway
