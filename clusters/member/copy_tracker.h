// CopyTracker: our copies on a member, as its Job watch reports them. Pure but for the listener.
//
// Keeps a few words per copy (which epoch, which version), never the Job. Reports changes only: a
// relist of ten thousand unchanged copies says nothing but the inventory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "clusters/kube/json.h"
#include "clusters/kube/pruned_json.h"
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
  CopyTracker(ClusterId cluster, std::string gateway, MemberListener& listener)
      : cluster_(cluster), gateway_(std::move(gateway)), listener_(listener) {}

  void BeginList() { ++round_; }
  void Upsert(const kube::Object& job);
  void Remove(const kube::Object& job);
  void EndList();
  // Every copy is news again when it is seen the next time.
  void Forget() {
    for (auto& [key, entry] : copies_) entry.version_hash = 0;
  }

  size_t copies() const { return copies_.size(); }

 private:
  struct Entry {
    JobId job;
    Epoch epoch;
    uint64_t version_hash = 0;
    uint32_t round = 0;
  };
  static CopyRef RefOf(const std::string& key, const Entry& entry);

  ClusterId cluster_;
  std::string gateway_;
  MemberListener& listener_;
  std::unordered_map<std::string, Entry> copies_;  // by namespace/name
  uint32_t round_ = 0;
};

}  // namespace fairway::clusters
