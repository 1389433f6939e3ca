#include "clusters/kube/api_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairway::kube {
namespace {

using ::testing::HasSubstr;

TEST(ApiErrorTest, StatusKeepsReasonMessageCausesAndDetails) {
  Error error = ErrorFromAnswer(422, 0, R"({"kind":"Status","apiVersion":"v1","metadata":{},
    "status":"Failure","message":"Job.batch \"x\" is invalid","reason":"Invalid","code":422,
    "details":{"name":"x","group":"batch","kind":"Job","causes":[
      {"reason":"FieldValueRequired","message":"Required value","field":"spec.template"}]}})");
  EXPECT_EQ(error.code, 422);
  EXPECT_EQ(error.reason, "Invalid");
  EXPECT_EQ(error.message, "Job.batch \"x\" is invalid");
  EXPECT_EQ(error.kind, "Job");
  EXPECT_EQ(error.group, "batch");
  ASSERT_EQ(error.causes.size(), 1u);
  EXPECT_EQ(error.causes[0].field, "spec.template");
  EXPECT_FALSE(IsRetryable(error));
}

TEST(ApiErrorTest, PlainTextOfAProxyBecomesAUsefulMessage) {
  Error error = ErrorFromAnswer(429, 3, "Too many requests,\nplease try again later.");
  EXPECT_EQ(error.reason, "TooManyRequests");
  EXPECT_THAT(error.message, HasSubstr("Too many requests, please try again later."));
  EXPECT_EQ(error.retry_after_seconds, 3);
  EXPECT_TRUE(IsRetryable(error));
}

TEST(ApiErrorTest, StatusLineDecidesNotTheBody) {
  Error error = ErrorFromAnswer(500, 0, R"({"kind":"Status","code":200,"reason":"Fine"})");
  EXPECT_EQ(error.code, 500);
  EXPECT_TRUE(IsRetryable(error));
}

TEST(ApiErrorTest, LongForeignBodiesAreQuotedInPart) {
  Error error = ErrorFromAnswer(502, 0, std::string(100'000, '<'));
  EXPECT_LT(error.message.size(), 400u);
}

TEST(ApiErrorTest, ExpiredAndGoneBothMeanListAnew) {
  EXPECT_TRUE(IsExpired(ErrorFromAnswer(410, 0, "")));
  auto status = ParseJson(R"({"kind":"Status","code":500,"reason":"Gone"})");
  EXPECT_TRUE(IsExpired(ErrorFromStatusObject(status->get_object())));
  EXPECT_FALSE(IsExpired(ErrorFromAnswer(503, 0, "")));
}

}  // namespace
}  // namespace fairway::kube
