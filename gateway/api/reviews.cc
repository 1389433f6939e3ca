#include "gateway/api/reviews.h"

#include <utility>

#include "clusters/kube/errors.h"
#include "gateway/api/reply.h"
#include "gateway/api/write_request.h"

namespace fairway::gateway::api {

namespace {

using kube::Array;
using kube::Object;

Array Texts(const std::vector<std::string>& texts) {
  Array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

Object UserInfo(const User& user) {
  Object info{{"username", user.name}};
  if (!user.uid.empty()) info["uid"] = user.uid;
  if (!user.groups.empty()) info["groups"] = Texts(user.groups);
  Object extra;
  for (auto& [key, values] : user.extra) extra[key] = Texts(values);
  if (!extra.empty()) info["extra"] = std::move(extra);
  return info;
}

// The user that a SubjectAccessReview asks about.
User Subject(const Object& spec) {
  User user;
  user.name = kube::GetString(spec, {"user"});
  user.uid = kube::GetString(spec, {"uid"});
  if (const Array* groups = kube::GetArray(spec, {"groups"})) {
    for (const kube::Value& group : *groups) {
      if (group.is_string()) user.groups.emplace_back(std::string_view(group.get_string()));
    }
  }
  return user;
}

// A review without a question is refused.
Status CheckSpec(const kube::KindInfo& kind, const Object& spec) {
  bool asks = kube::Find(spec, "resourceAttributes") != nullptr ||
              kube::Find(spec, "nonResourceAttributes") != nullptr;
  if (asks || kind.kind == "SelfSubjectRulesReview" || kind.kind == "SelfSubjectReview" ||
      kind.kind == "TokenReview") {
    return {};
  }
  kube::FieldErrors errors;
  kube::FieldPath path("spec");
  errors.Invalid(path.Child("resourceAttributes"), static_cast<const kube::Value*>(nullptr),
                 "exactly one of nonResourceAttributes or resourceAttributes must be specified");
  return Fail(kube::Invalid(kind, "", std::move(errors)));
}

}  // namespace

kube::Object Reviews::SubjectAccess(const User& user, const Object& spec) {
  AccessQuery query;
  if (const Object* resource = kube::GetObject(spec, {"resourceAttributes"})) {
    auto text = [&](std::string_view key) { return kube::GetString(*resource, {key}); };
    query = {text("verb"),        text("group"),     text("version"), text("resource"),
             text("subresource"), text("namespace"), text("name"),    ""};
  } else {
    query.verb = kube::GetString(spec, {"nonResourceAttributes", "verb"});
    query.path = kube::GetString(spec, {"nonResourceAttributes", "path"});
  }
  AccessDecision decision = access_.Authorize(user, query);
  Object status{{"allowed", decision.allowed}};
  if (!decision.reason.empty()) status["reason"] = decision.reason;
  return status;
}

kube::Object Reviews::Rules(const User& user, std::string_view ns) {
  AccessRules rules = access_.RulesFor(user, ns);
  Array resources, paths;
  for (const AccessRules::ResourceRule& rule : rules.resources) {
    Object row{{"verbs", Texts(rule.verbs)},
               {"apiGroups", Texts(rule.groups)},
               {"resources", Texts(rule.resources)}};
    if (!rule.names.empty()) row["resourceNames"] = Texts(rule.names);
    resources.push_back(std::move(row));
  }
  for (const AccessRules::PathRule& rule : rules.paths) {
    paths.push_back(Object{{"verbs", Texts(rule.verbs)}, {"nonResourceURLs", Texts(rule.paths)}});
  }
  return {{"resourceRules", std::move(resources)},
          {"nonResourceRules", std::move(paths)},
          {"incomplete", rules.incomplete}};
}

kube::Object Reviews::Token(const Object& spec) {
  auto user = access_.AuthenticateToken(kube::GetString(spec, {"token"}));
  if (!user) return {{"user", Object()}, {"error", user.error().message}};
  return {{"authenticated", true}, {"user", UserInfo(*user)}};
}

kube::Object Reviews::Answer(const Context& context, const Object& review) {
  std::string_view kind = context.kind->info->kind;
  const Object* given = kube::GetObject(review, {"spec"});
  Object spec = given == nullptr ? Object() : *given;
  if (kind == "SelfSubjectAccessReview") return SubjectAccess(context.user, spec);
  if (kind == "SubjectAccessReview" || kind == "LocalSubjectAccessReview") {
    return SubjectAccess(Subject(spec), spec);
  }
  if (kind == "SelfSubjectRulesReview") {
    return Rules(context.user, kube::GetString(spec, {"namespace"}));
  }
  if (kind == "TokenReview") return Token(spec);
  return {{"userInfo", UserInfo(context.user)}};
}

void Reviews::Handle(const ContextPtr& context) {
  auto parameters = ParseWriteParameters(*context, "CreateOptions");
  if (!parameters) return ReplyError(*context, parameters.error());
  auto body = DecodeBody(*context, *parameters, {});
  if (!body) return ReplyError(*context, body.error());
  Object& review = body->get_object();
  const Object* spec = kube::GetObject(review, {"spec"});
  if (Status ok = CheckSpec(*context->kind->info, spec == nullptr ? Object() : *spec); !ok) {
    return ReplyError(*context, ok.error());
  }
  review["status"] = Answer(*context, review);
  ReplyDocument(*context, 201, *body);
}

}  // namespace fairway::gateway::api
