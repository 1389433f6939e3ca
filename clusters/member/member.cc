#include "clusters/member/member.h"

#include <map>
#include <utility>
#include <vector>

#include "clusters/http/cut_client.h"
#include "clusters/http/switch_client.h"
#include "clusters/kube/list_watch.h"
#include "clusters/log.h"
#include "clusters/member/capacity_watch.h"
#include "clusters/member/copy_tracker.h"
#include "clusters/member/dispatch_task.h"
#include "clusters/member/dispatcher.h"
#include "clusters/member/link_state.h"
#include "clusters/member/member_api.h"
#include "clusters/member/member_client.h"
#include "clusters/member/namespace_task.h"
#include "clusters/member/prober.h"
#include "clusters/member/renew_task.h"
#include "clusters/member/withdraw_task.h"
#include "scheduler/names.h"

namespace fairway::clusters {

namespace {

std::string GatewaySelector(std::string_view gateway) {
  std::string label(names::kLabelGateway);
  label.replace(label.find('/'), 1, "%2F");
  return "labelSelector=" + label + "%3D" + std::string(gateway);
}

// A failed copy's pods are waited for so long; then what is known of them has to do.
constexpr int64_t kPodsWaitMs = 2000;

PodsOwner OwnerOf(const CopyReport& report) { return {UidKeyOf(report.uid), report.ref.epoch}; }

Error QueueFull(const std::string& member) {
  Error error;
  error.code = 429;
  error.reason = "TooManyRequests";
  error.message = "member " + member + ": too much work waits for it already";
  error.retry_after_seconds = 1;
  return error;
}

class MemberImpl : public Member, public kube::ListWatchSink {
 public:
  MemberImpl(Loop& loop, MemberConfig config, MemberListener& listener);

  Status Connect(Access access);
  Status Dispatch(DispatchRequest request) override;
  Status Withdraw(WithdrawRequest request) override;
  Status CollectNamespace(const std::string& name_space) override;
  Status Renew(RenewRequest request) override;
  Renewals renewals() const override { return renewals_; }
  void DropRequests() override { dispatcher_.DropAll(); }
  void CutLink(bool cut) override { cut ? line_.Cut() : line_.Restore(); }
  void Relist() override;
  const LinkInfo& link() const override { return link_; }
  size_t room() const override { return dispatcher_.room(); }
  const std::string& server() const override { return config_.access.endpoint.server; }
  Status ReplaceAccess(Access access) override { return Connect(std::move(access)); }

 private:
  void OnListStart() override {
    tracker_.BeginList();
    listener_.OnInventoryAsked(config_.cluster);
  }
  void OnObject(const kube::Object& job) override {
    tracker_.Upsert(job);
    if (capacity_) capacity_->CopiesSeen();
  }
  void OnDeleted(const kube::Object& job) override { tracker_.Remove(job); }
  void OnListed() override { tracker_.EndList(); }
  void OnSyncChanged(bool synced, const Error& error) override;
  kube::ListWatchConfig WatchConfig(std::string path, std::string selector) const;
  void StartWatching();
  CapacityWatch::Hooks CapacityHooks();
  bool Complete(CopyReport& report);
  bool AwaitsPods(const CopyReport& report) const;
  void Release(JobId job);
  void CopyGone(const PodsOwner& owner);
  void TellTroubles();
  void TakeAnswer(const std::string& body);
  void UpdateLink();
  void TellLimit();
  Status AddTask(std::unique_ptr<Task> task);
  // The outcome's error under the member's name.
  Status Told(const Outcome& outcome) const;

