#include "gateway/serve/gateway.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "clusters/kube/schema/schema.h"
#include "clusters/log.h"
#include "gateway/api/api_server.h"
#include "gateway/api/event_recorder.h"
#include "gateway/api/stored_rbac.h"
#include "gateway/auth/admin_kubeconfig.h"
#include "gateway/auth/pki.h"
#include "gateway/auth/private_file.h"
#include "gateway/auth/rbac_access.h"
#include "gateway/auth/token_table.h"
#include "gateway/drill/plans.h"
#include "gateway/drill/service.h"
#include "gateway/driver/driver.h"
#include "gateway/fairness/pending_gauge.h"
#include "gateway/fairness/submission_limits.h"
#include "gateway/serve/backup_service.h"
#include "gateway/serve/configured_clusters.h"
#include "gateway/serve/gateway_id.h"
#include "gateway/serve/history_service.h"
#include "gateway/serve/job_defaults.h"
#include "gateway/serve/operator_service.h"
#include "gateway/serve/rebalance_service.h"
#include "gateway/server/server.h"
#include "gateway/version.h"
#include "gateway/whatif/service.h"
#include "store/object_store.h"
#include "store/rocks_journal.h"

namespace fairway::gateway {

namespace {

// Every kind of the schema but those that nothing here acts upon yet: a CronJob that is taken and
// never runs would be a lie.
std::vector<std::string> ServedKinds() {
  std::vector<std::string> served;
  for (const kube::KindInfo& kind : kube::Schema::Builtin().kinds()) {
    bool idle = kind.member_only || kind.resource == "cronjobs";
    if (kind.verbs.empty() || idle) continue;
    served.push_back(kind.api_version() + "/" + std::string(kind.resource));
  }
  return served;
}

SubmissionRules SubmissionRulesOf(const Config& config) {
  return {.user_per_second = config.submissions_per_second_per_user,
          .user_burst = config.submission_burst_per_user,
          .namespace_per_second = config.submissions_per_second_per_namespace,
          .namespace_burst = config.submission_burst_per_namespace,
          .pending_max = config.pending_jobs_max,
          .pending_per_namespace_max = config.pending_jobs_per_namespace_max};
}

bool LimitsSubmissions(const Config& config) {
  return config.submissions_per_second_per_user > 0 ||
         config.submissions_per_second_per_namespace > 0 || config.pending_jobs_max > 0 ||
         config.pending_jobs_per_namespace_max > 0;
}

struct HostPort {
  std::string host;
  uint16_t port = 0;
};

// The configuration has checked the form.
HostPort SplitAddress(const std::string& address) {
  size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  return {host, static_cast<uint16_t>(std::stoi(address.substr(colon + 1)))};
}

}  // namespace

namespace {

scheduler::QuotaSettings QuotaSettingsOf(const Config& config) {
  using scheduler::FairStrategies;
  scheduler::QuotaSettings settings;
  settings.fair_sharing = config.fair_sharing;
  settings.reserve_after = Milliseconds(config.reserve_after_ms);
  settings.ends_awaited = Milliseconds(config.await_ends_ms);
  if (config.fair_sharing_strategies.size() == 1) {
    settings.strategies = config.fair_sharing_strategies.front() == "LessThanInitialShare"
                              ? FairStrategies::kInitialOnly
                              : FairStrategies::kFinalOnly;
  }
  return settings;
}

scheduler::FailoverConfig FailoverOf(const Config& config) {
  scheduler::FailoverConfig out;
  out.suspect_after = Milliseconds(config.suspect_after_ms);
  out.unreachable_after = Milliseconds(config.unreachable_after_ms);
  out.lease = Milliseconds(config.lease_ms);
  out.clock_skew_max = Milliseconds(config.clock_skew_max_ms);
  out.guard = Milliseconds(config.guard_ms);
  out.probation = Milliseconds(config.probation_ms);
  out.probation_max = Milliseconds(std::max(config.probation_ms, config.probation_max_ms));
  out.isolation_window = Milliseconds(config.isolation_window_ms);
  out.settle_max = Milliseconds(config.settle_max_ms);
  out.stalled_after = Milliseconds(config.stalled_after_ms);
  out.moves_per_second = config.moves_per_second;
  out.moves_burst = config.moves_burst;
  out.failback_after = Milliseconds(config.failback_after_ms);
  out.failbacks_per_minute = config.failbacks_per_minute;
  out.failbacks_moving_max = config.failbacks_moving_max;
  out.trouble_after = Milliseconds(config.trouble_after_ms);
  out.trouble_avoid = Milliseconds(config.trouble_avoid_ms);
  out.trouble_moves_max = config.trouble_moves_max;
  out.rebalance.enabled = config.rebalance;
  out.rebalance.gain_min = config.rebalance_gain_min;
  out.rebalance.run_min = Milliseconds(config.rebalance_run_min_ms);
  out.rebalance.cooldown = Milliseconds(config.rebalance_cooldown_ms);
  out.rebalance.every = Milliseconds(config.rebalance_every_ms);
  out.rebalance.moves_per_minute = config.rebalance_moves_per_minute;
  out.rebalance.moving_max = config.rebalance_moving_max;
  return out;
}

}  // namespace

struct Gateway::Impl {
  Loop& loop;
  Config config;
  std::string gateway_id, url, kubeconfig_path;
  std::unique_ptr<store::RocksJournal> journal;
  std::unique_ptr<store::ObjectStore> store;
  std::optional<Pki> pki;
  TokenTable tokens;
  std::unique_ptr<api::StoredRbac> stored_roles;
  std::unique_ptr<RbacAccess> access;
  std::unique_ptr<api::ApiServer> api;
  std::vector<std::unique_ptr<SimulatedCluster>> simulated;
  std::unique_ptr<Driver> driver;
  std::unique_ptr<DrillService> drills;
  std::unique_ptr<DrillPlans> drill_plans;
  std::unique_ptr<BackupService> backups;
  std::unique_ptr<HistoryService> history;
  std::unique_ptr<OperatorService> operators;
  std::unique_ptr<RebalanceService> rebalances;
  std::unique_ptr<WhatIfService> what_if;
  std::unique_ptr<HttpsServer> server;
  PendingGauge pending;
  std::unique_ptr<SubmissionLimits> submissions;
  Call renewal;

