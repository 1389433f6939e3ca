// What the request handlers share: the services of one API server, and the state of one request.
// Thread: the loop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "clusters/kube/json.h"
#include "clusters/loop/loop.h"
#include "gateway/api/access.h"
#include "gateway/api/negotiation.h"
#include "gateway/api/object_writer.h"
#include "gateway/api/registry.h"
#include "gateway/api/request_info.h"
#include "gateway/server/exchange.h"
#include "store/object_store.h"

namespace fairway::gateway::api {

class CommitWaiter;
class CreatedForms;
class WatchHub;

// How long things may take and how much may be under way.
struct ApiLimits {
  int64_t future_revision_wait_ms = 3'000;  // for a list from a revision that is not there yet
  int64_t request_timeout_ms = 60'000;      // default and ceiling of ?timeout=
  int64_t watch_timeout_min_s = 1'800;      // a watch without timeoutSeconds ends after min..2*min
  int64_t bookmark_interval_ms = 60'000;
  size_t remaining_count_max = 20'000;    // further objects counted for remainingItemCount
  size_t in_flight_max = 4'096;           // requests that run or wait for a commit
  size_t in_flight_per_user_max = 1'024;  // and of one user, reads and writes each
  size_t queued_max = 4'096;              // requests that wait for their turn
  size_t queued_per_flow_max = 256;       // and of one user in one namespace
  size_t watches_max = 16'384;
  size_t watches_per_user_max = 4'096;
  int64_t event_ttl_ms = 3'600'000;  // how long Event objects are kept
};

struct Services {
  Loop& loop;
  store::ObjectStore& store;
  const Registry& registry;
  ObjectWriter& writer;
  WatchHub& watches;
  CommitWaiter& commits;
  CreatedForms& forms;
  const ApiLimits& limits;
};

struct Context {
  ExchangePtr exchange;
  RequestInfo info;
  User user;
  Access* access = nullptr;  // who judges what the user may do
  const kube::Schema* schema = nullptr;
  const ServedKind* kind = nullptr;
  OutputFormat format;
  std::vector<std::string> warnings;
  std::string audit_id;
  Instant now;  // when the request came
  // Runs when the request is answered (limits count on it).
  std::shared_ptr<void> in_flight;
  // Set when it was refused for want of room: the headers X-Kubernetes-PF-*.
  std::string_view flow_schema_uid, priority_level_uid;
  // Judges a new workload before anything is made of it; null: nobody does.
  const std::function<Status(const Context&)>* admit_submission = nullptr;

  const Request& request() const { return exchange->request(); }
  store::ObjectKey Key() const { return {kind->storage_resource, info.ns, info.name}; }
};
using ContextPtr = std::shared_ptr<Context>;

}  // namespace fairway::gateway::api
