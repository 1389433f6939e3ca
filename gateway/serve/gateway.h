// Gateway: the composition root. Builds store, API server, driver, members and front door from a
// Config, wires them, starts and drains them. No logic of its own.
//
// Thread: the loop. Lifetime: the loop outlives it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "clusters/loop/loop.h"
#include "gateway/config/config.h"
#include "gateway/simulated/simulated_cluster.h"
#include "scheduler/result.h"

namespace fairway::gateway {

class Gateway {
 public:
  // Everything is up and answering when it returns. Errors are one sentence for the operator.
  static Result<std::unique_ptr<Gateway>> Start(Loop& loop, Config config);
  ~Gateway();

  // Accepts no more work, ends what is under way within `grace_ms`, then calls `drained`.
  void Drain(int64_t grace_ms, std::function<void()> drained);

  const std::string& url() const;
  const std::string& kubeconfig_path() const;
  const std::vector<std::unique_ptr<SimulatedCluster>>& simulated() const;

 private:
  struct Impl;
  explicit Gateway(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fairway::gateway
