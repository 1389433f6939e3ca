#include "clusters/member/withdraw_task.h"

#include <optional>
#include <utility>

#include "clusters/kube/json.h"
#include "clusters/member/copy_tracker.h"
#include "scheduler/names.h"

namespace fairway::clusters {

namespace {

constexpr int64_t kPodsPollMs = 1'000;
constexpr int64_t kResultPollMs = 500;

Outcome HasSucceeded() {
  return {Fail(Refusal("Succeeded", "the copy has succeeded, and its result is being saved")), true,
          kResultPollMs};
}

Outcome StillEnding() {
  return {Fail(Refusal("Ending", "the copy is deleted, its pods are still ending")), true,
          kPodsPollMs};
}

}  // namespace

void WithdrawTask::Run(std::function<void(Outcome)> finished) {
  finished_ = std::move(finished);
  next_ = 0;
  call_ = api_.Get(PathOfKind("Job", request_.name_space, request_.name),
                   [this](Result<std::string> body) { OnFound(std::move(body)); });
}

void WithdrawTask::OnFound(Result<std::string> body) {
  if (!body) {
    if (body.error().code == 404) return CollectNext();
    return Finish(OutcomeOf(std::move(body.error())));
  }
  auto job = kube::ParsePruned(*body, NotReported());
  if (!job || !job->is_object()) {
    Error error;
    error.code = 502;
    error.reason = "MalformedAnswer";
    error.message = "the member answered something that is no Job";
    return Finish(Outcome{Fail(std::move(error)), true, 0});
  }
  std::optional<CopyReport> live = ReadCopy(job->get_object(), gateway_);
  bool is_it = live && live->ref.job == request_.job && live->ref.epoch == request_.epoch;
  if (!is_it) return CollectNext();
  if (live->deleting) {
    return request_.until_pods_gone ? Finish(StillEnding()) : CollectNext();
  }
  if (live->phase == scheduler::RunPhase::kSucceeded && !told_) {
    told_ = true;
    if (succeeded_(job->get_object(), *live)) return Finish(HasSucceeded());
  }
  Delete(live->member_uid);
}

void WithdrawTask::Delete(const std::string& member_uid) {
  DeleteOptions options;
  options.uid = member_uid;
  options.foreground = request_.until_pods_gone;
  call_ = api_.Delete(PathOfKind("Job", request_.name_space, request_.name), options,
                      [this](Result<std::string> body) {
                        bool gone = !body && body.error().code == 404;
                        if (!body && !gone) return Finish(OutcomeOf(std::move(body.error())));
                        if (request_.until_pods_gone && !gone) return Finish(StillEnding());
                        CollectNext();
                      });
}

void WithdrawTask::CollectNext() {
  if (next_ == request_.dependencies.size()) return Finish(Outcome{});
  const ObjectRef& ref = request_.dependencies[next_];
  call_ = api_.Get(PathOfKind(ref.kind, request_.name_space, ref.name),
                   [this](Result<std::string> body) { OnDependency(std::move(body)); });
}

// Ours and owned by nobody: nothing else would ever take it away. Should another dispatch be about
// to own it, its version has changed by then, or that dispatch makes it anew.
void WithdrawTask::OnDependency(Result<std::string> body) {
  if (!body && body.error().code != 404) return Finish(OutcomeOf(std::move(body.error())));
  const ObjectRef& ref = request_.dependencies[next_++];
  auto object = body ? kube::ParseJson(*body) : Result<kube::Value>(kube::Value());
  const kube::Object* live = object ? object->if_object() : nullptr;
  bool ours = live != nullptr &&
              kube::GetString(*live, {"metadata", "labels", names::kLabelGateway}) == gateway_;
  const kube::Array* owners =
      ours ? kube::GetArray(*live, {"metadata", "ownerReferences"}) : nullptr;
  if (!ours || (owners != nullptr && !owners->empty())) return CollectNext();
  DeleteOptions options;
  options.uid = std::string(kube::GetString(*live, {"metadata", "uid"}));
  options.resource_version = std::string(kube::GetString(*live, {"metadata", "resourceVersion"}));
  call_ = api_.Delete(PathOfKind(ref.kind, request_.name_space, ref.name), options,
                      [this](Result<std::string> answer) {
                        bool settled =
                            answer || answer.error().code == 404 || answer.error().code == 409;
                        if (!settled) return Finish(OutcomeOf(std::move(answer.error())));
                        CollectNext();
                      });
}

void WithdrawTask::Finish(Outcome outcome) {
  auto finished = std::move(finished_);
  finished(std::move(outcome));
}

}  // namespace fairway::clusters
