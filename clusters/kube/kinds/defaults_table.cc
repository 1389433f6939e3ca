// The API's defaults (kube-api.md 6.1). Plain ones are rows; those that look at other fields are
// small functions.
#include "clusters/kube/kinds/defaults.h"

namespace fairway::kube {
namespace {

constexpr std::string_view kRbacGroup = "rbac.authorization.k8s.io";

void SetIfEmpty(Object& object, std::string_view key, std::string_view text) {
  if (GetString(object, {key}).empty()) object[key] = text;
}

// Always for images whose tag may come to mean something else: "latest", or none.
std::string_view PullPolicyFor(std::string_view image) {
  const size_t digest = image.find('@');
  const std::string_view name = image.substr(0, digest);
  const size_t slash = name.rfind('/');
  const size_t colon = name.rfind(':');
  const bool tagged =
      colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash);
  if (tagged) return name.substr(colon + 1) == "latest" ? "Always" : "IfNotPresent";
  return digest == std::string_view::npos && !name.empty() ? "Always" : "IfNotPresent";
}

void DefaultContainer(Object& container) {
  SetIfEmpty(container, "imagePullPolicy", PullPolicyFor(GetString(container, {"image"})));
}

void DefaultHostPorts(Array* containers) {
  if (containers == nullptr) return;
  for (Value& each : *containers) {
    Array* ports = GetArray(each, {"ports"});
    if (ports == nullptr) continue;
    for (Value& value : *ports) {
      Object* port = value.if_object();
      if (port == nullptr || Get<int64_t>(*port, {"hostPort"}).value_or(0) != 0) continue;
      if (const auto number = Get<int64_t>(*port, {"containerPort"})) (*port)["hostPort"] = *number;
    }
  }
}

void DefaultPodSpec(Object& spec) {
  // The older name of the same field is kept equal to it.
  const std::string account(GetString(spec, {"serviceAccountName"}));
  const std::string older(GetString(spec, {"serviceAccount"}));
  if (!account.empty()) {
    spec["serviceAccount"] = account;
  } else if (!older.empty()) {
    spec["serviceAccountName"] = older;
  }
}

// On the host's network a container's port is the host's; templates leave it open.
void DefaultHostNetwork(Object& spec) {
  if (!Get<bool>(spec, {"hostNetwork"}).value_or(false)) return;
  DefaultHostPorts(GetArray(spec, {"containers"}));
  DefaultHostPorts(GetArray(spec, {"initContainers"}));
}

// A Pod reserves what it may use; a template does not say so until it is a Pod.
void DefaultRequests(Object& container) {
  Object* resources = GetObject(container, {"resources"});
  const Object* limits = resources == nullptr ? nullptr : GetObject(*resources, {"limits"});
  if (limits == nullptr || limits->empty()) return;
  const Object copy = *limits;
  Object& requests = EnsureObject(*resources, {"requests"});
  for (const auto& [name, amount] : copy) requests.emplace(name, amount);
}

void DefaultVolume(Object& volume) {
  for (const auto& member : volume) {
    if (member.key() != "name" && !member.value().is_null()) return;
  }
  volume["emptyDir"] = Object();
}

void DefaultSubject(Object& subject) {
  const std::string_view kind = GetString(subject, {"kind"});
  if (kind == "User" || kind == "Group") SetIfEmpty(subject, "apiGroup", kRbacGroup);
}

constexpr std::string_view kJob = "batch/v1.Job";
constexpr std::string_view kPod = "core/v1.Pod";

}  // namespace