  Impl(Loop& l, Config c) : loop(l), config(std::move(c)) {}

  Status Start();
  Status OpenStore();
  Status OpenPki();
  Result<TlsIdentity> Identity() const;
  Status StartApi();
  Status StartDriver();
  Status Listen();
  void RenewCertificates();
};

Status Gateway::Impl::Start() {
  for (auto step :
       {&Impl::OpenStore, &Impl::OpenPki, &Impl::StartApi, &Impl::StartDriver, &Impl::Listen}) {
    if (Status done = (this->*step)(); !done) return done;
  }
  return {};
}

Status Gateway::Impl::OpenStore() {
  if (Status made = MakePrivateDirectory(config.data_directory); !made) return made;
  store::RocksJournal::Options options;
  options.path = config.data_directory + "/store";
  options.post = [this](std::function<void()> fn) { loop.Post(std::move(fn)); };
  auto opened = store::RocksJournal::Open(std::move(options));
  if (!opened) return Fail(opened.error());
  journal = std::move(*opened);
  store::ObjectStore::Limits limits;
  limits.log_retention_ms = config.watch_history_seconds * 1000;
  store = std::make_unique<store::ObjectStore>(
      *journal, [this](std::function<void()> fn) { loop.AtTurnEnd(std::move(fn)); }, limits,
      [this] { return loop.Now(); });
  journal->OnHealth([](const store::Health& health) {
    if (health.writable) {
      Log(LogLevel::kWarning, "the store takes writes again");
    } else {
      Log(LogLevel::kError, "the store takes no writes: {}", health.error);
    }
  });
  auto id = journal->GetMeta(kGatewayIdMeta);
  if (!id) return Fail(id.error());
  gateway_id = id->value_or("");
  if (IsUsableGatewayId(gateway_id)) return {};
  gateway_id = NewGatewayId();
  return journal->PutMeta(kGatewayIdMeta, gateway_id);
}

Status Gateway::Impl::OpenPki() {
  auto opened = Pki::Open(config.data_directory + "/pki", config.server_names, loop.Now());
  if (!opened) return Fail(opened.error());
  pki = std::move(*opened);
  return {};
}

Result<TlsIdentity> Gateway::Impl::Identity() const {
  TlsIdentity identity = pki->identity();
  if (!config.certificate_file.empty()) {
    auto certificate = ReadTextFile(config.certificate_file);
    if (!certificate) return Fail(certificate.error());
    auto key = ReadTextFile(config.key_file);
    if (!key) return Fail(key.error());
    identity.certificate_chain = *certificate;
    identity.private_key = *key;
  }
  if (!config.client_ca_file.empty()) {
    auto ca = ReadTextFile(config.client_ca_file);
    if (!ca) return Fail(ca.error());
    identity.client_ca += *ca;
  }
  return identity;
}

Status Gateway::Impl::StartApi() {
  if (!config.token_file.empty()) {
    if (Status loaded = tokens.Load(config.token_file); !loaded) return loaded;
  }
  stored_roles = std::make_unique<api::StoredRbac>(*store);
  if (Status loaded = stored_roles->Load(); !loaded) return loaded;
  access = std::make_unique<RbacAccess>(loop, tokens, *stored_roles);
  api::ApiServerOptions options;
  options.access = access.get();
  options.served = ServedKinds();
  options.uncollected = {"placements.fairway.flext.sh"};  // the Driver removes them with their Jobs
  options.version.major = kKubernetesMajor;
  options.version.minor = kKubernetesMinor;
  options.version.git_version = std::string("v") + kKubernetesMajor + "." + kKubernetesMinor +
                                ".0+fairway-" + kFairwayVersion;
  options.root_ca_pem = pki->ca_certificate();
  BackupService::Options backup;
  backup.root = config.backup_directory.empty() ? config.data_directory + "/backups"
                                                : config.backup_directory;
  backup.store_path = config.data_directory + "/store";
  backup.pki_path = config.data_directory + "/pki";
  backup.gateway = gateway_id;
  backups = std::make_unique<BackupService>(loop, *journal, std::move(backup));
  history = std::make_unique<HistoryService>(loop, *journal,
                                             static_cast<uint64_t>(config.history_records_max),
                                             Seconds(config.history_days * 86'400));
  operators = std::make_unique<OperatorService>(loop, [this] { return driver.get(); });
  rebalances = std::make_unique<RebalanceService>([this] { return driver.get(); });
  what_if = std::make_unique<WhatIfService>(loop, *journal, FailoverOf(config));
  options.routes = {
      {std::string(kRebalancePlanPath),
       [this](ExchangePtr e) { rebalances->HandlePlan(std::move(e)); }},
      {std::string(kRebalancePath), [this](ExchangePtr e) { rebalances->Handle(std::move(e)); }},
      {std::string(kPlansPath), [this](ExchangePtr e) { operators->HandlePlans(std::move(e)); }},
      {std::string(kFreezePath), [this](ExchangePtr e) { operators->HandleFreeze(std::move(e)); }},
      {std::string(kWhatIfPath), [this](ExchangePtr e) { what_if->Handle(std::move(e)); }},
      {std::string(kBackupsPath), [this](ExchangePtr e) { backups->Handle(std::move(e)); }},
      {std::string(kHistoryPath), [this](ExchangePtr e) { history->Handle(std::move(e)); }}};
  options.limits.in_flight_max = static_cast<size_t>(config.requests_in_flight_max);
  options.limits.in_flight_per_user_max = std::max<size_t>(1, options.limits.in_flight_max / 4);
  options.limits.queued_max = static_cast<size_t>(config.requests_queued_max);
  options.limits.queued_per_flow_max = static_cast<size_t>(config.requests_queued_per_flow_max);
  if (LimitsSubmissions(config)) {
    submissions = std::make_unique<SubmissionLimits>(SubmissionRulesOf(config));
    options.admit_submission = [this](const api::Context& context) {
      return submissions->Admit(context.user.name, context.info.ns, loop.Now(), pending);
    };
  }
  options.limits.watches_max = static_cast<size_t>(config.watchers_max);
  api = std::make_unique<api::ApiServer>(loop, *store, std::move(options));
  api->health().AddReadiness("store", [this]() -> Status {
    store::Health health = journal->health();
    if (health.writable) return {};
    return Fail(Error{.code = 503, .reason = "ServiceUnavailable", .message = health.error});
  });
  api->health().AddReadiness("restore", [this]() -> Status {
    std::string awaited = driver == nullptr ? "" : driver->AwaitedInventory();
    if (awaited.empty()) return {};
    return Fail(Error{.code = 503,
                      .reason = "ServiceUnavailable",
                      .message = "restored: the inventory is awaited of " + awaited});
  });
  if (HasJobDefaults(config.job_defaults)) {
    api->writer().SetInitialDefaults(
        "jobs.batch",
        [defaults = config.job_defaults](kube::Object& job) { FillJobDefaults(defaults, job); });
  }
  return api->Start();
}

Status Gateway::Impl::StartDriver() {
  DriverOptions options;
  options.gateway_id = gateway_id;
  options.weights = config.weights;
  if (config.pending_jobs_max > 0 || config.pending_jobs_per_namespace_max > 0) {
    options.pending = &pending;
  }
  options.history = journal.get();
  clusters::MemberLimits& limits = options.member_limits;
  limits.dispatch_in_flight_max = static_cast<int>(config.dispatch_in_flight_max);
  limits.probe_interval_ms = config.probe_interval_ms;
  limits.probe_timeout_ms = config.probe_timeout_ms;
  limits.request_timeout_ms = config.request_timeout_ms;
  options.failover = FailoverOf(config);

  options.quota = QuotaSettingsOf(config);
  auto started = StartSimulated(loop, config);
  if (!started) return Fail(started.error());
  simulated = std::move(*started);
  auto configured = ResolveConfigured(config, simulated);
  if (!configured) return Fail(configured.error());
  for (const ConfiguredAccess& cluster : *configured) {
    options.trusted_clusters.emplace(cluster.name, cluster.access);
  }
  if (Status stored = StoreConfigured(*configured, api->writer()); !stored) return stored;
  const EventSink tell = [this](const store::ObjectKey& about, std::string_view type,
                                std::string_view reason, std::string message) {
    api->events().Record(about, type, reason, message);
  };
  driver = std::make_unique<Driver>(loop, api->writer(), std::move(options), tell);
  if (Status driving = driver->Start(); !driving) return driving;
  what_if->Bind(api->writer(), *driver);
  drills = std::make_unique<DrillService>(loop, *journal, api->writer(), *driver, tell);
  if (Status drilling = drills->Start(); !drilling) return drilling;
  drill_plans = std::make_unique<DrillPlans>(loop, api->writer(), tell);
  if (Status planning = drill_plans->Start(); !planning) return planning;
  return {};
}

Status Gateway::Impl::Listen() {
  auto identity = Identity();
  if (!identity) return Fail(identity.error());
  HostPort address = SplitAddress(config.listen);
  ServerLimits limits;
  limits.connections_max = static_cast<size_t>(config.connections_max);
  auto listening =
      HttpsServer::Create(loop, address.host, address.port, *identity, limits,
                          [this](ExchangePtr exchange) { api->Handle(std::move(exchange)); });
  if (!listening) return Fail(listening.error());
  server = std::move(*listening);
  url = ServerUrl(address.host, server->port());
  RenewCertificates();
  constexpr int64_t kRenewalMs = 86'400'000;
  renewal = loop.StartRepeating(kRenewalMs, [this] { RenewCertificates(); });
  return {};
}

void Gateway::Impl::RenewCertificates() {
  auto changed = pki->Renew(loop.Now());
  if (!changed) {
    Log(LogLevel::kError, "certificates not renewed: {}", changed.error().message);
    return;
  }
  if (*changed) {
    auto identity = Identity();
    Status replaced =
        identity ? server->ReplaceIdentity(*identity) : Status(Fail(identity.error()));
    if (!replaced) Log(LogLevel::kError, "certificates not replaced: {}", replaced.error().message);
  }
  kubeconfig_path = config.data_directory + "/admin.kubeconfig";
  KubeconfigFacts facts;
  facts.server = url;
  facts.ca_certificate = pki->ca_certificate();
  facts.client = pki->admin();
  facts.default_namespace = config.default_namespace;
  if (!config.certificate_file.empty()) {
    auto chain = ReadTextFile(config.certificate_file);
    if (chain) facts.ca_certificate = *chain;
  }
  if (Status written = WriteKubeconfig(kubeconfig_path, facts); !written) {
    Log(LogLevel::kError, "{}", written.error().message);
  }
}

Gateway::Gateway(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Gateway::~Gateway() = default;

Result<std::unique_ptr<Gateway>> Gateway::Start(Loop& loop, Config config) {
  auto impl = std::make_unique<Impl>(loop, std::move(config));
  if (Status started = impl->Start(); !started) return Fail(started.error());
  return std::unique_ptr<Gateway>(new Gateway(std::move(impl)));
}

void Gateway::Drain(int64_t grace_ms, std::function<void()> drained) {
  impl_->server->Drain(grace_ms, std::move(drained));
}

const std::string& Gateway::url() const { return impl_->url; }
const std::string& Gateway::kubeconfig_path() const { return impl_->kubeconfig_path; }
const std::vector<std::unique_ptr<SimulatedCluster>>& Gateway::simulated() const {
  return impl_->simulated;
}

}  // namespace fairway::gateway