  Loop& loop_;
  MemberConfig config_;
  MemberListener& listener_;
  SwitchClient http_;
  CutClient line_;
  MemberApi api_;
  CopyPods pods_;
  CopyTracker tracker_;
  // Failed copies whose pods have not all been seen to fail: jobs and pods are watched apart.
  struct Held {
    CopyReport report;
    Call timer;
  };
  std::map<JobId, Held> held_;
  Dispatcher dispatcher_;
  Renewals renewals_;
  bool synced_ = false;
  Error sync_error_;
  LinkInfo link_;
  std::unique_ptr<Prober> prober_;
  std::unique_ptr<kube::ListWatch> jobs_;
  std::unique_ptr<CapacityWatch> capacity_;
};

DispatcherLimits MakeDispatcherLimits(const MemberConfig& config) {
  DispatcherLimits limits;
  limits.in_flight_max = config.limits.dispatch_in_flight_max;
  limits.queue_max = config.limits.dispatch_queue_max;
  limits.attempts_max = config.limits.attempts_max;
  limits.backoff_first_ms = config.limits.backoff_first_ms;
  limits.backoff_max_ms = config.limits.backoff_max_ms;
  limits.seed = config.seed;
  return limits;
}

MemberImpl::MemberImpl(Loop& loop, MemberConfig config, MemberListener& listener)
    : loop_(loop),
      config_(std::move(config)),
      listener_(listener),
      line_(loop, http_),
      api_(line_, config_.limits.request_timeout_ms),
      pods_(config_.gateway),
      tracker_(config_.cluster, config_.gateway, listener,
               {[this](CopyReport& report) { return Complete(report); },
                [this](const PodsOwner& owner) { CopyGone(owner); }}),
      dispatcher_(loop, MakeDispatcherLimits(config_),
                  [this] { listener_.OnRoom(config_.cluster); }) {
  TellLimit();
  api_.Observe([this](int64_t rtt_us, const Error* error) {
    dispatcher_.OnAnswer(rtt_us, error);
    TellLimit();
  });
}

void MemberImpl::TellLimit() {
  link_.dispatch_in_flight = dispatcher_.limit().limit();
  link_.dispatch_backoffs = dispatcher_.limit().backoffs();
}

Status MemberImpl::Connect(Access access) {
  auto client =
      MakeMemberClient(loop_, access, config_.exec_allowed, config_.limits.dispatch_in_flight_max);
  if (!client) return Fail(Attributed(std::move(client.error()), config_.name));
  config_.access = std::move(access);
  http_.Set(std::move(*client));
  StartWatching();
  return {};
}

kube::ListWatchConfig MemberImpl::WatchConfig(std::string path, std::string selector) const {
  kube::ListWatchConfig watch;
  watch.path = std::move(path);
  watch.selector = std::move(selector);
  watch.page = config_.limits.list_page;
  watch.page_bytes_max = config_.limits.list_bytes_max;
  watch.line_bytes_max = config_.limits.watch_line_max;
  watch.watch_idle_ms = config_.limits.watch_idle_ms;
  watch.watch_late_ms = config_.limits.watch_late_ms;
  watch.seed = config_.seed * 4 + 1;
  return watch;
}

void MemberImpl::StartWatching() {
  const MemberLimits& limits = config_.limits;
  ProberConfig probe;
  probe.interval_ms = limits.probe_interval_ms;
  probe.timeout_ms = limits.probe_timeout_ms;
  probe.failures_max = limits.probe_failures_max;
  prober_ = std::make_unique<Prober>(loop_, line_, probe, [this] { UpdateLink(); });
  kube::ListWatchConfig jobs = WatchConfig("/apis/batch/v1/jobs", GatewaySelector(config_.gateway));
  jobs.omit = NotReportedPaths();
  jobs_ = std::make_unique<kube::ListWatch>(loop_, line_, std::move(jobs), *this);
  CapacityWatchConfig capacity;
  capacity.member = config_.name;
  capacity.gateway = config_.gateway;
  capacity.watch = WatchConfig("", "");
  capacity.watch.seed += 1;
  capacity.interval_ms = limits.capacity_interval_ms;
  capacity.pods_max = limits.pods_max;
  capacity_ = std::make_unique<CapacityWatch>(loop_, line_, capacity, pods_, CapacityHooks());
  prober_->Start();
  jobs_->Start();
  capacity_->Start();
}

CapacityWatch::Hooks MemberImpl::CapacityHooks() {
  CapacityWatch::Hooks hooks;
  hooks.measured = [this](const scheduler::Capacity& measured,
                          const std::vector<scheduler::CountedPods>& counted) {
    listener_.OnCapacity(config_.cluster, measured, counted);
  };
  hooks.find = [this](const PodsOwner& owner) {
    const auto copy = tracker_.Find(owner);
    return copy ? copy->job : JobId{};
  };
  hooks.pods_seen = [this] { TellTroubles(); };
  return hooks;
}

bool MemberImpl::AwaitsPods(const CopyReport& report) const {
  return !pods_.KnowsFailures(OwnerOf(report), report.failed_pods);
}

void MemberImpl::Release(JobId job) {
  const auto at = held_.find(job);
  if (at == held_.end()) return;
  CopyReport report = std::move(at->second.report);
  held_.erase(at);
  report.trouble = pods_.FailureOf(OwnerOf(report));
  listener_.OnCopy(config_.cluster, report);
}

void MemberImpl::CopyGone(const PodsOwner& owner) {
  pods_.Forget(owner);
  std::erase_if(held_, [&](const auto& entry) { return OwnerOf(entry.second.report) == owner; });
}

// What its pods say of it, beside what the Job itself says. False: they have yet to say it.
bool MemberImpl::Complete(CopyReport& report) {
  const PodsOwner owner = OwnerOf(report);
  held_.erase(report.ref.job);
  if (report.phase == scheduler::RunPhase::kFailed) {
    if (!IsPodsFailure(report.end_reason)) return true;
    if (AwaitsPods(report)) {
      const JobId job = report.ref.job;
      held_[job] = {report, loop_.StartTimer(kPodsWaitMs, [this, job] { Release(job); })};
      return false;
    }
    report.trouble = pods_.FailureOf(owner);
  } else if (report.phase == scheduler::RunPhase::kPending ||
             report.phase == scheduler::RunPhase::kRunning) {
    const CopyTrouble trouble = pods_.TroubleOf(owner);
    report.trouble = trouble.trouble;
    report.trouble_message = trouble.message;
    if (report.trouble == scheduler::Trouble::kNone && report.podless) {
      report.trouble = scheduler::Trouble::kPodsRefused;
    }
  }
  return true;
}

void MemberImpl::TellTroubles() {
  std::vector<JobId> known;
  for (const auto& [job, held] : held_) {
    if (!AwaitsPods(held.report)) known.push_back(job);
  }
  for (const JobId job : known) Release(job);
  for (const PodsOwner& owner : pods_.TakeTroubled()) {
    // One that is not seen yet brings it along when it is.
    const auto copy = tracker_.Find(owner);
    if (!copy) continue;
    const CopyTrouble trouble = pods_.TroubleOf(owner);
    listener_.OnCopyTroubled(config_.cluster, *copy, trouble.trouble, trouble.message);
  }
}

void MemberImpl::OnSyncChanged(bool synced, const Error& error) {
  synced_ = synced;
  sync_error_ = error;
  UpdateLink();
}

void MemberImpl::UpdateLink() {
  LinkInfo before = std::exchange(link_, MakeLinkInfo(prober_->state(), synced_, sync_error_));
  TellLimit();
  if (link_.reachable && !before.reachable) {
    jobs_->Poke();
    capacity_->Poke();
    dispatcher_.Poke();
  }
  if (!IsNews(before, link_)) return;
  // Getting there is no trouble; losing it, or an error on the way, is.
  bool trouble = !link_.ready &&
                 (before.ready || !link_.reachable || !sync_error_.message.empty()) &&
                 !before.reason.empty();
  Log(trouble ? LogLevel::kWarning : LogLevel::kInfo, "member {}: {}: {}", config_.name,
      link_.reason, link_.message);
  listener_.OnLink(config_.cluster, link_);
}

Status MemberImpl::AddTask(std::unique_ptr<Task> task) {
  if (!dispatcher_.Add(std::move(task))) return Fail(QueueFull(config_.name));
  return {};
}

Status MemberImpl::Told(const Outcome& outcome) const {
  if (outcome.status) return {};
  return Fail(Attributed(outcome.status.error(), config_.name));
}

Status MemberImpl::Dispatch(DispatchRequest request) {
  return AddTask(
      std::make_unique<DispatchTask>(loop_, api_, config_.gateway, std::move(request),
                                     [this](const CopyRef& copy, const Outcome& outcome) {
                                       if (outcome.status && !tracker_.Has(copy)) jobs_->Doubt();
                                       listener_.OnDispatched(config_.cluster, copy.job, copy.epoch,
                                                              Told(outcome), outcome.retryable);
                                     }));
}

Status MemberImpl::Withdraw(WithdrawRequest request) {
  dispatcher_.Drop(request.job.value, [&request](const Task& task) {
    const auto* dispatch = dynamic_cast<const DispatchTask*>(&task);
    return dispatch != nullptr && dispatch->epoch() <= request.epoch;
  });
  return AddTask(std::make_unique<WithdrawTask>(
      api_, config_.gateway, std::move(request),
      [this](const kube::Object& job, const CopyReport& copy) {
        if (!tracker_.IsNews(job)) return false;
        jobs_->Doubt();
        listener_.OnCopy(config_.cluster, copy);
        return true;
      },
      [this](JobId job, Epoch epoch, const Outcome& outcome) {
        listener_.OnWithdrawn(config_.cluster, job, epoch, Told(outcome), outcome.retryable);
      }));
}

Status MemberImpl::Renew(RenewRequest request) {
  const auto is_renewal = [](const Task& task) {
    return dynamic_cast<const RenewTask*>(&task) != nullptr;
  };
  std::unique_ptr<Task> task = std::make_unique<RenewTask>(
      api_, std::move(request), [this](const Outcome& outcome, const std::string& body) {
        ++(outcome.status ? renewals_.done : renewals_.failed);
        if (outcome.status) TakeAnswer(body);
      });
  if (dispatcher_.Replace(task, is_renewal)) return {};
  dispatcher_.Drop(task->key(), is_renewal);
  return AddTask(std::move(task));
}

// What a renewal shows of its copy; "" when it is gone.
void MemberImpl::TakeAnswer(const std::string& body) {
  if (body.empty()) return jobs_->Doubt();
  kube::MonotonicResource memory(kAnswerArena);
  auto job = kube::ParsePruned(body, NotReported(), &memory);
  if (!job || !job->is_object()) return;
  if (tracker_.TakeAnswer(job->get_object())) jobs_->Doubt();
}

void MemberImpl::Relist() {
  tracker_.Forget();
  jobs_->Relist();
}

Status MemberImpl::CollectNamespace(const std::string& name_space) {
  return AddTask(std::make_unique<CollectNamespaceTask>(
      api_, config_.gateway, name_space, [this, name_space](const Outcome& outcome) {
        listener_.OnNamespaceCollected(config_.cluster, name_space, Told(outcome));
      }));
}

}  // namespace

Result<std::unique_ptr<Member>> Member::Create(Loop& loop, MemberConfig config,
                                               MemberListener& listener) {
  Access access = config.access;
  auto member = std::make_unique<MemberImpl>(loop, std::move(config), listener);
  if (Status connected = member->Connect(std::move(access)); !connected) {
    return Fail(std::move(connected.error()));
  }
  return std::unique_ptr<Member>(std::move(member));
}

}  // namespace fairway::clusters
