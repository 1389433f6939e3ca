// SimulatedJobController: what kube-controller-manager does with Jobs, as far as a member's clients
// can tell: pods by parallelism and completions, Indexed mode, retries up to backoffLimit,
// activeDeadlineSeconds, suspend, and the status rules of kube-api.md 6.4.
//
// Level-triggered: every change of a Job or of its pods leads to one Sync of that Job in a later
// turn. Thread: the loop. Lifetime: loop and writer outlive it.
#pragma once

#include <map>
#include <set>
#include <string>

#include "clusters/kube/json.h"
#include "clusters/loop/loop.h"
#include "gateway/api/object_writer.h"

namespace fairway::gateway {

class SimulatedJobController {
 public:
  SimulatedJobController(Loop& loop, api::ObjectWriter& writer);
  void Start();
  void Freeze(bool frozen);
  // No pod may be made, as where a quota is used up; tried again when that is over.
  void DenyPods(bool denied);

 private:
  struct JobState {
    store::ObjectKey key;
    std::map<std::string, int64_t> active;  // pod name -> completion index (-1: none)
    std::set<std::string> stuck;            // of them: wait for their images
    std::set<int64_t> done_indexes;
    int64_t succeeded = 0, failed = 0, pods_made = 0;
    Call deadline;
  };

  void OnJob(const api::Written& change);
  void OnPod(const api::Written& change);
  void Wake(const std::string& uid);
  void Sync(const std::string& uid);
  void MakePods(JobState& state, const kube::Object& job, int64_t wanted);
  bool MakePod(JobState& state, const kube::Object& job, int64_t index);
  void DropPods(JobState& state);
  void WriteStatus(JobState& state, std::string_view outcome, std::string_view reason);
  void TakeIndexes(JobState& state, const kube::Object& job);
  void ArmDeadline(const std::string& uid, JobState& state, const kube::Object& job);

  Loop& loop_;
  api::ObjectWriter& writer_;
  std::map<std::string, JobState> jobs_;  // by uid
  std::set<std::string> awake_;           // uids to sync in the next turn
  bool frozen_ = false;
  bool pods_denied_ = false;
};

}  // namespace fairway::gateway
