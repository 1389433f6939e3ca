// SimulatedCluster: a whole member cluster inside this process: TLS and HTTP on loopback, the
// gateway's own API server over an in-memory store, a few nodes, a Job controller and a kubelet. To
// its clients it is a Kubernetes cluster; nothing of the gateway shortcuts to it.
//
// Thread: the loop. Lifetime: the loop outlives it.
#pragma once

#include <memory>
#include <string>

#include "clusters/kubeconfig/kubeconfig.h"
#include "clusters/loop/loop.h"
#include "gateway/simulated/faults.h"
#include "scheduler/resources.h"
#include "scheduler/result.h"

namespace fairway::gateway {

struct SimulatedOptions {
  std::string name;
  int64_t nodes = 3;
  scheduler::Resources per_node;
  int64_t run_ms = 1000;  // of a pod that says nothing else
  uint64_t seed = 1;      // of the faults
};

class SimulatedCluster {
 public:
  static Result<std::unique_ptr<SimulatedCluster>> Create(Loop& loop, SimulatedOptions options);
  ~SimulatedCluster();

  // How a Member, or kubectl by Flatten(), reaches it.
  const clusters::Access& access() const;
  FaultInjector& faults();
  const std::string& name() const;

 private:
  struct Impl;
  explicit SimulatedCluster(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fairway::gateway
