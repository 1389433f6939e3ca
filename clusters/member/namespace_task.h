// CollectNamespaceTask: deletes a namespace that this gateway made, once nothing is left in it but
// what every namespace has. Looks at the kinds that people keep in namespaces; one object that
// lacks our label keeps it. Thread: the loop.
#pragma once

#include <functional>
#include <string>

#include "clusters/member/member.h"
#include "clusters/member/task.h"

namespace fairway::clusters {

class CollectNamespaceTask : public Task {
 public:
  CollectNamespaceTask(MemberApi& api, std::string gateway, std::string name_space,
                       std::function<void(const Outcome&)> answer)
      : api_(api),
        gateway_(std::move(gateway)),
        name_space_(std::move(name_space)),
        answer_(std::move(answer)) {}

  void Run(std::function<void(Outcome)> finished) override;
  void Report(const Outcome& outcome) override { answer_(outcome); }
  uint64_t key() const override;

 private:
  void OnNamespace(Result<std::string> body);
  void CheckKind();
  void OnList(Result<std::string> body);
  void Finish(Outcome outcome);

  MemberApi& api_;
  std::string gateway_;
  std::string name_space_;
  std::function<void(const Outcome&)> answer_;
  std::function<void(Outcome)> finished_;
  std::string uid_, version_;
  size_t kind_ = 0;
  Call call_;
};

}  // namespace fairway::clusters
