// Every Status is what a 1.36 API server answers, byte for byte.
#include "clusters/kube/errors.h"

#include <gtest/gtest.h>

#include "tests/clusters/kube/kinds/kind_testing.h"

namespace fairway::kube {
namespace {

using testing::Jobs;
using testing::KindOf;

const KindInfo& ConfigMaps() { return KindOf("", "v1", "configmaps"); }

TEST(Errors, StatusesAreByteExact) {
  const std::string head =
      R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",)";
  const std::pair<Error, const char*> kCases[] = {
      {BadRequest("no"), R"x("message":"no","reason":"BadRequest","code":400})x"},
      {Unauthorized(), R"x("message":"Unauthorized","reason":"Unauthorized","code":401})x"},
      {NotFound(Jobs(), "none"),
       R"x("message":"jobs.batch \"none\" not found","reason":"NotFound","details":{"name":"none","group":"batch","kind":"jobs"},"code":404})x"},
      {NotFound(ConfigMaps(), "c"),
       R"x("message":"configmaps \"c\" not found","reason":"NotFound","details":{"name":"c","kind":"configmaps"},"code":404})x"},
      {UnknownResource(),
       R"x("message":"the server could not find the requested resource","reason":"NotFound","details":{},"code":404})x"},
      {MethodNotAllowed(),
       R"x("message":"the server does not allow this method on the requested resource","reason":"MethodNotAllowed","details":{},"code":405})x"},
      {AlreadyExists(Jobs(), "refjob"),
       R"x("message":"jobs.batch \"refjob\" already exists","reason":"AlreadyExists","details":{"name":"refjob","group":"batch","kind":"jobs"},"code":409})x"},
      {ModifiedConflict(Jobs(), "refjob"),
       R"x("message":"Operation cannot be fulfilled on jobs.batch \"refjob\": the object has been modified; please apply your changes to the latest version and try again","reason":"Conflict","details":{"name":"refjob","group":"batch","kind":"jobs"},"code":409})x"},
      {UidPreconditionFailed(Jobs(), "refjob", "x", "y"),
       R"x("message":"Operation cannot be fulfilled on Job.batch \"refjob\": the UID in the precondition (x) does not match the UID in record (y). The object might have been deleted and then recreated","reason":"Conflict","details":{"name":"refjob","group":"batch","kind":"Job"},"code":409})x"},
      {ResourceVersionRequired(KindOf("coordination.k8s.io", "v1", "leases"), "l"),
       R"x("message":"leases.coordination.k8s.io \"l\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update","reason":"Invalid","details":{"name":"l","group":"coordination.k8s.io","kind":"leases","causes":[{"reason":"FieldValueInvalid","message":"Invalid value: 0: must be specified for an update","field":"metadata.resourceVersion"}]},"code":422})x"},
      {RequestEntityTooLarge(3145728),
       R"x("message":"Request entity too large: limit is 3145728","reason":"RequestEntityTooLarge","code":413})x"},
      {TooManyRequests("busy", 2),
       R"x("message":"busy","reason":"TooManyRequests","details":{"retryAfterSeconds":2},"code":429})x"},
      {ReasonlessError("resourceVersion should not be set on objects to be created"),
       R"x("message":"resourceVersion should not be set on objects to be created","code":500})x"},
      {TooLargeResourceVersion(99999999, 1244),
       R"x("message":"Timeout: Too large resource version: 99999999, current: 1244","reason":"Timeout","details":{"causes":[{"reason":"ResourceVersionTooLarge","message":"Too large resource version"}],"retryAfterSeconds":1},"code":504})x"},
      {WatchTooOld(1, 608),
       R"x("message":"too old resource version: 1 (608)","reason":"Expired","code":410})x"}};
  for (const auto& [error, rest] : kCases) EXPECT_EQ(StatusJson(error), head + rest);
}

TEST(Errors, ExpiredListsCarryATokenToGoOn) {
  EXPECT_NE(StatusJson(Expired("old", "abc")).find(R"("metadata":{"continue":"abc"})"),
            std::string::npos);
}

