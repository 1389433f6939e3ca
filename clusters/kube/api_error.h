// What a Kubernetes API server says is wrong, as an Error: a metav1.Status in the body of an
// answer, or in an ERROR event of a watch. Pure.
#pragma once

#include <string_view>

#include "clusters/kube/json.h"
#include "scheduler/result.h"

namespace fairway::kube {

// The Error of an answer with status >= 400. A body that is no Status still gives a useful Error:
// the reason follows from the status, the message quotes the beginning of the body, as API priority
// and fairness, proxies and load balancers answer in plain text.
Error ErrorFromAnswer(int http_status, int retry_after_seconds, std::string_view body);

// The Error in a Status object; code 500 where it says none.
Error ErrorFromStatusObject(const Object& status);

// 429, 5xx and 408: another try may succeed. 409 and 404 are the caller's to judge.
bool IsRetryable(const Error& error);

// The list or watch has to begin anew: 410, or reason Expired or Gone.
bool IsExpired(const Error& error);

}  // namespace fairway::kube
