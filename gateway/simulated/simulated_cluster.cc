#include "gateway/simulated/simulated_cluster.h"

#include <utility>
#include <vector>

#include "gateway/api/api_server.h"
#include "gateway/auth/certificates.h"
#include "gateway/server/server.h"
#include "gateway/simulated/job_controller.h"
#include "gateway/simulated/kubelet.h"
#include "store/memory_journal.h"
#include "store/object_store.h"

namespace fairway::gateway {

namespace {

// A member's watch history; a client that falls further behind has to list again.
constexpr size_t kLogChangesMax = 200'000;
constexpr int64_t kCertificateDays = 365;

}  // namespace

struct SimulatedCluster::Impl {
  Loop& loop;
  SimulatedOptions options;
  clusters::Access access;
  std::unique_ptr<store::MemoryJournal> journal;
  std::unique_ptr<store::ObjectStore> store;
  std::unique_ptr<api::ApiServer> api;
  std::unique_ptr<SimulatedKubelet> kubelet;
  std::unique_ptr<SimulatedJobController> jobs;
  std::unique_ptr<FaultInjector> faults;
  std::unique_ptr<HttpsServer> server;

  Status Start();
  Status Listen();
  Status LoseState();
};

Status SimulatedCluster::Impl::Start() {
  store::MemoryJournal::Options memory;
  memory.post = [this](std::function<void()> fn) { loop.Post(std::move(fn)); };
  memory.log_changes_max = kLogChangesMax;
  journal = std::make_unique<store::MemoryJournal>(std::move(memory));
  store = std::make_unique<store::ObjectStore>(
      *journal, [this](std::function<void()> fn) { loop.AtTurnEnd(std::move(fn)); },
      store::ObjectStore::Limits{}, [this] { return loop.Now(); });

  std::string token = RandomToken(24);
  api::ApiServerOptions api_options;
  api_options.served = {"v1/namespaces",      "v1/configmaps", "v1/secrets",
                        "v1/serviceaccounts", "v1/pods",       "v1/nodes",
                        "v1/events",          "batch/v1/jobs", "coordination.k8s.io/v1/leases"};
  api_options.static_token = token;
  api_options.version.git_version = "v1.33.0-simulated";
  api = std::make_unique<api::ApiServer>(loop, *store, std::move(api_options));
  if (Status started = api->Start(); !started) return started;
  kubelet = std::make_unique<SimulatedKubelet>(loop, api->writer(), options.run_ms);
  if (Status started = kubelet->Start(options.nodes, options.per_node); !started) return started;
  jobs = std::make_unique<SimulatedJobController>(loop, api->writer());
  jobs->Start();
  faults = std::make_unique<FaultInjector>(
      loop, [this](ExchangePtr exchange) { api->Handle(std::move(exchange)); },
      FaultInjector::Hooks{.changed =
                               [this](const Faults& set) {
                                 kubelet->Freeze(set.freeze);
                                 kubelet->DenyImages(set.no_images);
                                 jobs->Freeze(set.freeze);
                                 jobs->DenyPods(set.no_pods);
                               },
                           .lose_nodes = [this] { kubelet->LosePods(); },
                           .lose_state = [this] { return LoseState(); }},
      options.seed);
  access.identity.token = token;
  return Listen();
}

Status SimulatedCluster::Impl::Listen() {
  auto ca = MakeCa("simulated-" + options.name, loop.Now(), kCertificateDays);
  if (!ca) return Fail(ca.error());
  auto pair = IssueServerCertificate(*ca, {"localhost", "127.0.0.1"}, loop.Now(), kCertificateDays);
  if (!pair) return Fail(pair.error());
  TlsIdentity identity{pair->certificate, pair->private_key, ca->certificate};
  auto listening = HttpsServer::Create(loop, "127.0.0.1", 0, identity, ServerLimits{},
                                       [this](ExchangePtr e) { faults->Handle(std::move(e)); });
  if (!listening) return Fail(listening.error());
  server = std::move(*listening);
  access.context = options.name;
  access.endpoint.server = "https://127.0.0.1:" + std::to_string(server->port());
  access.endpoint.ca_pem = ca->certificate;
  return {};
}

// As after a restore from an empty backup: the cluster answers, but knows nothing of what it ran.
Status SimulatedCluster::Impl::LoseState() {
  for (const char* resource : {"jobs.batch", "pods", "configmaps", "secrets", "events"}) {
    std::vector<store::ObjectKey> keys;
    Status read = store->ScanLatest({resource, "", std::nullopt}, [&](const store::Object& object) {
      keys.push_back(object.key);
      return true;
    });
    if (!read) return read;
    for (const store::ObjectKey& key : keys) {
      auto gone = api->writer().Delete(
          key, {.propagation = api::Propagation::kBackground, .grace_period_seconds = 0});
      if (!gone && gone.error().code != 404) return Fail(gone.error());
    }
  }
  return {};
}

SimulatedCluster::SimulatedCluster(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SimulatedCluster::~SimulatedCluster() = default;

Result<std::unique_ptr<SimulatedCluster>> SimulatedCluster::Create(Loop& loop,
                                                                   SimulatedOptions options) {
  auto impl = std::unique_ptr<Impl>(new Impl{.loop = loop,
                                             .options = std::move(options),
                                             .access = {},
                                             .journal = nullptr,
                                             .store = nullptr,
                                             .api = nullptr,
                                             .kubelet = nullptr,
                                             .jobs = nullptr,
                                             .faults = nullptr,
                                             .server = nullptr});
  if (Status started = impl->Start(); !started) return Fail(started.error());
  return std::unique_ptr<SimulatedCluster>(new SimulatedCluster(std::move(impl)));
}

const clusters::Access& SimulatedCluster::access() const { return impl_->access; }
FaultInjector& SimulatedCluster::faults() { return *impl_->faults; }
const std::string& SimulatedCluster::name() const { return impl_->options.name; }

}  // namespace fairway::gateway
