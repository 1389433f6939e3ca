#include "gateway/simulated/kubelet.h"

#include <charconv>
#include <utility>

#include "clusters/kube/json.h"
#include "clusters/kube/kinds/job_spec.h"
#include "clusters/kube/time.h"
#include "clusters/log.h"
#include "scheduler/names.h"

namespace fairway::gateway {

using kube::Array;
using kube::Object;
using kube::Value;

namespace {

int64_t NumberOf(const Object& pod, std::string_view annotation, int64_t otherwise) {
  std::string_view text = kube::GetString(pod, {"metadata", "annotations", annotation});
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && error == std::errc() && end == text.data() + text.size() ? value
                                                                                   : otherwise;
}

bool Ended(const Object& pod) {
  std::string_view phase = kube::GetString(pod, {"status", "phase"});
  return phase == "Succeeded" || phase == "Failed";
}

Object NodeAmounts(const scheduler::Resources& resources) {
  return Object{{"cpu", std::to_string(resources.cpu_milli) + "m"},
                {"memory", std::to_string(resources.memory_bytes)},
                {"pods", std::to_string(resources.pods)}};
}

Object PodCondition(std::string_view type, bool holds, const std::string& time) {
  return Object{{"type", type}, {"status", holds ? "True" : "False"}, {"lastTransitionTime", time}};
}

void SetRunning(Object& pod, const std::string& time) {
  Object& status = kube::EnsureObject(pod, {"status"});
  status["phase"] = "Running";
  status["startTime"] = time;
  status["hostIP"] = "127.0.0.1";
  status["conditions"] =
      Array{PodCondition("PodScheduled", true, time), PodCondition("Ready", true, time)};
  kube::Erase(status, "containerStatuses");
}

// As a kubelet shows an image that it cannot get.
void SetPulling(Object& pod, const std::string& time) {
  Object& status = kube::EnsureObject(pod, {"status"});
  status["phase"] = "Pending";
  status["startTime"] = time;
  status["conditions"] =
      Array{PodCondition("PodScheduled", true, time), PodCondition("Ready", false, time)};
  Array containers;
  if (const Array* specs = kube::GetArray(pod, {"spec", "containers"})) {
    for (const Value& spec : *specs) {
      const std::string image(kube::GetString(spec, {"image"}));
      Object waiting{{"reason", "ImagePullBackOff"},
                     {"message", "Back-off pulling image \"" + image + "\""}};
      Object container{{"name", kube::GetString(spec, {"name"})},
                       {"image", image},
                       {"imageID", ""},
                       {"ready", false},
                       {"restartCount", 0}};
      container["state"] = Object{{"waiting", std::move(waiting)}};
      containers.push_back(std::move(container));
    }
  }
  status["containerStatuses"] = std::move(containers);
}

// As the pod garbage collector leaves a pod whose node is gone.
void SetLost(Object& pod, const std::string& time) {
  Object& status = kube::EnsureObject(pod, {"status"});
  status["phase"] = "Failed";
  Object lost = PodCondition("DisruptionTarget", true, time);
  lost["reason"] = "DeletionByPodGC";
  lost["message"] = "PodGC: node no longer exists";
  status["conditions"] = Array{PodCondition("Ready", false, time), std::move(lost)};
}

void SetEnded(Object& pod, int exit_code, const std::string& time) {
  Object& status = kube::EnsureObject(pod, {"status"});
  status["phase"] = exit_code == 0 ? "Succeeded" : "Failed";
  status["conditions"] =
      Array{PodCondition("PodScheduled", true, time), PodCondition("Ready", false, time)};
  Array containers;
  if (const Array* specs = kube::GetArray(pod, {"spec", "containers"})) {
    for (const Value& spec : *specs) {
      Object terminated{{"exitCode", exit_code},
                        {"reason", exit_code == 0 ? "Completed" : "Error"},
                        {"finishedAt", time}};
      Object container{{"name", kube::GetString(spec, {"name"})},
                       {"image", kube::GetString(spec, {"image"})},
                       {"imageID", ""},
                       {"ready", false},
                       {"restartCount", 0}};
      container["state"] = Object{{"terminated", std::move(terminated)}};
      containers.push_back(std::move(container));
    }
  }
  status["containerStatuses"] = std::move(containers);
}

}  // namespace

SimulatedKubelet::SimulatedKubelet(Loop& loop, api::ObjectWriter& writer, int64_t default_run_ms)
    : loop_(loop), writer_(writer), default_run_ms_(default_run_ms) {}

Status SimulatedKubelet::Start(int64_t nodes, const scheduler::Resources& per_node) {
  for (int64_t i = 1; i <= nodes; ++i) {
    std::string name = "node-" + std::to_string(i);
    nodes_.AddNode(name, per_node);
    Object doc{
        {"metadata", Object{{"name", name}, {"labels", Object{{"kubernetes.io/hostname", name}}}}}};
    auto made = writer_.Create({"nodes", "", name}, std::move(doc));
    if (!made) return Fail(made.error());
    std::string time = kube::FormatTime(loop_.Now());
    auto ready = writer_.Mutate({"nodes", "", name}, "status", [&](Object& node) -> Status {
      Object& status = kube::EnsureObject(node, {"status"});
      status["capacity"] = NodeAmounts(per_node);
      status["allocatable"] = NodeAmounts(per_node);
      status["conditions"] = Array{PodCondition("Ready", true, time)};
      status["nodeInfo"] = Object{{"kubeletVersion", "v1.33.0-simulated"}};
      return {};
    });
    if (!ready) return Fail(ready.error());
  }
  writer_.Observe("pods", [this](const api::Written& change) { OnPod(change); });
  return {};
}

void SimulatedKubelet::Freeze(bool frozen) {
  frozen_ = frozen;
  if (frozen_) return;
  std::vector<std::string> due;
  for (auto& [uid, pod] : pods_) {
    if (pod.due) due.push_back(uid);
  }
  for (const std::string& uid : due) Finish(uid);
  std::vector<std::string> stopping;
  for (auto& [uid, pod] : pods_) {
    if (pod.stopping) stopping.push_back(uid);
  }
  for (const std::string& uid : stopping) Stop(uid);
  ScheduleWaiting();
}

void SimulatedKubelet::OnPod(const api::Written& change) {
  if (change.before == nullptr) {
    Add(change);
  } else if (change.after == nullptr || Ended(*change.after)) {
    const Object& pod = change.after != nullptr ? *change.after : *change.before;
    Remove(std::string(kube::GetString(pod, {"metadata", "uid"})));
  } else if (!kube::GetString(*change.after, {"metadata", "deletionTimestamp"}).empty()) {
    auto found = pods_.find(std::string(kube::GetString(*change.after, {"metadata", "uid"})));
    if (found == pods_.end() || std::exchange(found->second.stopping, true)) return;
    loop_.Post([this, uid = found->first] { Stop(uid); });
  }
}

void SimulatedKubelet::Add(const api::Written& change) {
  const Object& doc = *change.after;
  const Object* spec = kube::GetObject(doc, {"spec"});
  if (spec == nullptr) return;
  Pod pod;
  pod.key = change.key;
  pod.uid = std::string(kube::GetString(doc, {"metadata", "uid"}));
  pod.request = kube::PodRequest(*spec);
  pod.run_ms = NumberOf(doc, names::kAnnotationSimulatedRunMs, default_run_ms_);
  pod.exit_code = static_cast<int>(NumberOf(doc, names::kAnnotationSimulatedExitCode, 0));
  std::string uid = pod.uid;
  waiting_.push_back(uid);
  pods_.emplace(uid, std::move(pod));
  ScheduleWaiting();
}

void SimulatedKubelet::Remove(const std::string& uid) {
  auto found = pods_.find(uid);
  if (found == pods_.end()) return;
  bool freed = !found->second.node.empty();
  if (freed) nodes_.Release(found->second.node, found->second.request);
  pods_.erase(found);
  if (freed) ScheduleWaiting();
}

// In a later turn: the pod's own creation is still being written, and many come at once.
void SimulatedKubelet::ScheduleWaiting() {
  if (pass_due_ || frozen_ || waiting_.empty()) return;
  pass_due_ = true;
  loop_.Post([this] {
    pass_due_ = false;
    if (frozen_) return;
    std::deque<std::string> still_waiting;
    for (const std::string& uid : waiting_) {
      auto found = pods_.find(uid);
      if (found != pods_.end() && !Bind(found->second)) still_waiting.push_back(uid);
    }
    waiting_.swap(still_waiting);
  });
}

bool SimulatedKubelet::Bind(Pod& pod) {
  auto node = nodes_.Place(pod.request);
  if (!node) return false;
  pod.node = *node;
  return StartOn(pod, /*binds=*/true);
}

// True: it has its node, whatever becomes of it there.
bool SimulatedKubelet::StartOn(Pod& pod, bool binds) {
  std::string uid = pod.uid;
  store::ObjectKey key = pod.key;
  const std::string node = pod.node;
  std::string time = kube::FormatTime(loop_.Now());
  const bool pulls = images_denied_;
  pod.pulling = pulls;
  if (!pulls) pod.timer = loop_.StartTimer(pod.run_ms, [this, uid] { Finish(uid); });
  // Either write may end the pod (its Job was deleted meanwhile): `pod` is not used behind them.
  Status bound;
  if (binds) {
    auto written = writer_.Mutate(key, "", [&](Object& doc) -> Status {
      kube::EnsureObject(doc, {"spec"})["nodeName"] = node;
      return {};
    });
    if (!written) bound = Fail(written.error());
  }
  auto started = writer_.Mutate(key, "status", [&](Object& doc) -> Status {
    pulls ? SetPulling(doc, time) : SetRunning(doc, time);
    return {};
  });
  if (!bound || !started) {
    Log(LogLevel::kWarning, "simulated pod {} not started: {}", key.name,
        !bound ? bound.error().message : started.error().message);
  }
  return true;
}

void SimulatedKubelet::DenyImages(bool denied) {
  if (images_denied_ == denied) return;
  images_denied_ = denied;
  if (denied) return;
  std::vector<std::string> pulling;
  for (const auto& [uid, pod] : pods_) {
    if (pod.pulling) pulling.push_back(uid);
  }
  for (const std::string& uid : pulling) {
    if (auto found = pods_.find(uid); found != pods_.end()) StartOn(found->second, false);
  }
}

void SimulatedKubelet::LosePods() {
  std::vector<store::ObjectKey> running;
  for (const auto& [uid, pod] : pods_) {
    if (!pod.node.empty() && !pod.pulling && !pod.stopping) running.push_back(pod.key);
  }
  const std::string time = kube::FormatTime(loop_.Now());
  for (const store::ObjectKey& key : running) {
    auto lost = writer_.Mutate(key, "status", [&](Object& doc) -> Status {
      SetLost(doc, time);
      return {};
    });
    if (!lost && lost.error().code != 404) {
      Log(LogLevel::kWarning, "simulated pod {} not lost: {}", key.name, lost.error().message);
    }
  }
}

void SimulatedKubelet::Stop(const std::string& uid) {
  auto found = pods_.find(uid);
  if (found == pods_.end() || frozen_) return;
  const store::ObjectKey key = found->second.key;
  auto gone = writer_.Delete(
      key, {.propagation = api::Propagation::kBackground, .grace_period_seconds = 0});
  if (!gone && gone.error().code != 404) {
    Log(LogLevel::kWarning, "simulated pod {} not gone: {}", key.name, gone.error().message);
  }
}

void SimulatedKubelet::Finish(const std::string& uid) {
  auto found = pods_.find(uid);
  if (found == pods_.end()) return;
  if (frozen_) {
    found->second.due = true;
    return;
  }
  int exit_code = found->second.exit_code;
  store::ObjectKey key = found->second.key;
  std::string time = kube::FormatTime(loop_.Now());
  auto ended = writer_.Mutate(key, "status", [&](Object& doc) -> Status {
    SetEnded(doc, exit_code, time);
    return {};
  });
  if (!ended)
    Log(LogLevel::kWarning, "simulated pod {} not ended: {}", key.name, ended.error().message);
}

}  // namespace fairway::gateway
