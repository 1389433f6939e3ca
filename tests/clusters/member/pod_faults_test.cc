#include "clusters/member/pod_faults.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

namespace fairway::clusters {
namespace {

using scheduler::Trouble;

PodFacts Read(std::string_view status) {
  auto pod = kube::ParseJson(fmt::format(R"({{"spec":{{"nodeName":"n"}},"status":{}}})", status));
  EXPECT_TRUE(pod) << status;
  return ReadPodFacts(pod->get_object());
}

Trouble Waiting(std::string_view reason, std::string_view list = "containerStatuses") {
  return Read(fmt::format(
                  R"({{"phase":"Pending","{}":[{{"state":{{"waiting":{{"reason":"{}"}}}}}}]}})",
                  list, reason))
      .trouble;
}

Trouble Disrupted(std::string_view reason) {
  return Read(fmt::format(
                  R"({{"phase":"Failed","conditions":[{{"type":"DisruptionTarget","status":"True",
                      "reason":"{}"}}]}})",
                  reason))
      .trouble;
}

Trouble FailedWith(std::string_view reason) {
  return Read(fmt::format(R"({{"phase":"Failed","reason":"{}"}})", reason)).trouble;
}

TEST(PodFaultsTest, ImagesThatCannotBePulledAreTheClusters) {
  for (const char* reason : {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull"}) {
    EXPECT_EQ(Waiting(reason), Trouble::kImagePull) << reason;
    EXPECT_EQ(Waiting(reason, "initContainerStatuses"), Trouble::kImagePull) << reason;
  }
}

TEST(PodFaultsTest, WhatAnotherClusterWouldNotHelpIsTheJobsOwn) {
  for (const char* reason : {"InvalidImageName", "CreateContainerConfigError", "CrashLoopBackOff",
                             "ContainerCreating", "PodInitializing", ""}) {
    EXPECT_EQ(Waiting(reason), Trouble::kNone) << reason;
  }
}

TEST(PodFaultsTest, PodsThatOthersEndedAreTheClusters) {
  for (const char* reason : {"DeletionByTaintManager", "DeletionByPodGC", "EvictionByEvictionAPI",
                             "PreemptionByScheduler", "TerminationByKubelet"}) {
    EXPECT_EQ(Disrupted(reason), Trouble::kNodeFailure) << reason;
  }
  for (const char* reason : {"NodeLost", "OutOfcpu", "NodeShutdown", "UnexpectedAdmissionError"}) {
    EXPECT_EQ(FailedWith(reason), Trouble::kNodeFailure) << reason;
  }
}

TEST(PodFaultsTest, ExitCodesDeadlinesAndItsOwnLimitsAreTheJobsOwn) {
  EXPECT_EQ(FailedWith("DeadlineExceeded"), Trouble::kNone);
  EXPECT_EQ(FailedWith("Evicted"), Trouble::kNone) << "for taking more disk than it may";
  EXPECT_EQ(FailedWith(""), Trouble::kNone);
  const PodFacts facts = Read(
      R"({"phase":"Failed","containerStatuses":[{"state":{"terminated":{"exitCode":137,
          "reason":"OOMKilled"}}}]})");
  EXPECT_TRUE(facts.failed);
  EXPECT_EQ(facts.trouble, Trouble::kNone);
}

TEST(PodFaultsTest, OnlyFailuresOfPodsHaveToBeAskedOfPods) {
  EXPECT_TRUE(IsPodsFailure("BackoffLimitExceeded"));
  EXPECT_TRUE(IsPodsFailure("PodFailurePolicy"));
  EXPECT_FALSE(IsPodsFailure("DeadlineExceeded"));
  EXPECT_FALSE(IsPodsFailure(""));
}

}  // namespace
}  // namespace fairway::clusters
