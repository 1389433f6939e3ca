// CapacityWatch: keeps a CapacityModel current by watching a member's nodes, pods and
// PersistentVolumeClaims, and reports what it measures, at most once per interval and only when it
// changed, with the copies whose pods are counted in it. Claims are a help only: capacity is
// reported also where they may not be listed. Thread: the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "clusters/http/http_client.h"
#include "clusters/kube/list_watch.h"
#include "clusters/loop/loop.h"
#include "clusters/member/capacity_model.h"
#include "clusters/member/copy_pods.h"
#include "scheduler/cluster_view.h"

namespace fairway::clusters {

struct CapacityWatchConfig {
  std::string member;           // for logs
  std::string gateway;          // our own pods carry it
  kube::ListWatchConfig watch;  // path and selector are set here
  int64_t interval_ms = 250;
  size_t pods_max = 1'000'000;
};

class CapacityWatch {
 public:
  struct Hooks {
    std::function<void(const scheduler::Capacity&, const std::vector<scheduler::CountedPods>&)>
        measured;
    std::function<JobId(const PodsOwner&)> find;  // 0 = not seen yet
    std::function<void()> pods_seen;              // CopyPods has taken some over
  };
  // `pods` outlives this: it is kept when a member's access changes.
  CapacityWatch(Loop& loop, HttpClient& http, CapacityWatchConfig config, CopyPods& pods,
                Hooks hooks);
  ~CapacityWatch();

  void Start();
  void Poke();
  // Copies were seen whose pods may have been seen before.
  void CopiesSeen();

 private:
  class Nodes;
  class Pods;
  class Claims;

  void Changed();
  void Measure();

  Loop& loop_;
  CapacityWatchConfig config_;
  CopyPods& copy_pods_;
  Hooks hooks_;
  CapacityModel model_;
  bool nodes_listed_ = false, pods_listed_ = false;
  std::optional<scheduler::Capacity> last_;
  std::unique_ptr<Nodes> nodes_;
  std::unique_ptr<Pods> pods_;
  std::unique_ptr<Claims> claims_;
  std::unique_ptr<kube::ListWatch> node_watch_, pod_watch_, claim_watch_;
  Call timer_;
};

}  // namespace fairway::clusters
