#include "clusters/member/task.h"

#include <algorithm>
#include <utility>

#include "clusters/kube/api_error.h"

namespace fairway::clusters {

Outcome OutcomeOf(Error error) {
  auto has_cause = [&error](std::string_view reason) {
    return std::any_of(error.causes.begin(), error.causes.end(),
                       [&](const ErrorCause& cause) { return cause.reason == reason; });
  };
  Outcome outcome;
  outcome.retryable = kube::IsRetryable(error) || error.code == 401 ||
                      (error.code == 409 && error.reason == "Conflict") ||
                      has_cause("NamespaceTerminating");
  outcome.status = Fail(std::move(error));
  return outcome;
}

Error Refusal(std::string_view reason, std::string message) {
  return {.code = 409, .reason = std::string(reason), .message = std::move(message)};
}

Error Attributed(Error error, std::string_view member) {
  error.message = "member " + std::string(member) + ": " + error.message;
  return error;
}

}  // namespace fairway::clusters
