#include "clusters/member/copy_pods.h"

#include <charconv>
#include <utility>

#include "scheduler/names.h"

namespace fairway::clusters {

using scheduler::Trouble;

UidKey CopyPods::KeyOf(const kube::Object& pod) {
  return UidKeyOf(kube::GetString(pod, {"metadata", "uid"}),
                  kube::GetString(pod, {"metadata", "name"}));
}

CopyPods::Copy* CopyPods::CopyOf(const kube::Object& pod) {
  const kube::Object* labels = kube::GetObject(pod, {"metadata", "labels"});
  if (labels == nullptr || kube::GetString(*labels, {names::kLabelGateway}) != gateway_) {
    return nullptr;
  }
  const std::string_view uid = kube::GetString(*labels, {names::kLabelUid});
  const std::string_view text = kube::GetString(*labels, {names::kLabelEpoch});
  PodsOwner owner{UidKeyOf(uid), {}};
  const auto [end, code] =
      std::from_chars(text.data(), text.data() + text.size(), owner.epoch.value);
  if (uid.empty() || code != std::errc() || end != text.data() + text.size()) return nullptr;
  Copy& copy = copies_[owner];
  copy.owner = owner;
  return &copy;
}

void CopyPods::Take(Pod& pod, const PodFacts& facts) {
  Copy& copy = *pod.copy;
  if (pod.counted != facts.counted) {
    copy.counted += facts.counted ? 1 : -1;
    recounted_.insert(copy.owner);
  }
  if (facts.failed && !pod.failed) {
    const bool own = facts.trouble == Trouble::kNone;
    ++(own ? copy.own_failures : copy.cluster_failures);
    if (!own) copy.failure = facts.trouble;
  }
  const bool was_stuck = copy.IsStuck();
  const bool waits = !facts.failed && facts.trouble != Trouble::kNone;
  if (waits && !pod.waits) ++copy.waiting;
  if (!waits && pod.waits) --copy.waiting;
  if (facts.live && !pod.live) ++copy.live;
  if (!facts.live && pod.live) --copy.live;
  if (waits) copy.trouble = {facts.trouble, facts.message};
  if (copy.IsStuck() != was_stuck) troubled_.insert(copy.owner);
  pod.counted = facts.counted;
  pod.failed = pod.failed || facts.failed;
  pod.waits = waits;
  pod.live = facts.live;
}

void CopyPods::Upsert(const kube::Object& pod) {
  Copy* copy = CopyOf(pod);
  if (copy == nullptr) return;
  const auto [at, added] = pods_.try_emplace(KeyOf(pod));
  if (added) {
    at->second.copy = copy;
    ++copy->pods;
  } else {
    DropIfIdle(copy);  // labels of a pod may be changed: it stays where it was first seen
  }
  at->second.round = round_;
  Take(at->second, ReadPodFacts(pod));
}

void CopyPods::Drop(Pods::iterator at) {
  Copy* copy = at->second.copy;
  PodFacts nothing;
  nothing.failed = at->second.failed;
  Take(at->second, nothing);
  --copy->pods;
  pods_.erase(at);
  DropIfIdle(copy);
}

void CopyPods::Remove(const kube::Object& pod) {
  const auto at = pods_.find(KeyOf(pod));
  if (at == pods_.end()) return;
  // Its last words count: a pod that is lost with its node fails and goes at once.
  Take(at->second, ReadPodFacts(pod));
  Drop(at);
}

void CopyPods::EndList() {
  for (auto at = pods_.begin(); at != pods_.end();) {
    const auto next = std::next(at);
    if (at->second.round != round_) Drop(at);
    at = next;
  }
}

void CopyPods::DropIfIdle(Copy* copy) {
  if (copy->pods > 0 || copy->own_failures > 0 || copy->cluster_failures > 0) return;
  copies_.erase(PodsOwner{copy->owner});
}

void CopyPods::Forget(const PodsOwner& owner) {
  const auto at = copies_.find(owner);
  if (at == copies_.end()) return;
  at->second.own_failures = at->second.cluster_failures = 0;
  at->second.failure = Trouble::kNone;
  DropIfIdle(&at->second);
}

std::vector<scheduler::CountedPods> CopyPods::TakeCounted(
    const std::function<JobId(const PodsOwner&)>& find) {
  std::vector<scheduler::CountedPods> out;
  for (auto at = recounted_.begin(); at != recounted_.end();) {
    const auto copy = copies_.find(*at);
    const int32_t counted = copy == copies_.end() ? 0 : copy->second.counted;
    const JobId job = find(*at);
    if (!job && counted > 0) {
      ++at;
      continue;
    }
    if (job) out.push_back({job, at->epoch, counted});
    at = recounted_.erase(at);
  }
  return out;
}

CopyTrouble CopyPods::TroubleOf(const PodsOwner& owner) const {
  const auto at = copies_.find(owner);
  return at == copies_.end() || !at->second.IsStuck() ? CopyTrouble{} : at->second.trouble;
}

std::vector<PodsOwner> CopyPods::TakeTroubled() {
  std::vector<PodsOwner> out(troubled_.begin(), troubled_.end());
  troubled_.clear();
  return out;
}

Trouble CopyPods::FailureOf(const PodsOwner& owner) const {
  const auto at = copies_.find(owner);
  if (at == copies_.end() || at->second.own_failures > 0) return Trouble::kNone;
  return at->second.failure;
}

bool CopyPods::KnowsFailures(const PodsOwner& owner, int64_t pods) const {
  const auto at = copies_.find(owner);
  if (at == copies_.end()) return pods == 0;
  return at->second.own_failures > 0 || at->second.cluster_failures >= pods;
}

}  // namespace fairway::clusters
