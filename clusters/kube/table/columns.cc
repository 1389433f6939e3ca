#include "clusters/kube/table/columns.h"

#include <utility>

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/selector.h"
#include "clusters/kube/time.h"

namespace fairway::kube {
namespace {

constexpr Column kName = {"Name", "string", "Name of the object.", 0, "name"};
constexpr Column kAge = {"Age", "string", "Time since the object was created."};
constexpr Column kContainers = {"Containers", "string", "Names of the template's containers.", 1};
constexpr Column kImages = {"Images", "string", "Images of the template's containers.", 1};
constexpr Column kSelector = {"Selector", "string", "Which pods belong to the object.", 1};

size_t CountMembers(const Object& doc, std::string_view key) {
  const Object* object = GetObject(doc, {key});
  return object == nullptr ? 0 : object->size();
}

void FillPlain(const Object& doc, Instant now, Array& cells) {
  cells.push_back(NameCell(doc));
  cells.push_back(AgeCell(doc, now));
}

void FillNamespace(const Object& doc, Instant now, Array& cells) {
  cells.push_back(NameCell(doc));
  cells.push_back(TextCell(doc, {"status", "phase"}));
  cells.push_back(AgeCell(doc, now));
}

void FillConfigMap(const Object& doc, Instant now, Array& cells) {
  cells.push_back(NameCell(doc));
  cells.push_back(
      static_cast<int64_t>(CountMembers(doc, "data") + CountMembers(doc, "binaryData")));
  cells.push_back(AgeCell(doc, now));
}

void FillSecret(const Object& doc, Instant now, Array& cells) {
  cells.push_back(NameCell(doc));
  cells.push_back(TextCell(doc, {"type"}));
  cells.push_back(static_cast<int64_t>(CountMembers(doc, "data")));
  cells.push_back(AgeCell(doc, now));
}

void FillLease(const Object& doc, Instant now, Array& cells) {
  cells.push_back(NameCell(doc));
  cells.push_back(TextCell(doc, {"spec", "holderIdentity"}));
  cells.push_back(AgeCell(doc, now));
}

void FillRole(const Object& doc, Instant, Array& cells) {
  cells.push_back(NameCell(doc));
  cells.push_back(TextCell(doc, {"metadata", "creationTimestamp"}));
}

struct Entry {
  std::string_view group, resource;
  TableFormat format;
};

std::vector<Entry> MakeEntries();

}  // namespace

Value NameCell(const Object& doc) { return TextCell(doc, {"metadata", "name"}); }

Value AgeCell(const Object& doc, Instant now) {
  return Value(HumanAge(GetString(doc, {"metadata", "creationTimestamp"}), now));
}

Value TextCell(const Object& doc, Path path, std::string_view absent) {
  const std::string_view text = GetString(doc, path);
  return Value(text.empty() ? absent : text);
}

std::string ContainerNames(const Object& pod_spec) {
  std::string out;
  ForEachObject(pod_spec, "containers", [&](const Object& container, size_t i) {
    if (i > 0) out += ',';
    out += GetString(container, {"name"});
  });
  return out;
}

std::string ContainerImages(const Object& pod_spec) {
  std::string out;
  ForEachObject(pod_spec, "containers", [&](const Object& container, size_t i) {
    if (i > 0) out += ',';
    out += GetString(container, {"image"});
  });
  return out;
}

std::string SelectorText(const Object* selector) {
  if (selector == nullptr) return "<none>";
  const Result<LabelSelector> parsed = LabelSelector::FromObject(*selector);
  if (!parsed) return "<error>";
  if (parsed->empty()) return "<none>";
  return parsed->Text();
}

const TableFormat& FormatOf(const KindInfo& kind) {
  static const std::vector<Entry> entries = MakeEntries();
  static const TableFormat plain = {{kName, kAge}, FillPlain};
  for (const Entry& entry : entries) {
    if (entry.group == kind.group && entry.resource == kind.resource) return entry.format;
  }
  return plain;
}

namespace {

std::vector<Entry> CoreEntries() {
  return {
      {"",
       "namespaces",
       {{kName, {"Status", "string", "Active or Terminating."}, kAge}, FillNamespace}},
      {"", "configmaps", {{kName, {"Data", "string", "Number of keys."}, kAge}, FillConfigMap}},
      {"",
       "secrets",
       {{kName,
         {"Type", "string", "What the secret is for."},
         {"Data", "string", "Number of keys."},
         kAge},
        FillSecret}},
      {"",
       "podtemplates",
       {{kName,
         {"Containers", "string", "Names of the template's containers."},
         {"Images", "string", "Images of the template's containers."},
         {"Pod Labels", "string", "Labels of the template."}},
        FillPodTemplate}},
      {"",
       "pods",
       {{kName,
         {"Ready", "string", "Ready containers of all containers."},
         {"Status", "string", "Phase of the pod, or what its containers wait for."},
         {"Restarts", "string", "Restarts of the containers, and when the last one was."},
         kAge,
         {"IP", "string", "Address of the pod.", 1},
         {"Node", "string", "Node that the pod runs on.", 1},
         {"Nominated Node", "string", "Node that is being cleared for the pod.", 1},
         {"Readiness Gates", "string", "Fulfilled readiness gates of all.", 1}},
        FillPod}},
      {"",
       "nodes",
       {{kName,
         {"Status", "string", "Ready or not, and whether pods may be scheduled."},
         {"Roles", "string", "Roles of the node."},
         kAge,
         {"Version", "string", "Version of the kubelet."},
         {"Internal-IP", "string", "Address inside the cluster.", 1},
         {"External-IP", "string", "Address outside the cluster.", 1},
         {"OS-Image", "string", "Operating system.", 1},
         {"Kernel-Version", "string", "Kernel and architecture.", 1},
         {"Container-Runtime", "string", "Container runtime and its version.", 1}},
        FillNode}},
      {"",
       "persistentvolumeclaims",
       {{kName,
         {"Status", "string", "Phase of the claim."},
         {"Volume", "string", "Volume that the claim is bound to."},
         {"Capacity", "string", "Size of the volume."},
         {"Access Modes", "string", "Who may mount the volume, and how."},
         {"StorageClass", "string", "Class of the volume."},
         {"VolumeAttributesClass", "string", "Class of the volume's attributes."},
         kAge,
         {"VolumeMode", "string", "Filesystem or Block.", 1}},
        FillClaim}},
  };
}

TableFormat EventFormat() {
  return {{{"Last Seen", "string", "When it was last observed."},
           {"Type", "string", "Normal or Warning."},
           {"Reason", "string", "What happened, in one word for programs."},
           {"Object", "string", "What it happened to."},
           {"Subobject", "string", "Which part of the object.", 1},
           {"Source", "string", "Who reports it.", 1},
           {"Message", "string", "What happened, for people."},
           {"First Seen", "string", "When it was first observed.", 1},
           {"Count", "string", "How often it was observed.", 1},
           {"Name", "string", "Name of the object.", 1, "name"}},
          FillEvent};
}

std::vector<Entry> GroupEntries() {
  const TableFormat role = {{kName, {"Created At", "date", "When the object was created."}},
                            FillRole};
  const TableFormat binding = {{kName,
                                {"Role", "string", "The role that is granted."},
                                kAge,
                                {"Users", "string", "Users that hold the role.", 1},
                                {"Groups", "string", "Groups that hold the role.", 1},
                                {"ServiceAccounts", "string", "Accounts that hold the role.", 1}},
                               FillRoleBinding};
  return {
      {"", "events", EventFormat()},
      {"events.k8s.io", "events", EventFormat()},
      {"batch",
       "jobs",
       {{kName,
         {"Status", "string", "Status of the job."},
         {"Completions", "string", "Pods that have succeeded, of those that are wanted."},
         {"Duration", "string", "Time from start to completion, or till now."},
         kAge,
         kContainers,
         kImages,
         kSelector},
        FillJob}},
      {"batch",
       "cronjobs",
       {{kName,
         {"Schedule", "string", "When it runs, in cron format."},
         {"Timezone", "string", "Time zone of the schedule."},
         {"Suspend", "boolean", "Whether it is held."},
         {"Active", "integer", "Jobs that run now."},
         {"Last Schedule", "string", "Time since the last job was made."},
         kAge,
         kContainers,
         kImages,
         kSelector},
        FillCronJob}},
      {"coordination.k8s.io",
       "leases",
       {{kName, {"Holder", "string", "Who holds the lease."}, kAge}, FillLease}},
      {"rbac.authorization.k8s.io", "roles", role},
      {"rbac.authorization.k8s.io", "clusterroles", role},
      {"rbac.authorization.k8s.io", "rolebindings", binding},
      {"rbac.authorization.k8s.io", "clusterrolebindings", binding},
  };
}

std::vector<Entry> FairwayEntries() {
  const TableFormat policy = {
      {kName,
       {"Workloads", "string", "Labels of the workloads that the policy is for."},
       {"Required", "string", "What clusters must match; terms are alternatives."},
       {"Priority", "integer", "The highest of several fitting policies counts."},
       kAge,
       {"Preferred", "string", "Weights and what they are given for.", 1}},
      FillPlacementPolicy};
  return {
      {"fairway.flext.sh",
       "clusters",
       {{kName,
         {"Ready", "string", "Whether workloads can be placed there now."},
         {"Version", "string", "Version of Kubernetes."},
         {"Nodes", "string", "Ready nodes."},
         {"CPU", "string", "Requested of allocatable cores."},
         {"Memory", "string", "Requested of allocatable memory."},
         {"Jobs", "string", "Jobs of this gateway that run there."},
         {"Cordoned", "boolean", "Whether nothing new is placed there."},
         {"Drain", "string", "How far it is emptied."},
         kAge,
         {"Link", "string", "How the gateway stands with it.", 1},
         {"Server", "string", "How the cluster is reached.", 1},
         {"Labels", "string", "What affinity selects by.", 1}},
        FillCluster}},
      {"fairway.flext.sh",
       "placements",
       {{kName,
         {"Cluster", "string", "Where the workload is placed."},
         {"Epoch", "integer", "Number of the placement."},
         {"State", "string", "How far it is."},
         {"Outcome", "string", "Result of the last decision."},
         kAge,
         {"Message", "string", "The last decision in one sentence.", 1}},
        FillPlacement}},
      {"fairway.flext.sh",
       "drills",
       {{kName,
         {"Mode", "string", "Simulate or Live."},
         {"Clusters", "string", "The clusters to lose."},
         {"Phase", "string", "How far it is, or how it ended."},
         {"Moved", "string", "Workloads that ran again elsewhere, of those in the scope."},
         {"RTO-P99", "string", "Within this time 99 of 100 of them ran again."},
         {"Duplicated", "integer", "Workloads that ran twice at once."},
         kAge,
         {"Message", "string", "Why it ended so.", 1}},
        FillDrill}},
      {"fairway.flext.sh",
       "drillplans",
       {{kName,
         {"Schedule", "string", "When drills are started."},
         {"Mode", "string", "Simulate or Live."},
         {"Suspend", "boolean", "Whether nothing is started."},
         {"Active", "integer", "Drills that are under way."},
         {"Last Schedule", "string", "How long ago the last one was due."},
         kAge,
         {"Clusters", "string", "The clusters to lose.", 1}},
        FillDrillPlan}},
      {"fairway.flext.sh", "placementpolicies", policy},
      {"fairway.flext.sh", "clusterplacementpolicies", policy},
  };
}

std::vector<Entry> KueueEntries() {
  constexpr Column kPending = {"Pending Workloads", "integer", "Workloads that wait."};
  constexpr Column kAdmitted = {"Admitted Workloads", "integer",
                                "Workloads that are admitted and have not finished."};
  constexpr Column kActive = {"Active", "string", "Whether the queue admits workloads.", 1};
  return {
      {"kueue.x-k8s.io",
       "clusterqueues",
       {{kName,
         {"Cohort", "string", "Cohort that the queue borrows in."},
         {"Strategy", "string", "Order of its workloads.", 1},
         kPending,
         {"Admitted Workloads", "integer", "Workloads that are admitted and have not finished.", 1},
         kActive,
         {"Age", "string", "Time since the object was created.", 1}},
        FillClusterQueue}},
      {"kueue.x-k8s.io",
       "localqueues",
       {{kName,
         {"ClusterQueue", "string", "ClusterQueue behind the queue."},
         kPending,
         kAdmitted,
         kActive,
         {"Age", "string", "Time since the object was created.", 1}},
        FillLocalQueue}},
      {"kueue.x-k8s.io",
       "cohorts",
       {{kName, {"Parent", "string", "Cohort above.", 1}, kAge}, FillCohort}},
      {"kueue.x-k8s.io",
       "workloadpriorityclasses",
       {{kName,
         {"Value", "integer", "Priority of the workloads of this class."},
         {"Age", "string", "Time since the object was created.", 1}},
        FillWorkloadPriorityClass}},
      {"kueue.x-k8s.io",
       "workloads",
       {{kName,
         {"Queue", "string", "LocalQueue that the workload was submitted to."},
         {"Reserved in", "string", "ClusterQueue that has reserved quota for the workload."},
         {"Admitted", "string", "Whether it is admitted."},
         {"Finished", "string", "Whether it has finished."},
         kAge},
        FillWorkload}},
  };
}

std::vector<Entry> MakeEntries() {
  std::vector<Entry> entries = CoreEntries();
  for (const auto& part : {GroupEntries(), FairwayEntries(), KueueEntries()}) {
    entries.insert(entries.end(), part.begin(), part.end());
  }
  return entries;
}

}  // namespace
}  // namespace fairway::kube
