// RenewTask: moves the deadline of one copy: a merge patch of exactly that object. A copy that is
// not there, or is another one by now, needs none. What the member answers shows how the copy does.
// Thread: the loop.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "clusters/member/copy_failover.h"
#include "clusters/member/task.h"

namespace fairway::clusters {

class RenewTask : public Task {
 public:
  // `body`: the copy as it is now; empty when it is not there, or the renewal failed.
  using Answer = std::function<void(const Outcome&, const std::string& body)>;

  RenewTask(MemberApi& api, RenewRequest request, Answer answer)
      : api_(api), request_(std::move(request)), answer_(std::move(answer)) {}

  void Run(std::function<void(Outcome)> finished) override;
  void Report(const Outcome& outcome) override { answer_(outcome, body_); }
  uint64_t key() const override { return request_.job.value; }

 private:
  MemberApi& api_;
  RenewRequest request_;
  Answer answer_;
  std::string body_;
  std::function<void(Outcome)> finished_;
  Call call_;
};

}  // namespace fairway::clusters
