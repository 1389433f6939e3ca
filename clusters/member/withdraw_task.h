// WithdrawTask: takes one copy away: look, verify that it is ours and the very epoch, delete it
// with its uid as a precondition. Whatever else has that name is left alone, and means that the
// copy is not there. Its dependencies go with it by the member's own garbage collector
// (DependencyStep). Thread: the loop.
#pragma once

#include <functional>
#include <string>

#include "clusters/member/member.h"
#include "clusters/member/task.h"

namespace fairway::clusters {

class WithdrawTask : public Task {
 public:
  using Answer = std::function<void(JobId, Epoch, const Outcome&)>;

  // Told of a copy that has succeeded. True: that was not known. It is deleted at a later run then,
  // when its result has been saved.
  using Succeeded = std::function<bool(const kube::Object& job, const CopyReport& copy)>;

  WithdrawTask(MemberApi& api, std::string gateway, WithdrawRequest request, Succeeded succeeded,
               Answer answer)
      : api_(api),
        gateway_(std::move(gateway)),
        request_(std::move(request)),
        succeeded_(std::move(succeeded)),
        answer_(std::move(answer)) {}

  void Run(std::function<void(Outcome)> finished) override;
  void Report(const Outcome& outcome) override { answer_(request_.job, request_.epoch, outcome); }
  uint64_t key() const override { return request_.job.value; }

 private:
  void OnFound(Result<std::string> body);
  void Delete(const std::string& member_uid);
  // The copy is not there: what is left of its dependencies.
  void CollectNext();
  void OnDependency(Result<std::string> body);
  void Finish(Outcome outcome);

  MemberApi& api_;
  std::string gateway_;
  WithdrawRequest request_;
  Succeeded succeeded_;
  Answer answer_;
  bool told_ = false;
  std::function<void(Outcome)> finished_;
  size_t next_ = 0;
  Call call_;
};

}  // namespace fairway::clusters
