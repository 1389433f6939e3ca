#include "gateway/config/settings.h"

#include <charconv>

#include "scheduler/resources.h"

namespace fairway::gateway {

namespace {

std::string ParseText(std::string& out, std::string_view text) {
  out = std::string(text);
  return {};
}

std::string ParseNumber(int64_t& out, std::string_view text, int64_t least, int64_t most) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return "not a whole number";
  if (value < least || value > most) {
    return "not between " + std::to_string(least) + " and " + std::to_string(most);
  }
  out = value;
  return {};
}

std::string Address(std::string& out, std::string_view text) {
  size_t colon = text.rfind(':');
  int64_t port = 0;
  if (colon == std::string_view::npos || colon == 0 ||
      !ParseNumber(port, text.substr(colon + 1), 0, 65535).empty()) {
    return "not an address with a port";
  }
  return ParseText(out, text);
}

std::string Quantity(std::string& out, std::string_view text) {
  if (!scheduler::ParseQuantityMilli(text)) return "not a Kubernetes quantity";
  return ParseText(out, text);
}

std::string ParseLevel(std::string& out, std::string_view text) {
  if (text != "debug" && text != "info" && text != "warning" && text != "error") {
    return "not a log level";
  }
  return ParseText(out, text);
}

std::string ParseNames(std::vector<std::string>& out, std::string_view text) {
  out.clear();
  while (!text.empty()) {
    size_t comma = text.find(',');
    if (comma != 0) out.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return {};
}

std::string Boolean(bool& out, std::string_view text) {
  if (text != "true" && text != "false") return "not true or false";
  out = text == "true";
  return {};
}

// Kueue's fairSharing.preemptionStrategies; the strict one comes first where there are both.
std::string Strategies(std::vector<std::string>& out, std::string_view text) {
  std::vector<std::string> names;
  ParseNames(names, text);
  if (names.empty() || names.size() > 2) return "not one or two strategies";
  for (const std::string& name : names) {
    if (name != "LessThanOrEqualToFinalShare" && name != "LessThanInitialShare") {
      return "not a strategy: " + name;
    }
  }
  if (names.size() == 2 && (names[0] == names[1] || names[0] != "LessThanOrEqualToFinalShare")) {
    return "LessThanOrEqualToFinalShare comes first";
  }
  out = std::move(names);
  return {};
}

std::string Join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ",") + name;
  return text;
}

}  // namespace

#define TEXT(key, flag, expect, help, field, parse)                                     \
  {                                                                                     \
    key, flag, expect, help,                                                            \
        [](Config& c, std::string_view t) -> std::string { return parse(c.field, t); }, \
        [](const Config& c) -> std::string { return c.field; }                          \
  }
#define NUMBER(key, flag, help, field, least, most)                            \
  {                                                                            \
    key, flag, "a whole number, " #least " to " #most, help,                   \
        [](Config& c, std::string_view t) -> std::string {                     \
          return ParseNumber(c.field, t, least, most);                         \
        },                                                                     \
        [](const Config& c) -> std::string { return std::to_string(c.field); } \
  }

// A 32-bit weight in hundredths.
std::string Weight(int32_t& out, std::string_view text) {
  int64_t value = 0;
  std::string problem = ParseNumber(value, text, 0, scheduler::kWeightMax);
  if (problem.empty()) out = static_cast<int32_t>(value);
  return problem;
}
#define WEIGHT(key, help, field)                                                                 \
  {                                                                                              \
    key, "", "a whole number, 0 to 10000", help,                                                 \
        [](Config& c, std::string_view t) -> std::string { return Weight(c.weights.field, t); }, \
        [](const Config& c) -> std::string { return std::to_string(c.weights.field); }           \
  }

#define BOOLEAN(key, flag, help, field)                                                   \
  {                                                                                       \
    key, flag, "true or false", help,                                                     \
        [](Config& c, std::string_view t) -> std::string { return Boolean(c.field, t); }, \
        [](const Config& c) -> std::string { return c.field ? "true" : "false"; }         \
  }

