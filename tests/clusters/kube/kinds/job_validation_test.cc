// A Job that Kubernetes refuses is refused here with the same words, and one that it takes is
// taken.
#include <gtest/gtest.h>

#include "tests/clusters/kube/kinds/kind_testing.h"

namespace fairway::kube {
namespace {

using testing::Created;
using testing::CreateProblems;
using testing::Jobs;

std::string JobWith(std::string_view spec) {
  return R"({"metadata":{"name":"j"},"spec":{)" + std::string(spec) +
         R"("template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"busybox"}]}}}})";
}

TEST(JobValidation, TwoMistakesSampleIsByteExact) {
  Object job = Created(Jobs(), R"({"metadata":{"name":"bad1"},"spec":{"backoffLimit":-1,
      "completionMode":"Weird","template":{"spec":{"containers":[{"name":"c"}]}}}})");
  FieldErrors errors = testing::StrategyOf(Jobs()).ValidateCreate(job);
  EXPECT_EQ(
      StatusJson(Invalid(Jobs(), "bad1", std::move(errors))),
      R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Job.batch \"bad1\" is invalid: [spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0, spec.completionMode: Unsupported value: \"Weird\": supported values: \"NonIndexed\", \"Indexed\", spec.template.spec.containers[0].image: Required value, spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\"]","reason":"Invalid","details":{"name":"bad1","group":"batch","kind":"Job","causes":[{"reason":"FieldValueInvalid","message":"Invalid value: -1: must be greater than or equal to 0","field":"spec.backoffLimit"},{"reason":"FieldValueNotSupported","message":"Unsupported value: \"Weird\": supported values: \"NonIndexed\", \"Indexed\"","field":"spec.completionMode"},{"reason":"FieldValueRequired","message":"Required value","field":"spec.template.spec.containers[0].image"},{"reason":"FieldValueRequired","message":"Required value: valid values: \"OnFailure\", \"Never\"","field":"spec.template.spec.restartPolicy"}]},"code":422})");
}

TEST(JobValidation, TakesAPlainJob) { EXPECT_EQ(CreateProblems(Jobs(), JobWith("")), ""); }

}  // namespace
}  // namespace fairway::kube
