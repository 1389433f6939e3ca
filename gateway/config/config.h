// Config: everything that can be set about one gateway, as a plain value. Made by LoadConfig from
// defaults, one YAML file, the environment and flags, in rising precedence.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "scheduler/policy/rules.h"
#include "scheduler/result.h"

namespace fairway::gateway {

// A member cluster that the configuration file names. Its kubeconfig is the operator's own file, so
// it may use files and exec plugins.
struct ConfiguredCluster {
  std::string name;
  std::string kubeconfig;  // path; ~ is the home directory
  std::string context;     // "" = current-context
  std::map<std::string, std::string> labels;
};

// The seed's `kubernetes_runtime.resources` and `.jobs`: what a Job gets where its author set
// nothing.
struct JobDefaults {
  std::string cpu_request, cpu_limit, memory_request, memory_limit;  // quantities; "" = none
  int64_t active_deadline_seconds = -1;                              // -1 = none
  int64_t backoff_limit = -1, completions = -1, parallelism = -1;
};

struct Config {
  // server
  std::string listen = "127.0.0.1:7443";
  std::vector<std::string> server_names;  // further subject names of the certificate
  std::string certificate_file, key_file, client_ca_file;  // "" = made in the data directory
  std::string token_file;                                  // kube-apiserver's static token format
  int64_t connections_max = 4096;
  int64_t requests_in_flight_max = 1024;
  int64_t watchers_max = 20'000;
  int64_t requests_queued_max = 4096;
  int64_t requests_queued_per_flow_max = 256;
  // limits; 0 = none
  int64_t submissions_per_second_per_user = 0, submission_burst_per_user = 0;
  int64_t submissions_per_second_per_namespace = 0, submission_burst_per_namespace = 0;
  int64_t pending_jobs_max = 2'000'000, pending_jobs_per_namespace_max = 0;
  // store
  std::string data_directory = "fairway-data";
  int64_t watch_history_seconds = 3600;
  std::string backup_directory;  // backups go below it; "" = backups/ in the data directory
  int64_t history_records_max = 500'000;
  int64_t history_days = 30;
  // members
  int64_t dispatch_in_flight_max = 64;
  int64_t probe_interval_ms = 2000;
  int64_t probe_timeout_ms = 5000;
  int64_t request_timeout_ms = 30'000;
  // placement
  scheduler::ScoreWeights weights;
  // failover, in milliseconds (scheduler/failover/config.h)
  int64_t suspect_after_ms = 5'000;
  int64_t unreachable_after_ms = 30'000;
  int64_t lease_ms = 120'000;
  int64_t clock_skew_max_ms = 5'000;
  int64_t guard_ms = 10'000;
  int64_t probation_ms = 60'000, probation_max_ms = 1'800'000;
  int64_t isolation_window_ms = 60'000;
  int64_t settle_max_ms = 3'000;
  int64_t stalled_after_ms = 60'000;
  int64_t moves_per_second = 500, moves_burst = 500;
  int64_t failback_after_ms = 600'000;
  int64_t failbacks_per_minute = 10, failbacks_moving_max = 5;
  int64_t trouble_after_ms = 120'000, trouble_avoid_ms = 600'000, trouble_moves_max = 3;
  // rebalance (scheduler/failover/rebalance.h)
  bool rebalance = false;
  int64_t rebalance_gain_min = 300;
  int64_t rebalance_run_min_ms = 300'000, rebalance_cooldown_ms = 3'600'000;
  int64_t rebalance_every_ms = 60'000;
  int64_t rebalance_moves_per_minute = 6, rebalance_moving_max = 2;
  // queues
  bool fair_sharing = false;
  std::vector<std::string> fair_sharing_strategies = {"LessThanOrEqualToFinalShare",
                                                      "LessThanInitialShare"};
  int64_t reserve_after_ms = 300'000;
  int64_t await_ends_ms = 1'000;
  // log
  std::string log_level = "info";
  // simulate
  int64_t simulate_clusters = 0;
  int64_t simulate_nodes = 3;
  std::string simulate_cpu = "8", simulate_memory = "32Gi";  // of one node
  int64_t simulate_run_ms = 1000;

  // Of admin.kubeconfig's context; the seed's kubernetes_runtime.cluster.namespace.
  std::string default_namespace;

  std::vector<ConfiguredCluster> clusters;
  JobDefaults job_defaults;
};

// One mistake, where it is and what was expected.
struct ConfigError {
  std::string where;  // fairway.yaml:12, FAIRWAY_SERVER_LISTEN, --listen
  std::string key;    // server.listen
  std::string message;
};

// One line per mistake.
std::string FormatConfigErrors(const std::vector<ConfigError>& errors);

struct ConfigSources {
  std::string file_name;  // for messages; "" = no file
  std::string file_text;
  std::map<std::string, std::string> environment;          // FAIRWAY_* only
  std::vector<std::pair<std::string, std::string>> flags;  // {"listen", "0.0.0.0:7443"}
};

// All mistakes of all sources at once; nothing is half-applied.
struct ConfigResult {
  Config config;
  std::vector<ConfigError> errors;
};
ConfigResult LoadConfig(const ConfigSources& sources);

// The reference of every setting, for --help and docs/operating/configuration.md.
std::string ConfigReference();

}  // namespace fairway::gateway
