#include "gateway/drill/service.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "clusters/kube/errors.h"
#include "clusters/kube/field_errors.h"
#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/time.h"
#include "clusters/log.h"
#include "gateway/driver/cluster_name.h"
#include "gateway/driver/job_name.h"
#include "gateway/whatif/snapshot.h"
#include "scheduler/drill/simulate.h"

namespace fairway::gateway {

using kube::Object;
using kube::Value;
using scheduler::DrillPhase;

namespace {

// The report changes with every job; it is written this often, a large one less often.
constexpr int64_t kShowEveryMs = 1'000;
constexpr int64_t kShowEveryMsMax = 30'000;

store::ObjectKey KeyOf(const std::string& name) { return {std::string(kDrills), "", name}; }

ClusterNames NamesIn(const scheduler::World& world) {
  ClusterNames names;
  for (const auto& [id, state] : world.clusters()) names[id] = state.record.spec.name;
  return names;
}

std::string_view PhaseName(DrillPhase phase) {
  switch (phase) {
    case DrillPhase::kNone:
      break;
    case DrillPhase::kPreparing:
      return "Preparing";
    case DrillPhase::kCut:
      return "Cut";
    case DrillPhase::kReturning:
      return "Returning";
  }
  return "Pending";
}

}  // namespace

DrillService::DrillService(Loop& loop, store::RocksJournal& journal, api::ObjectWriter& writer,
                           Driver& driver, EventSink events)
    : loop_(loop),
      journal_(journal),
      writer_(writer),
      driver_(driver),
      events_(std::move(events)) {}

DrillService::~DrillService() {
  driver_.ObserveDrills(nullptr, nullptr);
  if (simulation_ != nullptr) *simulation_->cancelled = true;
  if (worker_.joinable()) worker_.join();
}

Status DrillService::Start() {
  api::Admission admission;
  admission.check = [this](const Object& doc, std::string_view subresource,
                           api::Admission::Memo*) -> Status {
    return subresource.empty() ? CheckClusters(doc) : Status();
  };
  writer_.SetAdmission(std::string(kDrills), std::move(admission));
  writer_.Observe(std::string(kDrills), [this](const api::Written& change) { OnDrill(change); });
  driver_.ObserveDrills(this, [this](const scheduler::CopySeen& copy) {
    if (live_ != nullptr && live_->rehearsal != nullptr) {
      live_->rehearsal->Saw(copy, loop_.Now());
      Later(kShowEveryMs);
    }
  });
  Review();
  return {};
}

Status DrillService::CheckClusters(const Object& drill) const {
  // One that has begun is not judged by what has become of its clusters.
  if (!kube::GetString(drill, {"status", "phase"}).empty()) return {};
  kube::FieldErrors errors;
  static constexpr kube::FieldPath kClusters("spec.clusters");
  const Object& spec = kube::ObjectOrEmpty(drill, "spec");
  kube::ForEachText(spec, "clusters", [&](std::string_view name, size_t i) {
    if (!ClusterNamed(driver_.world(), name)) errors.NotFound(kClusters.Index(i), name);
  });
  if (errors.empty()) return {};
  const api::ServedKind* kind = writer_.registry().FindStorage(std::string(kDrills));
  return fairway::Fail(
      kube::Invalid(*kind->info, kube::GetString(drill, {"metadata", "name"}), std::move(errors)));
}

void DrillService::OnDrill(const api::Written& change) {
  const uint64_t id = change.created.value;
  if (change.after == nullptr) {
    if (simulation_ != nullptr && simulation_->id == id) *simulation_->cancelled = true;
    // Nobody would be left to see it end.
    if (live_ != nullptr && live_->id == id) Wake(0);
    return;
  }
  const bool aborted = kube::Get<bool>(*change.after, {"spec", "abort"}).value_or(false);
  if (change.before == nullptr || aborted) Wake(0);
}

void DrillService::Wake(int64_t ms) {
  review_ = loop_.StartTimer(ms, [this] {
    review_ = Call();
    Review();
  });
}

void DrillService::Later(int64_t ms) {
  if (show_ && ms > 0) return;
  show_ = loop_.StartTimer(ms, [this] {
    show_ = Call();
    ShowLive();
  });
}

void DrillService::Review() {
  struct Found {
    std::string name;
    uint64_t id = 0;
    Value doc;
  };
  std::vector<Found> open;
  std::vector<std::pair<std::string, std::string>> ended;  // without an owner: when, name
  bool live_there = false;
  Status read = writer_.store().ScanLatest(
      {std::string(kDrills), "", std::nullopt}, [&](const store::Object& object) {
        auto doc = kube::ParseJson(*object.body);
        if (!doc || !doc->is_object()) return true;
        live_there = live_there || (live_ != nullptr && live_->id == object.created.value);
        if (!IsDrillOver(kube::GetString(*doc, {"status", "phase"}))) {
          open.push_back({object.key.name, object.created.value, std::move(*doc)});
        } else if (kube::GetArray(*doc, {"metadata", "ownerReferences"}) == nullptr) {
          ended.emplace_back(kube::GetString(*doc, {"status", "completionTime"}), object.key.name);
        }
        return true;
      });
  if (!read) return Log(LogLevel::kError, "drills are not read: {}", read.error().message);
  std::sort(ended.begin(), ended.end());
  for (size_t i = 0; i + kDrillsKept < ended.size(); ++i) {
    auto gone = writer_.Delete(KeyOf(ended[i].second));
    if (!gone)
      Log(LogLevel::kWarning, "drill {}: not removed: {}", ended[i].second, gone.error().message);
  }
  if (live_ != nullptr && !live_there && !live_->over) {
    Status asked = driver_.AskDrill(live_->id, nullptr);
    if (!asked) Wake(kShowEveryMs);
  }
  const bool recovering = std::exchange(recovering_, false);
  for (const Found& drill : open) {
    const Object& doc = drill.doc.get_object();
    const std::string_view phase = kube::GetString(doc, {"status", "phase"});
    const bool mine = (live_ != nullptr && live_->id == drill.id) ||
                      (simulation_ != nullptr && simulation_->id == drill.id);
    if (mine) {
      if (!kube::Get<bool>(doc, {"spec", "abort"}).value_or(false)) continue;
      if (simulation_ != nullptr && simulation_->id == drill.id) *simulation_->cancelled = true;
      if (live_ != nullptr && live_->id == drill.id) {
        if (Status asked = driver_.AskDrill(drill.id, nullptr); !asked) Wake(kShowEveryMs);
      }
      continue;
    }
    const bool live = kube::GetString(doc, {"spec", "mode"}) == "Live";
    if (recovering && live) {
      const scheduler::DrillRecord& record = driver_.world().drill();
      if (record.phase != DrillPhase::kNone && record.wish.id == drill.id) {
        live_ = std::make_unique<Live>();
        live_->id = drill.id;
        live_->name = drill.name;
        live_->record = record;
        Later(0);
      } else {
        DrillState state;
        state.phase = "Interrupted";
        state.reason = std::string(scheduler::DrillEndName(scheduler::DrillEnd::kInterrupted));
        state.message = "the gateway was restarted: nothing is cut";
        Write(drill.name, drill.id, state, nullptr, true);
      }
      continue;
    }
    if (!phase.empty() && live) continue;
    Begin(drill.name, drill.id, doc);
  }
}

void DrillService::Begin(const std::string& name, uint64_t id, const Object& drill) {
  auto words = kube::DrillWordsFrom(kube::ObjectOrEmpty(drill, "spec"));
  if (!words) return Fail(name, id, "InvalidSpec", words.error().message);
  if (words->abort) {
    DrillState state{
        "Aborted", "AbortedByOperator", "it was to be aborted before it began", {}, {}};
    return Write(name, id, state, nullptr, true);
  }
  if (words->live) return BeginLive(name, id, *words);
  if (simulation_ == nullptr) BeginSimulation(name, id, *words);
}

Status DrillService::ListJobs(const kube::LabelSelector& selector,
                              scheduler::DrillWish& wish) const {
  wish.listed = true;
  const scheduler::World& world = driver_.world();
  for (const ClusterId cluster : wish.clusters) {
    const scheduler::World::JobsByCluster& live = world.live_by_cluster();
    for (auto at = live.lower_bound({cluster, JobId{}}); at != live.end() && at->first == cluster;
         ++at) {
      auto object = writer_.store().Latest(JobKey(world.FindJob(at->second)->name));
      if (!object || !object->has_value()) continue;
      auto doc = kube::ParsePruned(*(*object)->body, kube::Omission{"spec", "status"});
      if (!doc || !selector.MatchesDocument(doc->get_object())) continue;
      if (wish.jobs.size() == scheduler::kDrillJobsMax) {
        return fairway::Fail(kube::BadRequest(
            "jobSelector selects more than 10000 workloads there; choose by namespace instead"));
      }
      wish.jobs.push_back(at->second);
    }
  }
  std::sort(wish.jobs.begin(), wish.jobs.end());
  return {};
}

Result<scheduler::DrillWish> DrillService::WishOf(const std::string& name, uint64_t id,
                                                  const kube::DrillWords& words) const {
  scheduler::DrillWish wish;
  wish.id = id;
  wish.name = name;
  for (const std::string& cluster : words.clusters) {
    const ClusterId found = ClusterNamed(driver_.world(), cluster);
    if (!found) return fairway::Fail(kube::BadRequest("cluster " + cluster + " is not known"));
    wish.clusters.push_back(found);
  }
  std::sort(wish.clusters.begin(), wish.clusters.end());
  wish.namespaces = words.namespaces;
  wish.cut_for = words.duration;
  wish.abort_unhealthy = words.abort_unhealthy;
  wish.pending_max = words.pending_max;
  if (words.jobs) {
    if (Status listed = ListJobs(*words.jobs, wish); !listed) return fairway::Fail(listed.error());
  }
  return wish;
}

void DrillService::BeginLive(const std::string& name, uint64_t id, const kube::DrillWords& words) {
  auto wish = WishOf(name, id, words);
  if (!wish) return Fail(name, id, "NotPossible", wish.error().message);
  if (std::string why = scheduler::WhyNoDrill(driver_.world(), *wish); !why.empty()) {
    return Fail(name, id, "NotPossible", std::move(why));
  }
  live_ = std::make_unique<Live>();
  live_->id = id;
  live_->name = name;
  Status asked = driver_.AskDrill(id, &*wish);
  if (!asked) {
    live_ = nullptr;
    return Wake(kShowEveryMs);  // the store takes no writes now
  }
  live_->record = driver_.world().drill();
  ShowLive();
}

void DrillService::Stepped(const scheduler::World& world, const std::vector<scheduler::Edit>& edits,
                           Instant now) {
  if (live_ == nullptr) return;
  for (const scheduler::Edit& edit : edits) {
    if (const auto* put = std::get_if<scheduler::PutDrill>(&edit)) {
      if (put->record.wish.id != live_->id) continue;
      const DrillPhase before = live_->record.phase;
      live_->record = put->record;
      if (put->record.phase == DrillPhase::kCut && live_->rehearsal == nullptr) {
        live_->rehearsal = std::make_unique<scheduler::Rehearsal>(world, put->record.wish, now);
      }
      if (before != put->record.phase) Later(0);
    } else if (std::holds_alternative<scheduler::EraseDrill>(edit)) {
      live_->over = live_->record.phase != DrillPhase::kNone;
      Later(0);
    } else if (live_->rehearsal != nullptr) {
      live_->rehearsal->Saw(edit, now);
    }
  }
  if (live_->rehearsal != nullptr && live_->rehearsal->generation() != live_->written) {
    const auto jobs = static_cast<int64_t>(live_->rehearsal->jobs().size());
    Later(std::clamp(jobs / 2, kShowEveryMs, kShowEveryMsMax));
  }
}

bool DrillService::IsWanted(const scheduler::RehearsedJob& job) const {
  auto object = writer_.store().Latest(JobKey(job.name));
  if (!object || !object->has_value() || (*object)->created.value != WholeOf(job.job).value) {
    return false;
  }
  auto doc = kube::ParsePruned(*(*object)->body, kube::Omission{"spec", "status"});
  return doc && kube::GetString(*doc, {"metadata", "deletionTimestamp"}).empty();
}

void DrillService::ShowLive() {
  if (live_ == nullptr) return;
  if (!writer_.store().CanWrite()) return Later(kShowEveryMs);
  const scheduler::DrillRecord& record = live_->record;
  DrillState state;
  if (live_->over) {
    state = EndOfDrill(record);
  } else {
    state.phase = std::string(PhaseName(record.phase));
    state.cut = record.cut_at;
    state.restored = record.restored_at;
    if (record.phase == DrillPhase::kReturning) state.reason = EndOfDrill(record).reason;
  }
  if (live_->rehearsal != nullptr) {
    live_->written = live_->rehearsal->generation();
    const scheduler::World& world = driver_.world();
    const scheduler::DrillReport report = scheduler::MakeReport(
        *live_->rehearsal, world, driver_.failover(),
        {.explain = [this](const scheduler::JobRecord& job) { return driver_.WhyItWaits(job); },
         .wanted = [this](const scheduler::RehearsedJob& job) { return IsWanted(job); }});
    const Object document =
        ReportDocument(*live_->rehearsal, report, NamesIn(world), live_->over && !record.overdue);
    Write(live_->name, live_->id, state, &document, live_->over);
  } else {
    Write(live_->name, live_->id, state, nullptr, live_->over);
  }
  if (!live_->over) return;
  live_ = nullptr;
  Wake(0);
}

void DrillService::BeginSimulation(const std::string& name, uint64_t id,
                                   const kube::DrillWords& words) {
  auto wish = WishOf(name, id, words);
  if (!wish) return Fail(name, id, "NotPossible", wish.error().message);
  scheduler::DrillWish asked = *wish;
  asked.abort_unhealthy = false;
  asked.pending_max = -1;
  if (std::string why = scheduler::WhyNoDrill(driver_.world(), asked);
      !why.empty() && driver_.world().drill().phase == DrillPhase::kNone) {
    return Fail(name, id, "NotPossible", std::move(why));
  }
  std::shared_ptr<const store::Snapshot> snapshot = journal_.TakeSnapshot();
  if (snapshot == nullptr) return Wake(kShowEveryMs);
  simulation_ = std::make_unique<Simulation>();
  simulation_->id = id;
  simulation_->name = name;
  simulation_->cancelled = std::make_shared<std::atomic<bool>>(false);
  Write(name, id, {"Simulating", "", "", {}, {}}, nullptr, false);
  scheduler::ForecastPlan plan;
  plan.now = loop_.Now();
  plan.failover = driver_.failover();
  plan.cancelled = [cancelled = simulation_->cancelled] { return cancelled->load(); };
  if (worker_.joinable()) worker_.join();  // it has ended
  worker_ =
      std::thread([this, snapshot, plan, wish = std::move(*wish), run_time = words.run_time,
                   facts = FactsOf(driver_.world()), simulation = *simulation_,
                   names = NamesIn(driver_.world()), alive = std::weak_ptr<int>(life_)]() mutable {
        auto answer = std::make_shared<Result<Answer>>([&]() -> Result<Answer> {
          auto copy = ReadWorld(journal_, *snapshot, facts);
          if (!copy) return fairway::Fail(copy.error());
          plan.run_times = std::move(copy->run_times);
          plan.run_times.assumed = run_time;
          const scheduler::SimulatedDrill drill =
              scheduler::SimulateDrill(std::move(copy->world), std::move(plan), wish);
          return Answer{StateOfSimulation(drill),
                        drill.rehearsal == nullptr
                            ? Object{}
                            : ReportDocument(*drill.rehearsal, drill.report, names, true)};
        }());
        loop_.Post([this, alive, simulation, answer] {
          if (!alive.expired()) EndSimulation(simulation, std::move(*answer));
        });
      });
}

void DrillService::EndSimulation(const Simulation& simulation, Result<Answer> answer) {
  simulation_ = nullptr;
  if (!answer) {
    Fail(simulation.name, simulation.id, "SimulationFailed", answer.error().message);
  } else {
    Write(simulation.name, simulation.id, answer->state,
          answer->report.empty() ? nullptr : &answer->report, true);
  }
  Wake(0);
}

void DrillService::Fail(const std::string& name, uint64_t id, std::string reason,
                        std::string message) {
  Write(name, id, {"Failed", std::move(reason), std::move(message), {}, {}}, nullptr, true);
}

void DrillService::Write(const std::string& name, uint64_t id, const DrillState& state,
                         const Object* report, bool tell) {
  const store::ObjectKey key = KeyOf(name);
  auto known = writer_.store().Latest(key);
  // Deleted meanwhile, and perhaps made anew.
  if (!known || !known->has_value() || (*known)->created.value != id) return;
  auto written = writer_.Mutate(key, "status", [&](Object& drill) -> Status {
    SetDrillState(drill, state, loop_.Now());
    if (report != nullptr) kube::EnsureObject(drill, {"status"})["report"] = *report;
    return {};
  });
  if (!written) {
    Log(LogLevel::kError, "drill {}: status not written: {}", name, written.error().message);
    return;
  }
  if (!tell) return;
  Log(LogLevel::kInfo, "drill {}: {} {}", name, state.phase, state.message);
  events_(key, state.phase == "Completed" ? "Normal" : "Warning", state.phase,
          state.message.empty() ? "the drill is over" : state.message);
}

}  // namespace fairway::gateway
