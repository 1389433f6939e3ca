// DispatchTask: makes one copy on a member: what it depends on, then the Job, then the ownership
// that lets the member's own garbage collector take the dependencies away with the last copy.
//
//   create dependencies --404 namespace--> create namespace, begin again
//   create Job ----------409 exists------> look: ours and same epoch: apply; ours and older: delete
//                                          it, then again; newer or not ours: refuse
//   append the Job to the dependencies' ownerReferences
//
// Creating before looking makes the usual case one request, and never touches what is not ours.
// Thread: the loop.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "clusters/member/copy_manifest.h"
#include "clusters/member/dependency_step.h"
#include "clusters/member/member.h"
#include "clusters/member/task.h"

namespace fairway::clusters {

class DispatchTask : public Task {
 public:
  using Answer = std::function<void(const CopyRef&, const Outcome&)>;

  DispatchTask(Loop& loop, MemberApi& api, std::string gateway, DispatchRequest request,
               Answer answer);

  void Run(std::function<void(Outcome)> finished) override;
  void Report(const Outcome& outcome) override;
  uint64_t key() const override { return request_.job.value; }
  Epoch epoch() const { return request_.epoch; }

 private:
  Status Prepare();
  void NextDependency();
  void CreateJob();
  void OnCreated(Result<std::string> body);
  void LookAtExisting();
  void OnExisting(Result<std::string> body);
  void ApplyTo(const kube::Object& live, const std::string& member_uid);
  void GiveIndexes(const std::string& member_uid);
  void RefuseIndexes(const std::string& why);
  void DeleteOlder(const std::string& member_uid);
  void CreateNamespace();
  void Own(const std::string& member_uid);
  void Fallen(Error error);
  void GiveBackDependencies(Outcome outcome);
  void Finish(Outcome outcome);

  Loop& loop_;
  MemberApi& api_;
  std::string gateway_;
  DispatchRequest request_;
  Answer answer_;
  std::function<void(Outcome)> finished_;

  bool prepared_ = false;
  int index_tries_ = 0;  // of GiveIndexes
  std::string body_;
  std::string first_body_;  // how the copy is made, where that is another form; else empty
  std::string name_space_, name_;
  std::vector<std::unique_ptr<DependencyStep>> dependencies_;
  size_t next_ = 0;
  bool namespace_made_ = false;
  Call call_;
};

}  // namespace fairway::clusters
