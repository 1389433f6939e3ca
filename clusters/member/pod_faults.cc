#include "clusters/member/pod_faults.h"

#include <algorithm>
#include <array>

namespace fairway::clusters {

using scheduler::Trouble;

namespace {

struct Meaning {
  std::string_view word;
  Trouble trouble;
};

// containerStatuses[].state.waiting.reason. Not here, since another cluster would not help:
// InvalidImageName, CreateContainerConfigError, CrashLoopBackOff.
constexpr std::array<Meaning, 6> kWaiting = {{{"ErrImagePull", Trouble::kImagePull},
                                              {"ImagePullBackOff", Trouble::kImagePull},
                                              {"ErrImageNeverPull", Trouble::kImagePull},
                                              {"ImageInspectError", Trouble::kImagePull},
                                              {"RegistryUnavailable", Trouble::kImagePull},
                                              {"SignatureValidationFailed", Trouble::kImagePull}}};

// Reason of condition DisruptionTarget: somebody other than the pod ended it.
constexpr std::array<Meaning, 5> kDisruption = {{{"DeletionByTaintManager", Trouble::kNodeFailure},
                                                 {"DeletionByPodGC", Trouble::kNodeFailure},
                                                 {"EvictionByEvictionAPI", Trouble::kNodeFailure},
                                                 {"PreemptionByScheduler", Trouble::kNodeFailure},
                                                 {"TerminationByKubelet", Trouble::kNodeFailure}}};

// status.reason of a failed pod. Not here: Evicted, which is also said to a pod that took more than
// its own limits (where the node was short, DisruptionTarget says so), and DeadlineExceeded.
constexpr std::array<Meaning, 11> kFailed = {{{"NodeLost", Trouble::kNodeFailure},
                                              {"NodeShutdown", Trouble::kNodeFailure},
                                              {"Shutdown", Trouble::kNodeFailure},
                                              {"Terminated", Trouble::kNodeFailure},
                                              {"NodeAffinity", Trouble::kNodeFailure},
                                              {"TaintToleration", Trouble::kNodeFailure},
                                              {"UnexpectedAdmissionError", Trouble::kNodeFailure},
                                              {"Preempting", Trouble::kNodeFailure},
                                              {"OutOfcpu", Trouble::kNodeFailure},
                                              {"OutOfmemory", Trouble::kNodeFailure},
                                              {"OutOfpods", Trouble::kNodeFailure}}};

constexpr std::array<std::string_view, 4> kPodsFailures = {
    "BackoffLimitExceeded", "PodFailurePolicy", "FailedIndexes", "MaxFailedIndexesExceeded"};

template <size_t N>
Trouble LookUp(const std::array<Meaning, N>& table, std::string_view word) {
  const auto at = std::find_if(table.begin(), table.end(),
                               [&](const Meaning& meaning) { return meaning.word == word; });
  return at == table.end() ? Trouble::kNone : at->trouble;
}

Trouble DisruptionOf(const kube::Object& pod) {
  const kube::Array* conditions = kube::GetArray(pod, {"status", "conditions"});
  for (size_t i = 0; conditions != nullptr && i < conditions->size(); ++i) {
    const kube::Value& condition = (*conditions)[i];
    if (kube::GetString(condition, {"type"}) == "DisruptionTarget" &&
        kube::GetString(condition, {"status"}) == "True") {
      return LookUp(kDisruption, kube::GetString(condition, {"reason"}));
    }
  }
  return Trouble::kNone;
}

void ReadWaiting(const kube::Object& pod, PodFacts& facts) {
  for (std::string_view list : {"initContainerStatuses", "containerStatuses"}) {
    const kube::Array* statuses = kube::GetArray(pod, {"status", list});
    for (size_t i = 0; statuses != nullptr && i < statuses->size(); ++i) {
      const kube::Value* waiting = kube::FindPath((*statuses)[i], {"state", "waiting"});
      if (waiting == nullptr) continue;
      const Trouble trouble = LookUp(kWaiting, kube::GetString(*waiting, {"reason"}));
      if (trouble == Trouble::kNone) continue;
      facts.trouble = trouble;
      facts.message =
          std::string(kube::GetString(*waiting, {"message"}).substr(0, kTroubleTextMax));
      return;
    }
  }
}

}  // namespace

PodFacts ReadPodFacts(const kube::Object& pod) {
  PodFacts facts;
  const std::string_view phase = kube::GetString(pod, {"status", "phase"});
  facts.failed = phase == "Failed";
  const bool ended = facts.failed || phase == "Succeeded";
  facts.live = !ended;
  facts.counted = ended || !kube::GetString(pod, {"spec", "nodeName"}).empty();
  if (facts.failed) {
    facts.trouble = DisruptionOf(pod);
    if (facts.trouble == Trouble::kNone) {
      facts.trouble = LookUp(kFailed, kube::GetString(pod, {"status", "reason"}));
    }
  } else if (!ended) {
    ReadWaiting(pod, facts);
  }
  return facts;
}

bool IsPodsFailure(std::string_view job_failed_reason) {
  return std::find(kPodsFailures.begin(), kPodsFailures.end(), job_failed_reason) !=
         kPodsFailures.end();
}

std::string_view TroubleText(Trouble trouble) {
  switch (trouble) {
    case Trouble::kNone:
      break;
    case Trouble::kNodeFailure:
      return "its pods failed with their nodes";
    case Trouble::kImagePull:
      return "an image cannot be pulled there";
    case Trouble::kPodsRefused:
      return "its pods cannot be made there";
  }
  return "";
}

}  // namespace fairway::clusters
