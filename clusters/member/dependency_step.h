// DependencyStep: one ConfigMap, Secret or ServiceAccount that a copy needs on the member.
//
// Ensure() creates it, or brings ours up to date; an object of the same name that lacks our label
// is left alone and is an error. Own() makes the member's Job one of its owners: several Jobs that
// share it each add themselves, and the member's garbage collector deletes it with the last one.
// GiveBack() deletes what Ensure() created, when no Job came to own it.
//
// Thread: the loop. One operation at a time; dropping the step cancels it.
#pragma once

#include <functional>
#include <string>

#include "clusters/kube/json.h"
#include "clusters/member/member_api.h"
#include "scheduler/result.h"

namespace fairway::clusters {

class DependencyStep {
 public:
  using Done = std::function<void(Status)>;

  // `copy` is from MakeDependencyCopy.
  DependencyStep(MemberApi& api, kube::Value copy, std::string gateway);

  void Ensure(Done done);
  void Own(const std::string& job_name, const std::string& job_uid, Done done);
  void GiveBack(Done done);

 private:
  void OnExisting(Result<std::string> body);
  bool UpToDate(const kube::Object& live) const;
  void Remember(const std::string& body);
  void Finish(Status status);
  ObjectPath Path() const;

  MemberApi& api_;
  kube::Value copy_;
  std::string gateway_;
  std::string kind_, name_space_, name_;
  std::string uid_, version_;  // as the member last answered
  std::vector<std::string> owners_;
  bool created_ = false;
  Done done_;
  Call call_;
};

}  // namespace fairway::clusters
