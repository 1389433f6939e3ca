// GarbageCollector: deletes what its owners leave behind, and finishes foreground and orphan
// deletions. Ownership is by uid. An owner of a kind that is not served here counts as present; one
// in another namespace counts as absent, as in Kubernetes.
//
// Thread: the loop. It learns of changes as they are staged and of what was stored before in slices
// after the start; until that is through it changes nothing. No polling. Lifetime: the writer
// outlives it.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "clusters/loop/call.h"
#include "clusters/loop/loop.h"
#include "gateway/api/object_writer.h"
#include "gateway/api/owner_index.h"

namespace fairway::gateway::api {

class GarbageCollector {
 public:
  // `uncollected`: storage resources that are passed over.
  GarbageCollector(Loop& loop, ObjectWriter& writer, const std::vector<std::string>& uncollected);

  void Start();
  // Nothing is scanned and nothing waits.
  bool idle() const { return scanned_ && queue_.empty(); }

 private:
  enum class Work : uint8_t { kCheckOwners, kFinishDeletion };
  using Task = std::pair<Work, store::ObjectKey>;
  // How the owners of one object stand.
  struct Standing {
    bool solid = false;                // at least one is there to stay (or cannot be judged)
    std::vector<std::string> absent;   // uids
    std::vector<std::string> waiting;  // uids of owners in foreground deletion
  };

  void OnChange(const Written& change);
  void Learn(const store::ObjectKey& key, const kube::Object& doc);
  void ScanSlice();
  void Push(Work work, const store::ObjectKey& key);
  void Schedule(int64_t delay_ms);
  void RunSlice();
  Status Run(const Task& task);
  Status CheckOwners(const store::ObjectKey& key);
  Status FinishForeground(const store::ObjectKey& key, const std::string& uid);
  Status FinishOrphan(const store::ObjectKey& key, const std::string& uid);
  Result<Standing> Judge(const store::ObjectKey& key, const kube::Object& doc);
  Status DropOwners(const store::ObjectKey& key, const std::vector<std::string>& uids);
  Status DropFinalizer(const store::ObjectKey& key, std::string_view finalizer);

  Loop& loop_;
  ObjectWriter& writer_;
  const std::set<std::string, std::less<>> uncollected_;
  OwnerIndex index_;
  std::set<std::string> foreground_;  // uids of owners that wait for dependents
  std::deque<Task> queue_;
  std::set<Task> queued_;
  Call next_;
  bool scanned_ = false;
  size_t scan_kind_ = 0;
  std::optional<std::pair<std::string, std::string>> scan_after_;
  std::shared_ptr<int> life_ = std::make_shared<int>(0);
};

}  // namespace fairway::gateway::api
