// The pod's row: its Status column tells what its containers are doing, which the phase does not.
#include <string>

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/table/columns.h"
#include "clusters/kube/time.h"

namespace fairway::kube {
namespace {

struct PodSummary {
  std::string status;
  int64_t ready = 0, total = 0, restarts = 0;
  std::string last_restart;  // RFC 3339; texts of one form, so that they compare as times
};

bool IsTrue(const Object& pod, std::string_view type) {
  bool found = false;
  ForEachObject(ObjectOrEmpty(pod, "status"), "conditions", [&](const Object& condition, size_t) {
    found |= GetString(condition, {"type"}) == type && GetString(condition, {"status"}) == "True";
  });
  return found;
}

bool IsSidecar(const Object& spec, std::string_view name) {
  bool sidecar = false;
  ForEachObject(spec, "initContainers", [&](const Object& container, size_t) {
    sidecar |= GetString(container, {"name"}) == name &&
               GetString(container, {"restartPolicy"}) == "Always";
  });
  return sidecar;
}

void CountRestarts(const Object& container, PodSummary& summary) {
  summary.restarts += GetInt(container, "restartCount").value_or(0);
  const std::string_view ended = GetString(container, {"lastState", "terminated", "finishedAt"});
  if (ended > summary.last_restart) summary.last_restart = ended;
}

// "Error", or the signal or exit code where the kubelet gave no reason.
std::string EndReason(const Object& terminated) {
  const std::string_view reason = GetString(terminated, {"reason"});
  if (!reason.empty()) return std::string(reason);
  const int64_t signal = GetInt(terminated, "signal").value_or(0);
  if (signal != 0) return "Signal:" + std::to_string(signal);
  return "ExitCode:" + std::to_string(GetInt(terminated, "exitCode").value_or(0));
}

// What an init container says about the pod; "" when it does not hold it up.
std::string InitStatus(const Object& container, bool sidecar, size_t index, size_t count) {
  const Object* terminated = GetObject(container, {"state", "terminated"});
  if (terminated != nullptr && GetInt(*terminated, "exitCode").value_or(0) == 0) return {};
  if (sidecar && Get<bool>(container, {"started"}).value_or(false)) return {};
  if (terminated != nullptr) return "Init:" + EndReason(*terminated);
  const std::string_view waiting = GetString(container, {"state", "waiting", "reason"});
  if (!waiting.empty() && waiting != "PodInitializing") return "Init:" + std::string(waiting);
  return "Init:" + std::to_string(index) + "/" + std::to_string(count);
}

// True while the init containers hold the pod up.
bool SummarizeInit(const Object& pod, PodSummary& summary, PodSummary& sidecars) {
  const Object& spec = ObjectOrEmpty(pod, "spec");
  const size_t count = CountItems(spec, "initContainers");
  bool holding = false;
  ForEachObject(ObjectOrEmpty(pod, "status"), "initContainerStatuses",
                [&](const Object& container, size_t i) {
                  if (holding) return;
                  const bool sidecar = IsSidecar(spec, GetString(container, {"name"}));
                  CountRestarts(container, summary);
                  if (sidecar) CountRestarts(container, sidecars);
                  const std::string status = InitStatus(container, sidecar, i, count);
                  if (!status.empty()) {
                    summary.status = status;
                    holding = true;
                  } else if (sidecar && Get<bool>(container, {"ready"}).value_or(false) &&
                             GetObject(container, {"state", "terminated"}) == nullptr) {
                    ++summary.ready;
                  }
                });
  return holding;
}

void SummarizeContainers(const Object& pod, PodSummary& summary) {
  const Array* containers = GetArray(pod, {"status", "containerStatuses"});
  bool running = false;
  std::string error;
  for (size_t i = containers == nullptr ? 0 : containers->size(); i-- > 0;) {
    const Object* container = (*containers)[i].if_object();
    if (container == nullptr) continue;
    CountRestarts(*container, summary);
    const std::string_view waiting = GetString(*container, {"state", "waiting", "reason"});
    const Object* terminated = GetObject(*container, {"state", "terminated"});
    if (!waiting.empty()) {
      summary.status = waiting;
    } else if (terminated != nullptr) {
      summary.status = EndReason(*terminated);
      if (GetInt(*terminated, "exitCode").value_or(0) != 0) error = summary.status;
    } else if (Get<bool>(*container, {"ready"}).value_or(false) &&
               GetObject(*container, {"state", "running"}) != nullptr) {
      running = true;
      ++summary.ready;
    }
  }
  // One container is through, others may still run.
  if (summary.status != "Completed") return;
  if (running && IsTrue(pod, "Ready")) {
    summary.status = "Running";
  } else if (!error.empty()) {
    summary.status = error;
  } else if (running) {
    summary.status = "NotReady";
  }
}

PodSummary Summarize(const Object& pod) {
  const Object& spec = ObjectOrEmpty(pod, "spec");
  const Object& status = ObjectOrEmpty(pod, "status");
  const std::string_view phase = GetString(status, {"phase"});
  const std::string_view reason = GetString(status, {"reason"});
  PodSummary summary;
  summary.status = reason.empty() ? phase : reason;
  ForEachObject(status, "conditions", [&](const Object& condition, size_t) {
    if (GetString(condition, {"type"}) == "PodScheduled" &&
        GetString(condition, {"reason"}) == "SchedulingGated") {
      summary.status = "SchedulingGated";
    }
  });
  summary.total = static_cast<int64_t>(CountItems(spec, "containers"));
  ForEachObject(spec, "initContainers", [&](const Object& container, size_t) {
    summary.total += GetString(container, {"restartPolicy"}) == "Always" ? 1 : 0;
  });
  PodSummary sidecars;
  const bool holding = SummarizeInit(pod, summary, sidecars);
  if (!holding || IsTrue(pod, "Initialized")) {
    // Restarts of finished init containers are of no more interest.
    summary.restarts = sidecars.restarts;
    summary.last_restart = sidecars.last_restart;
    SummarizeContainers(pod, summary);
  }
  if (!GetString(pod, {"metadata", "deletionTimestamp"}).empty()) {
    if (reason == "NodeLost") {
      summary.status = "Unknown";
    } else if (phase != "Succeeded" && phase != "Failed") {
      summary.status = "Terminating";
    }
  }
  return summary;
}

std::string ReadinessGates(const Object& pod) {
  const Object& spec = ObjectOrEmpty(pod, "spec");
  const size_t count = CountItems(spec, "readinessGates");
  if (count == 0) return "<none>";
  int64_t fulfilled = 0;
  ForEachObject(spec, "readinessGates", [&](const Object& gate, size_t) {
    fulfilled += IsTrue(pod, GetString(gate, {"conditionType"})) ? 1 : 0;
  });
  return std::to_string(fulfilled) + "/" + std::to_string(count);
}

}  // namespace

void FillPod(const Object& doc, Instant now, Array& cells) {
  const PodSummary summary = Summarize(doc);
  std::string restarts = std::to_string(summary.restarts);
  if (summary.restarts != 0 && !summary.last_restart.empty()) {
    restarts += " (" + HumanAge(summary.last_restart, now) + " ago)";
  }
  const Array* ips = GetArray(doc, {"status", "podIPs"});
  const std::string_view ip = ips == nullptr || ips->empty() ? "" : GetString((*ips)[0], {"ip"});
  cells.push_back(NameCell(doc));
  cells.emplace_back(std::to_string(summary.ready) + "/" + std::to_string(summary.total));
  cells.emplace_back(summary.status);
  cells.emplace_back(restarts);
  cells.push_back(AgeCell(doc, now));
  cells.emplace_back(ip.empty() ? "<none>" : ip);
  cells.push_back(TextCell(doc, {"spec", "nodeName"}, "<none>"));
  cells.push_back(TextCell(doc, {"status", "nominatedNodeName"}, "<none>"));
  cells.emplace_back(ReadinessGates(doc));
}

}  // namespace fairway::kube