const std::vector<DefaultRule>& DefaultRules() {
  static const std::vector<DefaultRule> kRules = {
      {"core/v1.PodTemplateSpec", "metadata", "{}"},
      {"core/v1.PodSpec", "dnsPolicy", R"("ClusterFirst")"},
      {"core/v1.PodSpec", "restartPolicy", R"("Always")"},
      {"core/v1.PodSpec", "terminationGracePeriodSeconds", "30"},
      {"core/v1.PodSpec", "securityContext", "{}"},
      {"core/v1.PodSpec", "schedulerName", R"("default-scheduler")"},
      {"core/v1.PodSpec", "enableServiceLinks", "true", kPod},
      {"core/v1.PodSpec", "priority", "0", kPod},
      {"core/v1.PodSpec", "preemptionPolicy", R"("PreemptLowerPriority")", kPod},
      {"core/v1.Container", "terminationMessagePath", R"("/dev/termination-log")"},
      {"core/v1.Container", "terminationMessagePolicy", R"("File")"},
      {"core/v1.Container", "resources", "{}"},
      {"core/v1.ContainerPort", "protocol", R"("TCP")"},
      {"core/v1.ObjectFieldSelector", "apiVersion", R"("v1")"},
      {"core/v1.ResourceFieldSelector", "divisor", R"("0")"},
      {"core/v1.Probe", "timeoutSeconds", "1"},
      {"core/v1.Probe", "periodSeconds", "10"},
      {"core/v1.Probe", "successThreshold", "1"},
      {"core/v1.Probe", "failureThreshold", "3"},
      {"core/v1.HTTPGetAction", "path", R"("/")"},
      {"core/v1.HTTPGetAction", "scheme", R"("HTTP")"},
      {"core/v1.GRPCAction", "service", R"("")"},
      {"core/v1.ConfigMapVolumeSource", "defaultMode", "420"},
      {"core/v1.SecretVolumeSource", "defaultMode", "420"},
      {"core/v1.ProjectedVolumeSource", "defaultMode", "420"},
      {"core/v1.DownwardAPIVolumeSource", "defaultMode", "420"},
      {"core/v1.ServiceAccountTokenProjection", "expirationSeconds", "3600"},
      {"core/v1.HostPathVolumeSource", "type", R"("")"},
      {"core/v1.PersistentVolumeClaimSpec", "volumeMode", R"("Filesystem")"},
      {"core/v1.ISCSIVolumeSource", "iscsiInterface", R"("default")"},
      {"core/v1.RBDVolumeSource", "pool", R"("rbd")"},
      {"core/v1.RBDVolumeSource", "user", R"("admin")"},
      {"core/v1.RBDVolumeSource", "keyring", R"("/etc/ceph/keyring")"},
      {"core/v1.AzureDiskVolumeSource", "cachingMode", R"("ReadWrite")"},
      {"core/v1.AzureDiskVolumeSource", "kind", R"("Shared")"},
      {"core/v1.AzureDiskVolumeSource", "fsType", R"("ext4")"},
      {"core/v1.AzureDiskVolumeSource", "readOnly", "false"},
      {"core/v1.ScaleIOVolumeSource", "storageMode", R"("ThinProvisioned")"},
      {"core/v1.ScaleIOVolumeSource", "fsType", R"("xfs")"},
      {kPod, "status", "{}"},
      {"core/v1.PodStatus", "phase", R"("Pending")", kPod},
      {"core/v1.Node", "status", "{}"},
      {"core/v1.Secret", "type", R"("Opaque")"},
      {kJob, "status", "{}"},
      {"batch/v1.JobSpec", "completionMode", R"("NonIndexed")", kJob},
      {"batch/v1.JobSpec", "suspend", "false", kJob},
      {"batch/v1.JobSpec", "manualSelector", "false", kJob},
      {"batch/v1.PodFailurePolicyOnPodConditionsPattern", "status", R"("True")", kJob},
      {"batch/v1.CronJob", "status", "{}"},
      {"batch/v1.CronJobSpec", "concurrencyPolicy", R"("Allow")"},
      {"batch/v1.CronJobSpec", "suspend", "false"},
      {"batch/v1.CronJobSpec", "successfulJobsHistoryLimit", "3"},
      {"batch/v1.CronJobSpec", "failedJobsHistoryLimit", "1"},
      {"fairway/v1alpha1.DrillPlanSpec", "concurrencyPolicy", R"("Forbid")"},
      {"fairway/v1alpha1.DrillPlanSpec", "suspend", "false"},
      {"fairway/v1alpha1.DrillPlanSpec", "successfulDrillsHistoryLimit", "3"},
      {"fairway/v1alpha1.DrillPlanSpec", "failedDrillsHistoryLimit", "1"},
      {"kueue/v1beta2.ClusterQueueSpec", "queueingStrategy", R"("BestEffortFIFO")"},
      {"kueue/v1beta2.ClusterQueueSpec", "flavorFungibility", "{}"},
      {"kueue/v1beta2.ClusterQueueSpec", "preemption", "{}"},
      {"kueue/v1beta2.ClusterQueueSpec", "stopPolicy", R"("None")"},
      {"kueue/v1beta2.FlavorFungibility", "whenCanBorrow", R"("MayStopSearch")"},
      {"kueue/v1beta2.FlavorFungibility", "whenCanPreempt", R"("TryNextFlavor")"},
      {"kueue/v1beta2.ClusterQueuePreemption", "reclaimWithinCohort", R"("Never")"},
      {"kueue/v1beta2.ClusterQueuePreemption", "withinClusterQueue", R"("Never")"},
      {"kueue/v1beta2.ClusterQueuePreemption", "borrowWithinCohort", "{}"},
      {"kueue/v1beta2.BorrowWithinCohort", "policy", R"("Never")"},
      {"kueue/v1beta2.FairSharing", "weight", R"("1")"},
      {"kueue/v1beta2.LocalQueueSpec", "stopPolicy", R"("None")"},
      {"kueue/v1beta2.WorkloadSpec", "active", "true"},
      {"kueue/v1beta2.PodSet", "name", R"("main")"},
      {"kueue/v1beta2.PodSet", "count", "1"},
      {"kueue/v1beta2.PodSetAssignment", "name", R"("main")"},
      {"rbac/v1.RoleRef", "apiGroup", R"("rbac.authorization.k8s.io")"},
  };
  return kRules;
}

const std::vector<DefaultHook>& DefaultHooks() {
  static const std::vector<DefaultHook> kHooks = {
      {"core/v1.PodSpec", DefaultPodSpec},     {"core/v1.PodSpec", DefaultHostNetwork, kPod},
      {"core/v1.Container", DefaultContainer}, {"core/v1.Container", DefaultRequests, kPod},
      {"core/v1.Volume", DefaultVolume},       {"rbac/v1.Subject", DefaultSubject},
  };
  return kHooks;
}

}  // namespace fairway::kube
