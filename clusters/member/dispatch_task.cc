#include "clusters/member/dispatch_task.h"

#include <fmt/core.h>

#include <charconv>
#include <utility>

#include "clusters/member/copy_failover.h"
#include "clusters/member/copy_tracker.h"
#include "clusters/member/resume_indexes.h"
#include "scheduler/names.h"

namespace fairway::clusters {

namespace {

constexpr int64_t kEndingPollMs = 500;
constexpr int kIndexTriesMax = 3;

}  // namespace

DispatchTask::DispatchTask(Loop& loop, MemberApi& api, std::string gateway, DispatchRequest request,
                           Answer answer)
    : loop_(loop),
      api_(api),
      gateway_(std::move(gateway)),
      request_(std::move(request)),
      answer_(std::move(answer)) {}

void DispatchTask::Report(const Outcome& outcome) {
  answer_(CopyRef{request_.job, request_.epoch, name_space_, name_}, outcome);
}

// Parsing and copying happen when the task's turn has come, and once: a long queue holds texts
// only.
Status DispatchTask::Prepare() {
  if (prepared_) return {};
  kube::MonotonicResource memory(2 * request_.job_json->size() + 1024);
  auto job = kube::ParsePruned(*request_.job_json, NotCopied(), &memory);
  if (!job) return Fail(std::move(job.error()));
  auto copy = MakeJobCopy(std::move(*job),
                          CopyTag{gateway_, request_.job, request_.epoch, &request_.failover});
  if (!copy) return Fail(std::move(copy.error()));
  for (const auto& text : request_.dependencies) {
    auto object = kube::ParseJson(*text);
    if (!object) return Fail(std::move(object.error()));
    auto dependency = MakeDependencyCopy(*object, gateway_);
    if (!dependency) return Fail(std::move(dependency.error()));
    dependencies_.push_back(
        std::make_unique<DependencyStep>(api_, std::move(*dependency), gateway_));
  }
  name_space_ = std::string(kube::GetString(*copy, {"metadata", "namespace"}));
  name_ = std::string(kube::GetString(*copy, {"metadata", "name"}));
  if (ResumesIndexes(request_.failover)) {
    first_body_ = SuspendedForm(*copy);
    // An apply that does not name it would leave it as it is.
    kube::EnsureObject(copy->get_object(), {"spec"}).emplace("suspend", false);
  }
  body_ = kube::Serialize(*copy);
  prepared_ = true;
  return {};
}

void DispatchTask::Run(std::function<void(Outcome)> finished) {
  finished_ = std::move(finished);
  namespace_made_ = false;
  if (Status prepared = Prepare(); !prepared) {
    // Ours to have got wrong, not the member's: another try would fail as well.
    call_ = loop_.StartTimer(0, [this, error = prepared.error()] {
      Finish(Outcome{Fail(error), false, 0});
    });
    return;
  }
  next_ = 0;
  NextDependency();
}

void DispatchTask::NextDependency() {
  if (next_ == dependencies_.size()) return CreateJob();
  dependencies_[next_]->Ensure([this](Status status) {
    if (!status) return Fallen(std::move(status.error()));
    ++next_;
    NextDependency();
  });
}

void DispatchTask::CreateJob() {
  if (request_.update_only) return LookAtExisting();
  call_ =
      api_.Create(PathOfKind("Job", name_space_, name_), first_body_.empty() ? body_ : first_body_,
                  [this](Result<std::string> body) { OnCreated(std::move(body)); });
}

void DispatchTask::OnCreated(Result<std::string> body) {
  if (!body) {
    bool exists = body.error().code == 409 && body.error().reason == "AlreadyExists";
    if (exists) return LookAtExisting();
    return Fallen(std::move(body.error()));
  }
  // Believed when it shows our copy, not because of its status code: something between us and the
  // member may answer 200 to everything.
  kube::MonotonicResource memory(kAnswerArena);
  auto job = kube::ParsePruned(*body, NotReported(), &memory);
  std::optional<CopyReport> made;
  if (job && job->is_object()) made = ReadCopy(job->get_object(), gateway_);
  if (!made || made->ref.job != request_.job || made->ref.epoch != request_.epoch) {
    return LookAtExisting();
  }
  if (!first_body_.empty()) return GiveIndexes(made->member_uid);
  Own(made->member_uid);
}

// Before the copy starts. A member that does not let us (no right to jobs/status) runs all indexes,
// unless some of them are another cluster's.
void DispatchTask::GiveIndexes(const std::string& member_uid) {
  ++index_tries_;
  call_ = api_.MergePatchStatus(PathOfKind("Job", name_space_, name_),
                                IndexesPatch(request_.failover, member_uid),
                                [this](Result<std::string> body) {
                                  const int code = body ? 200 : body.error().code;
                                  const bool refused = code == 403 || code == 422;
                                  if (refused && request_.failover.indexes_required) {
                                    return RefuseIndexes(body.error().message);
                                  }
                                  if (refused) index_tries_ = kIndexTriesMax;
                                  if (code != 200 && code != 403 && code != 409 && code != 422) {
                                    return Fallen(std::move(body.error()));
                                  }
                                  LookAtExisting();
                                });
}

void DispatchTask::RefuseIndexes(const std::string& why) {
  GiveBackDependencies(Outcome{
      Fail(Refusal("NoIndexes", fmt::format("the cluster does not let Job {}/{} be told which "
                                            "indexes run elsewhere: {}",
                                            name_space_, name_, why))),
      false, 0});
}

void DispatchTask::LookAtExisting() {
  call_ = api_.Get(PathOfKind("Job", name_space_, name_),
                   [this](Result<std::string> body) { OnExisting(std::move(body)); });
}

void DispatchTask::OnExisting(Result<std::string> body) {
  if (!body) {
    if (body.error().code == 404 && request_.update_only) {
      return Finish(Outcome{Fail(body.error()), false, 0});
    }
    if (body.error().code == 404) return Finish(Outcome{Fail(body.error()), true, 1});
    return Fallen(std::move(body.error()));
  }
  auto job = kube::ParseJson(*body);
  if (!job || kube::GetString(*job, {"metadata", "uid"}).empty()) {
    return Finish(Outcome{
        Fail(Refusal("Malformed",
                     fmt::format("the answer about Job {}/{} is no Job", name_space_, name_))),
        true, 0});
  }
  std::optional<CopyReport> live;
  if (job->is_object()) live = ReadCopy(job->get_object(), gateway_);
  if (!live) {
    return GiveBackDependencies(Outcome{
        Fail(Refusal("NotOurs", fmt::format("Job {}/{} exists there and was not made by this "
                                            "gateway; it is left alone",
                                            name_space_, name_))),
        false, 0});
  }
  if (live->ref.job != request_.job && WholeOf(live->ref.job) == WholeOf(request_.job)) {
    // Never by the core's plan; until it is gone its name is taken.
    return Finish(Outcome{
        Fail(Refusal("OtherPart",
                     fmt::format("another part of Job {}/{} is there still", name_space_, name_))),
        true, kEndingPollMs});
  }
  auto theirs = std::pair(live->ref.job, live->ref.epoch);
  auto ours = std::pair(request_.job, request_.epoch);
  if (theirs > ours) {
    return GiveBackDependencies(Outcome{
        Fail(Refusal("NewerCopy",
                     fmt::format("Job {}/{} is there as a newer copy (epoch {} of job {})",
                                 name_space_, name_, live->ref.epoch.value, live->ref.job.value))),
        false, 0});
  }
  if (live->deleting) {
    return Finish(Outcome{Fail(Refusal("Ending", fmt::format("an earlier copy of Job {}/{} is "
                                                             "still ending",
                                                             name_space_, name_))),
                          true, kEndingPollMs});
  }
  if (theirs < ours) return DeleteOlder(live->member_uid);
  if (LacksIndexes(request_.failover, job->get_object())) {
    if (index_tries_ < kIndexTriesMax) return GiveIndexes(live->member_uid);
    if (request_.failover.indexes_required)
      return Finish(Outcome{
          Fail(Refusal("NoIndexes", "the copy does not show the indexes that it was given")), true,
          kEndingPollMs});
  }
  ApplyTo(job->get_object(), live->member_uid);
}

// Server-side apply with the member's uid in it: it repairs exactly this object or nothing.
void DispatchTask::ApplyTo(const kube::Object& live, const std::string& member_uid) {
  auto copy = kube::ParseJson(body_);
  KeepFailoverContext(live, request_.failover, copy->get_object());
  kube::EnsureObject(copy->get_object(), {"metadata"})["uid"] = member_uid;
  call_ = api_.Apply(PathOfKind("Job", name_space_, name_), kube::Serialize(*copy),
                     [this, member_uid](Result<std::string> body) {
                       if (!body) return Fallen(std::move(body.error()));
                       Own(member_uid);
                     });
}

// In the foreground: the older copy's pods have ended before the new one's start.
void DispatchTask::DeleteOlder(const std::string& member_uid) {
  DeleteOptions options;
  options.uid = member_uid;
  options.foreground = true;
  call_ =
      api_.Delete(PathOfKind("Job", name_space_, name_), options, [this](Result<std::string> body) {
        if (!body && body.error().code != 404) {
          return Fallen(std::move(body.error()));
        }
        Finish(Outcome{Fail(Refusal("Ending", "an older copy is still ending")), true, 1});
      });
}

void DispatchTask::CreateNamespace() {
  kube::Object made;
  made["apiVersion"] = "v1";
  made["kind"] = "Namespace";
  kube::EnsureObject(made, {"metadata"})["name"] = name_space_;
  kube::EnsureObject(made, {"metadata", "labels"})[names::kLabelGateway] = gateway_;
  call_ = api_.Create(PathOfKind("Namespace", "", name_space_), kube::Serialize(made),
                      [this](Result<std::string> body) {
                        bool exists = !body && body.error().reason == "AlreadyExists";
                        if (!body && !exists) return Finish(OutcomeOf(std::move(body.error())));
                        next_ = 0;
                        NextDependency();
                      });
}

void DispatchTask::Own(const std::string& member_uid) {
  next_ = 0;
  // One after the other; the last one ends the task.
  auto step = std::make_shared<std::function<void()>>();
  std::weak_ptr<std::function<void()>> weak = step;
  *step = [this, member_uid, weak] {
    if (next_ == dependencies_.size()) return Finish(Outcome{});
    auto self = weak.lock();
    dependencies_[next_]->Own(name_, member_uid, [this, self](Status status) {
      if (!status) return Finish(OutcomeOf(std::move(status.error())));
      ++next_;
      (*self)();
    });
  };
  (*step)();
}

// A request was refused. The usual reason for 404 on a create is that the namespace is missing.
void DispatchTask::Fallen(Error error) {
  if (error.code == 404 && !namespace_made_) {
    namespace_made_ = true;
    return CreateNamespace();
  }
  Outcome outcome = OutcomeOf(std::move(error));
  if (outcome.retryable) return Finish(std::move(outcome));
  GiveBackDependencies(std::move(outcome));
}

// The member refuses the copy for good: nothing of it stays behind.
void DispatchTask::GiveBackDependencies(Outcome outcome) {
  if (next_ == 0) return Finish(std::move(outcome));
  --next_;
  dependencies_[next_]->GiveBack([this, outcome = std::move(outcome)](Status) mutable {
    GiveBackDependencies(std::move(outcome));
  });
}

void DispatchTask::Finish(Outcome outcome) {
  auto finished = std::move(finished_);
  finished(std::move(outcome));
}

}  // namespace fairway::clusters
