// CopyLister: one complete list of the Jobs on a member that carry a gateway's label, for the
// inventory after a restore. Tries until it has one.
//
// Thread: the loop. Bounded: a page at a time; nothing is kept of the Jobs. Destroying it stops it;
// not inside its own callbacks (Loop::DeferDelete).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "clusters/kube/json.h"
#include "clusters/kubeconfig/kubeconfig.h"
#include "clusters/loop/loop.h"
#include "scheduler/result.h"

namespace fairway::clusters {

class CopyLister {
 public:
  struct Listener {
    // A list is begun, perhaps again: what was told before does not count.
    std::function<void()> began;
    std::function<void(const kube::Object& job)> job;
    std::function<void()> complete;            // once
    std::function<void(const Error&)> failed;  // it is tried again
  };

  // `gateway` empty: the Jobs of every gateway. Fails when the access is unusable.
  static Result<std::unique_ptr<CopyLister>> Start(Loop& loop, const Access& access,
                                                   const std::string& gateway, Listener listener);
  virtual ~CopyLister() = default;
};

}  // namespace fairway::clusters
