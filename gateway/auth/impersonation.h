// Impersonation: acting as somebody else by Impersonate-* headers, for those who may.
#pragma once

#include "gateway/api/access.h"
#include "gateway/auth/authorizer.h"
#include "scheduler/result.h"

namespace fairway::gateway {

// The user that `request` acts as: `user`, or whom the headers name. 400 for headers that make no
// sense, 403 where `user` lacks the verb impersonate on what it names.
Result<api::User> Impersonate(const Request& request, api::User user, Authorizer& authorizer);

}  // namespace fairway::gateway