const std::vector<Setting>& Settings() {
  static const std::vector<Setting> settings = {
      TEXT("server.listen", "listen", "host:port", "where clients connect; port 0 picks a free one",
           listen, Address),
      {"server.names", "server-names", "names separated by commas",
       "further names and addresses that the server's own certificate is valid for",
       [](Config& c, std::string_view t) -> std::string { return ParseNames(c.server_names, t); },
       [](const Config& c) -> std::string { return Join(c.server_names); }},
      TEXT("server.certificateFile", "certificate-file", "a path",
           "PEM certificate chain; by default one is made and kept in the data directory",
           certificate_file, ParseText),
      TEXT("server.keyFile", "key-file", "a path", "PEM key of server.certificateFile", key_file,
           ParseText),
      TEXT("server.clientCAFile", "client-ca-file", "a path",
           "PEM certificates of the CAs that client certificates may come from, beside our own",
           client_ca_file, ParseText),
      TEXT(
          "server.tokenFile", "token-file", "a path",
          "bearer tokens, one a line: token,user,uid,\"group1,group2\"; read again when it changes",
          token_file, ParseText),
      NUMBER("server.connectionsMax", "", "open connections", connections_max, 1, 1000000),
      NUMBER("server.requestsInFlightMax", "",
             "requests that run or wait for the disk, a quarter of them of one user; more queue",
             requests_in_flight_max, 1, 1000000),
      NUMBER("server.requestsQueuedMax", "",
             "requests that wait for their turn; beyond it the longest queue gives way with 429",
             requests_queued_max, 1, 1000000),
      NUMBER("server.requestsQueuedPerFlowMax", "",
             "of these, of one user in one namespace; more get 429", requests_queued_per_flow_max,
             1, 1000000),
      NUMBER("server.watchersMax", "", "open watches; more get 429", watchers_max, 1, 1000000),
      NUMBER("limits.submissionsPerSecondPerUser", "",
             "Jobs and Workloads that a user may create a second; more get 429; 0: no limit",
             submissions_per_second_per_user, 0, 1000000),
      NUMBER("limits.submissionBurstPerUser", "",
             "how many of these at once after a pause; 0: as many as in one second",
             submission_burst_per_user, 0, 1000000),
      NUMBER("limits.submissionsPerSecondPerNamespace", "",
             "Jobs and Workloads that may be created in a namespace a second; 0: no limit",
             submissions_per_second_per_namespace, 0, 1000000),
      NUMBER("limits.submissionBurstPerNamespace", "",
             "how many of these at once after a pause; 0: as many as in one second",
             submission_burst_per_namespace, 0, 1000000),
      NUMBER("limits.pendingJobsMax", "",
             "Jobs that may wait for a cluster; further ones get 429; 0: no limit",
             pending_jobs_max, 0, 1000000000),
      NUMBER("limits.pendingJobsPerNamespaceMax", "",
             "Jobs of one namespace that may wait for a cluster; 0: no limit",
             pending_jobs_per_namespace_max, 0, 1000000000),
      TEXT("store.dataDirectory", "data-dir", "a path", "where everything is kept", data_directory,
           ParseText),
      NUMBER("store.watchHistorySeconds", "", "how far back a watch can resume",
             watch_history_seconds, 60, 604800),
      TEXT("store.backupDirectory", "backup-dir", "a path",
           "where `fairway backup` may write; by default backups/ in the data directory",
           backup_directory, ParseText),
      NUMBER("store.historyRecordsMax", "", "transitions of jobs and clusters that are remembered",
             history_records_max, 1000, 100000000),
      NUMBER("store.historyDays", "", "days that they are remembered", history_days, 1, 36500),
      NUMBER("members.dispatchInFlightMax", "",
             "dispatches under way at one member, at most: fewer while it is slow or refuses",
             dispatch_in_flight_max, 1, 1000),
      NUMBER("members.probeIntervalMs", "", "milliseconds between readiness probes of a member",
             probe_interval_ms, 100, 600000),
      NUMBER("members.probeTimeoutMs", "", "milliseconds a member may take to answer a probe",
             probe_timeout_ms, 100, 600000),
      NUMBER("members.requestTimeoutMs", "", "milliseconds a member may take to answer a request",
             request_timeout_ms, 100, 600000),
      WEIGHT("placement.weights.preferredAffinity",
             "hundredths that preferred cluster affinity counts in the score of a cluster",
             preferred_affinity),
      WEIGHT("placement.weights.spread", "hundredths that an emptier cluster counts", spread),
      WEIGHT("placement.weights.pack", "hundredths that a fuller cluster counts", pack),
      WEIGHT("placement.weights.balance",
             "hundredths that cpu and memory left in the same measure count", balance),
      WEIGHT("placement.weights.cost", "hundredths that a cheaper cluster counts", cost),
      WEIGHT("placement.weights.locality", "hundredths that preferred datasets of a cluster count",
             locality),
      WEIGHT("placement.weights.stability",
             "hundredths that the cluster where the job ran before counts", stability),
      NUMBER("failover.suspectAfterMs", "",
             "a cluster that is silent for so many milliseconds gets no new jobs", suspect_after_ms,
             100, 3600000),
      NUMBER("failover.unreachableAfterMs", "",
             "and after so many it is lost: jobs under fast move", unreachable_after_ms, 200,
             86400000),
      NUMBER("failover.leaseMs", "",
             "a copy under fenced ends by itself after so many milliseconds without renewal",
             lease_ms, 3000, 86400000),
      NUMBER("failover.clockSkewMaxMs", "",
             "how far a member's clock may move between two measurements", clock_skew_max_ms, 0,
             3600000),
      NUMBER("failover.guardMs", "", "added to the end of each lease", guard_ms, 0, 3600000),
      NUMBER("failover.probationMs", "",
             "a cluster that came back gets no new jobs for so long; doubles per loss",
             probation_ms, 0, 86400000),
      NUMBER("failover.probationMaxMs", "", "and no longer than this", probation_max_ms, 0,
             86400000),
      NUMBER("failover.isolationWindowMs", "",
             "clusters lost within so many milliseconds of each other: it is us, nothing moves",
             isolation_window_ms, 0, 86400000),
      NUMBER("failover.settleMaxMs", "",
             "after a start: how long placing waits for clusters that have not been heard yet",
             settle_max_ms, 0, 600000),
      NUMBER("failover.stalledAfterMs", "",
             "a copy not started for so long: its cluster's fences are not trusted",
             stalled_after_ms, 1000, 86400000),
      NUMBER("failover.movesPerSecond", "", "jobs that leave lost clusters per second",
             moves_per_second, 1, 100000),
      NUMBER("failover.movesBurst", "", "and at once", moves_burst, 1, 100000),
      NUMBER("failover.failbackAfterMs", "",
             "a job may go back once its cluster has been well, and it elsewhere, for so long",
             failback_after_ms, 1000, 86400000),
      NUMBER("failover.failbacksPerMinute", "", "jobs that go back per minute",
             failbacks_per_minute, 1, 60000),
      NUMBER("failover.failbacksMovingMax", "", "and that do not run again yet at a time",
             failbacks_moving_max, 1, 10000),
      NUMBER("failover.troubleAfterMs", "",
             "a copy that its cluster keeps from running for so long goes elsewhere",
             trouble_after_ms, 100, 86400000),
      NUMBER("failover.troubleAvoidMs", "", "and its job avoids that cluster for so long",
             trouble_avoid_ms, 1000, 86400000),
      NUMBER("failover.troubleMovesMax", "",
             "moves of one job because clusters could not run it; 0 = never", trouble_moves_max, 0,
             10),
      BOOLEAN(
          "rebalance.enabled", "",
          "whether jobs whose authors allow it are moved to better clusters without being asked",
          rebalance),
      NUMBER("rebalance.minGain", "", "points of score that another cluster must be better by",
             rebalance_gain_min, 1, 1000000),
      NUMBER("rebalance.minRunMs", "", "a job stays where it was placed for so long at least",
             rebalance_run_min_ms, 0, 864000000),
      NUMBER("rebalance.cooldownMs", "", "and for so long after its last epoch ended",
             rebalance_cooldown_ms, 1000, 864000000),
      NUMBER("rebalance.intervalMs", "", "when enabled: from one look at all jobs to the next",
             rebalance_every_ms, 1000, 86400000),
      NUMBER("rebalance.movesPerMinute", "", "jobs that are moved to better clusters per minute",
             rebalance_moves_per_minute, 1, 60000),
      NUMBER("rebalance.movingMax", "", "and that do not run again yet at a time",
             rebalance_moving_max, 1, 10000),
      BOOLEAN(
          "queues.fairSharing", "fair-sharing",
          "whether ClusterQueues share what they borrow by weight, as Kueue's fairSharing.enable",
          fair_sharing),
      {"queues.fairSharingStrategies", "",
       "LessThanOrEqualToFinalShare, LessThanInitialShare, or both with a comma between",
       "when preemption for the sake of fair shares is allowed",
       [](Config& c, std::string_view t) -> std::string {
         return Strategies(c.fair_sharing_strategies, t);
       },
       [](const Config& c) -> std::string { return Join(c.fair_sharing_strategies); }},
      NUMBER("queues.reserveAfterMs", "",
             "the first of a queue that has waited for so long is promised quota and room",
             reserve_after_ms, 1000, 864000000),
      NUMBER("queues.awaitEndsMs", "",
             "so long a preemption waits for victims that, by how long such jobs took, end by "
             "themselves; 0 = not at all",
             await_ends_ms, 0, 60000),
      TEXT("log.level", "log-level", "debug, info, warning or error",
           "the least level that is logged", log_level, ParseLevel),
      NUMBER("simulate.clusters", "simulate", "simulated member clusters to run in this process",
             simulate_clusters, 0, 64),
      NUMBER("simulate.nodes", "simulate-nodes", "nodes of a simulated cluster", simulate_nodes, 1,
             1000),
      TEXT("simulate.nodeCPU", "simulate-node-cpu", "a quantity", "CPU of a simulated node",
           simulate_cpu, Quantity),
      TEXT("simulate.nodeMemory", "simulate-node-memory", "a quantity",
           "memory of a simulated node", simulate_memory, Quantity),
      NUMBER("simulate.runMs", "simulate-run-ms", "milliseconds a simulated pod runs",
             simulate_run_ms, 0, 86400000),
  };
  return settings;
}

#undef TEXT
#undef NUMBER
#undef WEIGHT

const Setting* FindSetting(std::string_view key) {
  for (const Setting& setting : Settings()) {
    if (setting.key == key) return &setting;
  }
  return nullptr;
}

const Setting* FindFlag(std::string_view flag) {
  for (const Setting& setting : Settings()) {
    if (!setting.flag.empty() && setting.flag == flag) return &setting;
  }
  return nullptr;
}

}  // namespace fairway::gateway
