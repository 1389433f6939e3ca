// SimulatedKubelet: scheduler and kubelets of a simulated cluster in one small model. Binds pods to
// nodes that have room, runs each for its time, and reports Running, then Succeeded or Failed.
//
// A pod template's annotations steer it: simulated.fairway.flext.sh/run-ms and /exit-code
// (names.h). Thread: the loop. Lifetime: loop and writer outlive it.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "clusters/loop/loop.h"
#include "gateway/api/object_writer.h"
#include "gateway/simulated/node_model.h"

namespace fairway::gateway {

class SimulatedKubelet {
 public:
  SimulatedKubelet(Loop& loop, api::ObjectWriter& writer, int64_t default_run_ms);

  // Makes the Node objects, ready and empty, then follows the pods.
  Status Start(int64_t nodes, const scheduler::Resources& per_node);

  // A frozen cluster answers its API, but nothing moves: no pod starts, none ends.
  void Freeze(bool frozen);
  // No image can be pulled: a pod gets its node and waits there, until that is over.
  void DenyImages(bool denied);
  // Every pod that runs fails as if its node had been lost.
  void LosePods();

 private:
  struct Pod {
    store::ObjectKey key;
    std::string uid;
    scheduler::Resources request;
    int64_t run_ms = 0;
    int exit_code = 0;
    std::string node;       // "" until bound
    bool due = false;       // ran its time while frozen
    bool pulling = false;   // on its node, without its image
    bool stopping = false;  // it is being deleted
    Call timer;
  };

  void OnPod(const api::Written& change);
  void Add(const api::Written& change);
  void Remove(const std::string& uid);
  void ScheduleWaiting();
  bool Bind(Pod& pod);
  bool StartOn(Pod& pod, bool binds);
  void Finish(const std::string& uid);
  // Its containers end as soon as they are told to; then the pod is gone.
  void Stop(const std::string& uid);

  Loop& loop_;
  api::ObjectWriter& writer_;
  int64_t default_run_ms_;
  NodeModel nodes_;
  std::map<std::string, Pod> pods_;  // by uid
  std::deque<std::string> waiting_;  // uids without a node, oldest first
  bool frozen_ = false;
  bool images_denied_ = false;
  bool pass_due_ = false;
};

}  // namespace fairway::gateway