TEST(Errors, DenialsSayWhoMayNotDoWhatWhere) {
  AccessAttempt attempt{.user = "bob",
                        .verb = "list",
                        .group = "batch",
                        .resource = "jobs",
                        .subresource = "",
                        .ns = "default",
                        .name = "",
                        .path = "",
                        .detail = ""};
  EXPECT_EQ(AccessDenied(attempt).message,
            "jobs.batch is forbidden: User \"bob\" cannot list resource \"jobs\" in API group "
            "\"batch\" in the namespace \"default\"");
  attempt.ns = "";
  attempt.name = "x";
  attempt.subresource = "status";
  EXPECT_EQ(AccessDenied(attempt).message,
            "jobs.batch \"x\" is forbidden: User \"bob\" cannot list resource \"jobs/status\" in "
            "API group \"batch\" at the cluster scope");
  attempt.path = "/metrics";
  attempt.verb = "get";
  EXPECT_EQ(AccessDenied(attempt).message, "forbidden: User \"bob\" cannot get path \"/metrics\"");
  EXPECT_EQ(AccessDenied(attempt).code, 403);
}

TEST(Errors, TerminatingNamespacesAreTheCauseThatClientsMatch) {
  const Error error = NamespaceTerminating(Jobs(), "j", "n");
  ASSERT_EQ(error.causes.size(), 1u);
  EXPECT_EQ(error.causes[0].reason, "NamespaceTerminating");
  EXPECT_EQ(error.causes[0].field, "metadata.namespace");
  EXPECT_EQ(error.code, 403);
}

TEST(Errors, BadOptionsNameTheirOwnKind) {
  FieldErrors errors;
  errors.Unsupported(FieldPath("fieldValidation"), "Bogus", {"", "Ignore", "Strict", "Warn"});
  EXPECT_EQ(InvalidOptions("CreateOptions", errors).message,
            "CreateOptions.meta.k8s.io \"\" is invalid: fieldValidation: Unsupported value: "
            "\"Bogus\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"");
}

TEST(Errors, DeletesAnswerWithTheUid) {
  EXPECT_EQ(
      Serialize(Value(DeletedStatus(Jobs(), "refjob", "u"))),
      R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","details":{"name":"refjob","group":"batch","kind":"jobs","uid":"u"}})");
}

TEST(FieldErrors, PathsAreSpelledAsInKubernetes) {
  static constexpr FieldPath kSpec("spec");
  const FieldPath list = kSpec.Child("containers");
  const FieldPath item = list.Index(2);
  const FieldPath labels = item.Child("labels");
  EXPECT_EQ(labels.Key("a/b").Text(), "spec.containers[2].labels[a/b]");
}

TEST(FieldErrors, TheSameTextCountsOnce) {
  FieldErrors errors;
  const FieldPath path("a");
  errors.Required(path);
  errors.Required(path);
  EXPECT_EQ(AggregateText(errors.causes()), "a: Required value");
  errors.TooLong(path, 5);
  EXPECT_EQ(AggregateText(errors.causes()),
            "[a: Required value, a: Too long: may not be more than 5 bytes]");
}

TEST(FieldErrors, AreBounded) {
  FieldErrors errors;
  for (int i = 0; i < 100'000; ++i) errors.Required(FieldPath("a"));
  EXPECT_EQ(errors.size(), kFieldErrorsMax);
}

TEST(FieldErrors, MapsAreShownInKeyOrder) {
  FieldErrors errors;
  errors.Invalid(FieldPath("a"), testing::ParseObject(R"({"matchLabels":{"b":"1","a":"2"}})"),
                 "no");
  EXPECT_EQ(errors.causes()[0].message, R"(Invalid value: {"matchLabels":{"a":"2","b":"1"}}: no)");
}

TEST(FieldErrors, UnsetAndNullAreTheSameForImmutableFields) {
  FieldErrors errors;
  const Value null;
  const Value one(1);
  errors.Immutable(FieldPath("a"), nullptr, &null);
  errors.Immutable(FieldPath("a"), &one, &one);
  EXPECT_TRUE(errors.empty());
  errors.Immutable(FieldPath("a"), nullptr, &one);
  EXPECT_EQ(errors.causes()[0].message, "Invalid value: null: field is immutable");
}

}  // namespace
}  // namespace fairway::kube
