#include "clusters/member/renew_task.h"

namespace fairway::clusters {

void RenewTask::Run(std::function<void(Outcome)> finished) {
  finished_ = std::move(finished);
  call_ = api_.MergePatch(PathOfKind("Job", request_.name_space, request_.name),
                          RenewalPatch(request_), [this](Result<std::string> body) {
                            auto done = std::move(finished_);
                            // 409: another object under this name.
                            const bool gone =
                                !body && (body.error().code == 404 || body.error().code == 409);
                            if (body) body_ = std::move(*body);
                            done(body || gone ? Outcome{} : OutcomeOf(std::move(body.error())));
                          });
}

}  // namespace fairway::clusters
