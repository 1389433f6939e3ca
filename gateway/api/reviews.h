// Reviews: questions about access that are answered and not stored: `kubectl auth can-i`, `auth
// whoami`, and what webhooks and controllers ask. Thread: the loop.
#pragma once

#include "gateway/api/access.h"
#include "gateway/api/context.h"

namespace fairway::gateway::api {

class Reviews {
 public:
  explicit Reviews(Access& access) : access_(access) {}
  void Handle(const ContextPtr& context);

 private:
  kube::Object Answer(const Context& context, const kube::Object& review);
  kube::Object SubjectAccess(const User& user, const kube::Object& spec);
  kube::Object Rules(const User& user, std::string_view ns);
  kube::Object Token(const kube::Object& spec);

  Access& access_;
};

}  // namespace fairway::gateway::api
