// CapacityWatch: keeps a CapacityModel current by watching a member's nodes, pods and
// PersistentVolumeClaims, and reports what it measures, at most once per interval and only when it
// changed. Claims are a help only: capacity is reported also where they may not be listed. Thread:
// the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "clusters/http/http_client.h"
#include "clusters/kube/list_watch.h"
#include "clusters/loop/loop.h"
#include "clusters/member/capacity_model.h"
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
  CapacityWatch(Loop& loop, HttpClient& http, CapacityWatchConfig config,
                std::function<void(const scheduler::Capacity&)> on_capacity);
  ~CapacityWatch();

  void Start();
  void Poke();

 private:
  class Nodes;
  class Pods;
  class Claims;

  void Changed();
  void Measure();

  Loop& loop_;
  CapacityWatchConfig config_;
  std::function<void(const scheduler::Capacity&)> on_capacity_;
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
