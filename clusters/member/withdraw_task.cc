#include "clusters/member/withdraw_task.h"

#include <optional>
#include <utility>

#include "clusters/kube/json.h"
#include "clusters/member/copy_tracker.h"

namespace fairway::clusters {

namespace {

constexpr int64_t kPodsPollMs = 1'000;

Outcome StillEnding() {
  Error error;
  error.code = 409;
  error.reason = "Ending";
  error.message = "the copy is deleted, its pods are still ending";
  return Outcome{Fail(std::move(error)), true, kPodsPollMs};
}

}  // namespace

void WithdrawTask::Run(std::function<void(Outcome)> finished) {
  finished_ = std::move(finished);
  call_ = api_.Get(PathOfKind("Job", request_.name_space, request_.name),
                   [this](Result<std::string> body) { OnFound(std::move(body)); });
}

void WithdrawTask::OnFound(Result<std::string> body) {
  if (!body) {
    if (body.error().code == 404) return Finish(Outcome{});
    return Finish(OutcomeOf(std::move(body.error())));
  }
  auto job = kube::ParseJson(*body);
  if (!job || !job->is_object()) {
    Error error;
    error.code = 502;
    error.reason = "MalformedAnswer";
    error.message = "the member answered something that is no Job";
    return Finish(Outcome{Fail(std::move(error)), true, 0});
  }
  std::optional<CopyReport> live = ReadCopy(job->get_object(), gateway_);
  bool is_it = live && live->ref.job == request_.job && live->ref.epoch == request_.epoch;
  if (!is_it) return Finish(Outcome{});
  if (live->deleting) {
    return Finish(request_.until_pods_gone ? StillEnding() : Outcome{});
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
                        bool wait = request_.until_pods_gone && !gone;
                        Finish(wait ? StillEnding() : Outcome{});
                      });
}

void WithdrawTask::Finish(Outcome outcome) {
  auto finished = std::move(finished_);
  finished(std::move(outcome));
}

}  // namespace fairway::clusters
