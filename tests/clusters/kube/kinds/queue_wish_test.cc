// Kueue's labels and annotations of a Job are read whole, and what Fairway does not do is refused.
#include <gtest/gtest.h>

#include "clusters/kube/kinds/queue_spec.h"
#include "tests/clusters/kube/kinds/kind_testing.h"

namespace fairway::kube {
namespace {

struct Read {
  QueueWish wish;
  std::string problems;
};

Read Wish(std::string_view metadata, std::string_view spec = R"("parallelism":4)") {
  const Object job = testing::ParseObject(R"({"metadata":{)" + std::string(metadata) +
                                          R"(},"spec":{)" + std::string(spec) + "}}");
  FieldErrors errors;
  Read out;
  out.wish = QueueWishFrom(job, errors);
  out.problems = AggregateText(errors.causes());
  return out;
}

TEST(QueueWish, ReadsAll) {
  const Read read = Wish(R"("labels":{"kueue.x-k8s.io/queue-name":"q",
      "kueue.x-k8s.io/priority-class":"high","kueue.x-k8s.io/max-exec-time-seconds":"30"},
      "annotations":{"kueue.x-k8s.io/job-min-parallelism":"2"})");
  EXPECT_EQ(read.problems, "");
  EXPECT_EQ(read.wish.queue, "q");
  EXPECT_EQ(read.wish.priority_class, "high");
  EXPECT_EQ(read.wish.max_execution_seconds, 30);
  EXPECT_EQ(read.wish.min_parallelism, 2);
}

TEST(QueueWish, SaysWhatDoesNotParse) {
  EXPECT_EQ(Wish(R"("labels":{"kueue.x-k8s.io/max-exec-time-seconds":"0"})").problems,
            "metadata.labels[kueue.x-k8s.io/max-exec-time-seconds]: Invalid value: 0: should be "
            "greater than 0");
  EXPECT_EQ(Wish(R"("labels":{"kueue.x-k8s.io/max-exec-time-seconds":"1h"})").problems,
            "metadata.labels[kueue.x-k8s.io/max-exec-time-seconds]: Invalid value: \"1h\": must be "
            "a 32-bit integer");
  EXPECT_EQ(Wish(R"("annotations":{"kueue.x-k8s.io/job-min-parallelism":"4"})").problems,
            "metadata.annotations[kueue.x-k8s.io/job-min-parallelism]: Invalid value: 4: should be "
            "between 0 and 3");
}

TEST(QueueWish, RefusesWhatFairwayDoesNotDo) {
  EXPECT_EQ(Wish(R"("annotations":{"provreq.kueue.x-k8s.io/maxRunDurationSeconds":"1"})").problems,
            "metadata.annotations[provreq.kueue.x-k8s.io/maxRunDurationSeconds]: Forbidden: not "
            "supported by Fairway");
  EXPECT_EQ(Wish(R"("labels":{"kueue.x-k8s.io/prebuilt-workload-name":"w"})").problems,
            "metadata.labels[kueue.x-k8s.io/prebuilt-workload-name]: Forbidden: not supported by "
            "Fairway");
  EXPECT_EQ(Wish("", R"("template":{"metadata":{"annotations":
                {"kueue.x-k8s.io/podset-required-topology":"rack"}}})")
                .problems,
            "spec.template.metadata.annotations[kueue.x-k8s.io/podset-required-topology]: "
            "Forbidden: not supported by Fairway: there is no topology-aware scheduling");
}

}  // namespace
}  // namespace fairway::kube
