// CopyPods: what the pods on a member tell of our copies: how many of each are counted where they
// are, and what keeps them from running. Pure.
//
// Memory: some words per pod of ours, ended ones too, until it is deleted; and per copy until the
// copy is (Forget). A copy is known by the uid of the gateway's Job and the epoch, which its pods
// carry as labels.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "clusters/kube/json.h"
#include "clusters/member/pod_faults.h"
#include "clusters/member/uid_key.h"
#include "scheduler/cluster_view.h"
#include "scheduler/failover/trouble.h"
#include "scheduler/ids.h"

namespace fairway::clusters {

struct PodsOwner {
  UidKey uid{};
  Epoch epoch;
  bool operator==(const PodsOwner&) const = default;
};
struct PodsOwnerHash {
  size_t operator()(const PodsOwner& owner) const {
    return UidKeyHash()(owner.uid) + static_cast<size_t>(owner.epoch.value);
  }
};

struct CopyTrouble {
  scheduler::Trouble trouble = scheduler::Trouble::kNone;
  std::string message;
  bool operator==(const CopyTrouble&) const = default;
};

class CopyPods {
 public:
  explicit CopyPods(std::string gateway) : gateway_(std::move(gateway)) {}

  // A list begins; what it did not show by its end is gone.
  void BeginList() { ++round_; }
  void Upsert(const kube::Object& pod);
  void Remove(const kube::Object& pod);
  void EndList();
  // The copy itself is gone: how its pods failed matters no more.
  void Forget(const PodsOwner& owner);

  // Another number of these is counted than when this was last asked. Those that `find` does not
  // know (job 0) are asked about again the next time.
  std::vector<scheduler::CountedPods> TakeCounted(
      const std::function<JobId(const PodsOwner&)>& find);
  bool HasCounted() const { return !recounted_.empty(); }

  // What a live copy's pods wait for, all that it has: one of which a pod runs is in no trouble.
  CopyTrouble TroubleOf(const PodsOwner& owner) const;
  // Copies of which that has changed since the last call.
  std::vector<PodsOwner> TakeTroubled();
  // Why a copy has failed: all its failed pods were the cluster's fault. kNone: one was its own, or
  // none is known.
  scheduler::Trouble FailureOf(const PodsOwner& owner) const;
  // More failed pods would not change that: one was its own, or so many are known.
  bool KnowsFailures(const PodsOwner& owner, int64_t pods) const;

 private:
  struct Copy {
    PodsOwner owner;
    uint32_t pods = 0;  // known
    int32_t counted = 0;
    int32_t own_failures = 0, cluster_failures = 0;  // of pods that are gone, too
    scheduler::Trouble failure = scheduler::Trouble::kNone;
    uint32_t live = 0;     // pods that have not ended
    uint32_t waiting = 0;  // of them: in trouble
    CopyTrouble trouble;   // of one of them

    bool IsStuck() const { return waiting > 0 && waiting == live; }
  };
  struct Pod {
    Copy* copy = nullptr;
    uint32_t round = 0;
    bool counted = false, failed = false, waits = false, live = false;
  };
  using Pods = std::unordered_map<UidKey, Pod, UidKeyHash>;

  static UidKey KeyOf(const kube::Object& pod);
  Copy* CopyOf(const kube::Object& pod);
  void Take(Pod& pod, const PodFacts& facts);
  void Drop(Pods::iterator at);
  void DropIfIdle(Copy* copy);

  std::string gateway_;
  Pods pods_;
  std::unordered_map<PodsOwner, Copy, PodsOwnerHash> copies_;  // stable addresses
  std::unordered_set<PodsOwner, PodsOwnerHash> recounted_, troubled_;
  uint32_t round_ = 0;
};

}  // namespace fairway::clusters
