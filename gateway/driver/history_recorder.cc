#include "gateway/driver/history_recorder.h"

#include <type_traits>
#include <utility>

#include "clusters/kube/time.h"
#include "gateway/driver/placement_document.h"

namespace fairway::gateway {

using scheduler::JobRecord;
using scheduler::JobState;
using scheduler::World;
using store::Transition;

namespace {

std::string_view StateOf(JobState state, bool suspended) {
  return state == JobState::kQueued && suspended ? "Suspended" : StateName(state);
}

std::string_view OpennessOf(const scheduler::ClusterSpec& spec) {
  if (spec.drain.mode != scheduler::DrainMode::kNone) return "Draining";
  return spec.cordoned ? "Cordoned" : "Open";
}

// The last word of a drill is its record once more, before it is erased.
std::string_view DrillStateName(const scheduler::DrillRecord& drill, Instant now) {
  switch (drill.phase) {
    case scheduler::DrillPhase::kNone:
    case scheduler::DrillPhase::kPreparing:
      return drill.end == scheduler::DrillEnd::kNone ? "DrillPreparing" : "DrillOver";
    case scheduler::DrillPhase::kCut:
      return "DrillCut";
    case scheduler::DrillPhase::kReturning:
      if (drill.overdue) return "DrillOverdue";
      return drill.restored_at == now ? "DrillReturning" : "DrillOver";
  }
  return "DrillOver";
}

}  // namespace

std::string_view EventName(const scheduler::Event& event) {
  return std::visit(
      [](const auto& happened) -> std::string_view {
        static_cast<void>(happened);
        using T = std::decay_t<decltype(happened)>;
        if constexpr (std::is_same_v<T, scheduler::Recovered>) return "Recovered";
        if constexpr (std::is_same_v<T, scheduler::TimerFired>) return "TimerFired";
        if constexpr (std::is_same_v<T, scheduler::JobSubmitted>) return "JobSubmitted";
        if constexpr (std::is_same_v<T, scheduler::JobChanged>) return "JobChanged";
        if constexpr (std::is_same_v<T, scheduler::JobDeleted>) return "JobDeleted";
        if constexpr (std::is_same_v<T, scheduler::ClusterChanged>) return "ClusterChanged";
        if constexpr (std::is_same_v<T, scheduler::ClusterRemoved>) return "ClusterRemoved";
        if constexpr (std::is_same_v<T, scheduler::CapacityObserved>) return "CapacityObserved";
        if constexpr (std::is_same_v<T, scheduler::CopyTroubled>) return "CopyTroubled";
        if constexpr (std::is_same_v<T, scheduler::LinkObserved>) return "LinkObserved";
        if constexpr (std::is_same_v<T, scheduler::DispatchAcked>) return "DispatchAcked";
        if constexpr (std::is_same_v<T, scheduler::DispatchFailed>) return "DispatchFailed";
        if constexpr (std::is_same_v<T, scheduler::RunObserved>) return "RunObserved";
        if constexpr (std::is_same_v<T, scheduler::CopyGone>) return "CopyGone";
        if constexpr (std::is_same_v<T, scheduler::WithdrawFailed>) return "WithdrawFailed";
        if constexpr (std::is_same_v<T, scheduler::WorkloadFinished>) return "WorkloadFinished";
        if constexpr (std::is_same_v<T, scheduler::FreezeChanged>) return "FreezeChanged";
        if constexpr (std::is_same_v<T, scheduler::DrillAsked>) return "DrillAsked";
        if constexpr (std::is_same_v<T, scheduler::RebalanceAsked>) return "RebalanceAsked";
        return "QuotaChanged";  // one of the objects that quota is made of
      },
      event);
}

HistoryRecorder::Seen HistoryRecorder::Of(const JobRecord& record) {
  return {record.state, record.suspended, record.epoch, record.cluster};
}

void HistoryRecorder::Start(const World& world) {
  jobs_.clear();
  clusters_.clear();
  for (const auto& [job, record] : world.jobs()) {
    if (!scheduler::IsFinished(*record)) jobs_.emplace(job.value, Of(*record));
  }
  for (const auto& [cluster, state] : world.clusters()) {
    clusters_.emplace(cluster.value, SeenCluster{state.record.spec.name,
                                                 OpennessOf(state.record.spec), state.record.link});
  }
}

void HistoryRecorder::Before(const World& world, const scheduler::Event& event) {
  if (const auto* link = std::get_if<scheduler::LinkObserved>(&event)) {
    const scheduler::ClusterState* state = world.FindCluster(link->cluster);
    link_before_ = state != nullptr && state->ready;
  }
  // Its record is gone after the step; the name is in it alone.
  const JobRecord* record = nullptr;
  if (const auto* deleted = std::get_if<scheduler::JobDeleted>(&event)) {
    record = world.FindJob(deleted->job);
    if (record != nullptr) jobs_.try_emplace(record->job.value, Of(*record));  // a finished one too
  } else if (const auto* gone = std::get_if<scheduler::CopyGone>(&event)) {
    record = world.FindJob(gone->job);
  }
  erased_name_ = record == nullptr ? std::string() : record->name;
}

void HistoryRecorder::Edits(const World& world, const std::vector<scheduler::Edit>& edits,
                            std::string_view cause, Instant now) {
  for (const scheduler::Edit& edit : edits) {
    if (const auto* put = std::get_if<scheduler::PutJob>(&edit)) {
      Job(world, put->record, cause, now);
    } else if (const auto* erased = std::get_if<scheduler::EraseJob>(&edit)) {
      JobGone(erased->job, cause, now);
    } else if (const auto* cluster = std::get_if<scheduler::PutCluster>(&edit)) {
      Cluster(cluster->record, cause, now);
    } else if (const auto* gone = std::get_if<scheduler::EraseCluster>(&edit)) {
      auto known = clusters_.find(gone->cluster.value);
      if (known == clusters_.end()) continue;
      Put({Transition::Subject::kCluster, gone->cluster.value, known->second.name, now, "Joined",
           "Removed", std::string(cause), "", "", 0});
      clusters_.erase(known);
    } else if (const auto* freeze = std::get_if<scheduler::PutFreeze>(&edit)) {
      Gateway(now, freeze->record.all ? "FrozenAll" : "Frozen", std::string(cause),
              freeze->record.reason);
    } else if (std::holds_alternative<scheduler::EraseFreeze>(edit)) {
      Gateway(now, "Unfrozen", std::string(cause), "");
    } else if (const auto* drill = std::get_if<scheduler::PutDrill>(&edit)) {
      Gateway(now, std::string(DrillStateName(drill->record, now)), std::string(cause),
              drill->record.wish.name);
    } else if (const auto* rebalance = std::get_if<scheduler::PutRebalance>(&edit)) {
      Rebalance(rebalance->record, cause, now);
    }
  }
}

void HistoryRecorder::After(const World& world, const scheduler::Event& event,
                            const std::vector<scheduler::Edit>& edits, Instant now) {
  if (!edits.empty()) Edits(world, edits, EventName(event), now);
  if (const auto* link = std::get_if<scheduler::LinkObserved>(&event)) {
    const scheduler::ClusterState* state = world.FindCluster(link->cluster);
    if (state == nullptr || state->ready == link_before_) return;
    Put({Transition::Subject::kCluster, link->cluster.value, state->record.spec.name, now,
         link_before_ ? "Heard" : "NotHeard", state->ready ? "Heard" : "NotHeard", "LinkObserved",
         "", "", 0});
  }
}

void HistoryRecorder::Job(const World& world, const JobRecord& record, std::string_view cause,
                          Instant now) {
  auto [known, added] = jobs_.try_emplace(record.job.value);
  Seen before = known->second;
  Seen after = Of(record);
  if (!added && before == after) return;
  Transition transition{Transition::Subject::kJob,
                        record.job.value,
                        record.name,
                        now,
                        "",
                        std::string(StateOf(after.state, after.suspended)),
                        std::string(cause),
                        "",
                        "",
                        record.epoch.value};
  if (!added) transition.from = StateOf(before.state, before.suspended);
  if (const auto* cluster = world.FindCluster(record.cluster)) {
    transition.cluster = cluster->record.spec.name;
  }
  if (after.state == JobState::kRequeued) {
    transition.reason = EndReasonName(record.ending);
  } else if (after.state == JobState::kQueued && !added && !record.former.empty() &&
             before.state != JobState::kQueued) {
    transition.reason = EndReasonName(record.former.back().reason);
  }
  if (scheduler::IsFinished(record)) {
    jobs_.erase(known);
    // A finished record is put again for its TTL or when its copy has gone: that is no transition.
    if (added && cause != "RunObserved") return;
  } else {
    known->second = after;
  }
  // A flag that changes nothing which shows.
  if (!added && transition.from == transition.to && before.epoch == after.epoch &&
      before.cluster == after.cluster) {
    return;
  }
  Put(transition);
}

void HistoryRecorder::JobGone(JobId job, std::string_view cause, Instant now) {
  Transition transition{Transition::Subject::kJob, job.value, erased_name_, now, "", "Released",
                        std::string(cause),        "",        "",           0};
  if (auto known = jobs_.find(job.value); known != jobs_.end()) {
    transition.from = StateOf(known->second.state, known->second.suspended);
    transition.epoch = known->second.epoch.value;
    jobs_.erase(known);
  }
  Put(transition);
}

void HistoryRecorder::Cluster(const scheduler::ClusterRecord& record, std::string_view cause,
                              Instant now) {
  auto [known, added] = clusters_.try_emplace(record.cluster.value);
  const SeenCluster before =
      std::exchange(known->second, {record.spec.name, OpennessOf(record.spec), record.link});
  const std::string_view after = known->second.openness;
  if (added || before.openness != after) {
    Put({Transition::Subject::kCluster, record.cluster.value, record.spec.name, now,
         added ? "" : std::string(before.openness), added ? "Joined" : std::string(after),
         std::string(cause), "", "", 0});
  }
  Link(record, before.link, cause, now);
}

void HistoryRecorder::Link(const scheduler::ClusterRecord& record,
                           const scheduler::LinkRecord& before, std::string_view cause,
                           Instant now) {
  const scheduler::LinkRecord& link = record.link;
  auto put = [&](std::string from, std::string to, std::string reason) {
    Put({Transition::Subject::kCluster, record.cluster.value, record.spec.name, now,
         std::move(from), std::move(to), std::string(cause), std::move(reason), "", 0});
  };
  if (before.stalled != link.stalled) {
    put("", link.stalled ? "Stalled" : "NotStalled",
        link.stalled ? "its Job controller starts no copies" : "its Job controller works");
  }
  if (before.state == link.state) return;
  std::string reason;
  if (scheduler::IsLost(link.state) && !scheduler::IsLost(before.state)) {
    reason = "silent since " + kube::FormatTime(link.lost_at);
  } else if (link.state == scheduler::LinkState::kFenced) {
    reason = "every lease there is over";
  } else if (link.state == scheduler::LinkState::kRejoining) {
    reason = "answers again; its copies are counted";
  } else if (link.state == scheduler::LinkState::kProbation) {
    reason = "until " + kube::FormatTime(link.probation_until);
    if (link.flaps > 1) reason += ", after " + std::to_string(link.flaps) + " losses in a row";
  }
  put(std::string(scheduler::LinkStateName(before.state)),
      std::string(scheduler::LinkStateName(link.state)), std::move(reason));
}

// Its begin and its end; the moves between are the jobs' own.
void HistoryRecorder::Rebalance(const scheduler::RebalanceRecord& run, std::string_view cause,
                                Instant now) {
  const bool begins = scheduler::IsUnderWay(run) && run.moved == 0;
  if (!begins && scheduler::IsUnderWay(run)) return;
  const bool bounded = begins && run.moves_max > 0;
  std::string reason = bounded  ? "at most " + std::to_string(run.moves_max) + " jobs"
                       : begins ? std::string()
                                : std::to_string(run.moved) + " jobs moved";
  Gateway(now, begins ? "RebalanceBegun" : "RebalanceEnded", std::string(cause), std::move(reason));
}

void HistoryRecorder::Gateway(Instant now, std::string to, std::string cause, std::string reason) {
  Put({Transition::Subject::kGateway, 0, "gateway", now, "", std::move(to), std::move(cause),
       std::move(reason), "", 0});
}

void HistoryRecorder::Put(const Transition& transition) {
  if (log_ != nullptr) log_->AttachTransition(store::EncodeTransition(transition));
}

}  // namespace fairway::gateway
