// NamespaceController: what every namespace has (ServiceAccount default, ConfigMap
// kube-root-ca.crt), and how one ends: its content is deleted, then its finalizer, then itself.
//
// Thread: the loop. Works when something changes; there is no polling. Lifetime: the writer
// outlives it.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "clusters/loop/loop.h"
#include "gateway/api/object_writer.h"

namespace fairway::gateway::api {

class NamespaceController {
 public:
  NamespaceController(Loop& loop, ObjectWriter& writer, std::string root_ca_pem);

  // Makes the namespaces that every cluster has and goes on with interrupted terminations.
  Status Start();

 private:
  void OnChange(const Written& change);
  void Furnish(const std::string& ns);
  void Schedule(const std::string& ns, int64_t delay_ms);
  void Terminate(const std::string& ns);
  // Deletes some content; true when nothing is left.
  Result<bool> Empty(const std::string& ns, size_t& remaining);
  void ReportRemaining(const std::string& ns, size_t remaining);

  Loop& loop_;
  ObjectWriter& writer_;
  const std::string root_ca_pem_;
  std::set<std::string> terminating_;
  std::set<std::string> scheduled_;
  std::shared_ptr<int> life_ = std::make_shared<int>(0);
};

}  // namespace fairway::gateway::api
