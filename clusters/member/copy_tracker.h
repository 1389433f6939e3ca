// CopyTracker: our copies on a member, as its Job watch reports them. Pure but for the listener.
//
// Versions of one object are ordered by their numbers, as Kubernetes promises for resourceVersion
// (KEP-5504). A list is taken as it is, whatever its numbers: a cluster may have lost its state.
//
// Keeps a few words per copy (which epoch, which version), never the Job. Reports changes only: a
// relist of ten thousand unchanged copies says nothing but the inventory.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "clusters/kube/json.h"
#include "clusters/kube/pruned_json.h"
#include "clusters/member/copy_pods.h"
#include "clusters/member/member.h"

namespace fairway::clusters {

// The report of a member's Job; nothing when it is no copy of this gateway's, or its labels were
// damaged.
std::optional<CopyReport> ReadCopy(const kube::Object& job, std::string_view gateway);

// What ReadCopy does not look at, and most of a Job: need not be parsed.
std::vector<std::string> NotReportedPaths();
const kube::Omission& NotReported();

class CopyTracker {
 public:
  struct Hooks {
    // A report before the listener gets it; false keeps it from there. May be empty.
    std::function<bool(CopyReport&)> complete;
    std::function<void(const PodsOwner&)> gone;
  };
  CopyTracker(ClusterId cluster, std::string gateway, MemberListener& listener, Hooks hooks = {})
      : cluster_(cluster),
        gateway_(std::move(gateway)),
        listener_(listener),
        hooks_(std::move(hooks)) {}

  void BeginList() {
    ++round_;
    listing_ = true;
  }
  void Upsert(const kube::Object& job);
  // The answer to a request of ours, which may be ahead of the watch or behind it. News are
  // reported; true when there are any, and the watch has yet to tell of them.
  bool TakeAnswer(const kube::Object& job);
  void Remove(const kube::Object& job);
  void EndList();
  // Every copy is news again when it is seen the next time.
  void Forget() {
    for (auto& [key, entry] : copies_) entry.version.hash = 0;
  }

  bool Has(const CopyRef& copy) const;
  // Whether this is the Job in a later version than was reported.
  bool IsNews(const kube::Object& job) const;
  size_t copies() const { return copies_.size(); }
  // The copy that these pods are of; nothing when it has not been seen.
  std::optional<CopyRef> Find(const PodsOwner& owner) const;

 private:
  // `hash` differs wherever anything about the object does; `number` is its resourceVersion, 0 when
  // that is no number.
  struct Version {
    uint64_t hash = 0, number = 0;
  };
  struct Entry {
    JobId job;
    Epoch epoch;
    UidKey uid{};
    Version version;
    uint32_t round = 0;
  };
  static Version VersionOf(const kube::Object& job);
  void Tell(const std::string& key, const Version& version, uint32_t round, CopyReport& report);
  static CopyRef RefOf(const std::string& key, const Entry& entry);
  void Gone(const std::string& key, const Entry& entry);

  ClusterId cluster_;
  std::string gateway_;
  MemberListener& listener_;
  Hooks hooks_;
  std::unordered_map<std::string, Entry> copies_;  // by namespace/name
  // By what pods carry; keys are those of `copies_`.
  std::unordered_map<UidKey, const std::string*, UidKeyHash> by_uid_;
  uint32_t round_ = 0;
  bool listing_ = false;
};

}  // namespace fairway::clusters
