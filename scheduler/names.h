// Every name that Fairway puts into the API: groups, labels, annotations, finalizers, conditions
// and reasons. Constants, so that a name is spelled once.
#pragma once

#include <string_view>

namespace fairway::names {

inline constexpr std::string_view kGroup = "fairway.flext.sh";
inline constexpr std::string_view kVersion = "v1alpha1";
inline constexpr std::string_view kGroupVersion = "fairway.flext.sh/v1alpha1";

// On member copies. Nothing in a member that lacks our gateway's label is ever changed or deleted.
inline constexpr std::string_view kLabelUid = "fairway.flext.sh/uid";
inline constexpr std::string_view kLabelEpoch = "fairway.flext.sh/epoch";
inline constexpr std::string_view kLabelGateway = "fairway.flext.sh/gateway";
// On a member copy: the core's JobId, decimal.
inline constexpr std::string_view kAnnotationJob = "fairway.flext.sh/job";

inline constexpr std::string_view kFieldManager = "fairway";
// Keeps a deleted Job's object until its copy is withdrawn.
inline constexpr std::string_view kFinalizerPlacement = "fairway.flext.sh/placement";

// On a Job: which PlacementPolicy of its namespace to use, by name (default: the policies that
// select it).
inline constexpr std::string_view kAnnotationPolicy = "fairway.flext.sh/placement-policy";
// On a Job: clusters that it may run on, as a label selector ("region=eu,tier in (a,b)"). Must hold
// beside what a policy demands.
inline constexpr std::string_view kAnnotationClusterSelector = "fairway.flext.sh/cluster-selector";
// On a Job: an integer; higher goes first, 0 when absent.
inline constexpr std::string_view kAnnotationPriority = "fairway.flext.sh/priority";

// On a Job: "false" lets it start when one pod fits; by default all pods that run at once must.
inline constexpr std::string_view kAnnotationGang = "fairway.flext.sh/gang";
// On a Job or its pod template: names of datasets that it needs, separated by commas.
inline constexpr std::string_view kAnnotationDatasets = "fairway.flext.sh/datasets";
// On a Job: how long a run of it is expected to take, "90s", "2h30m": what-if reckons with it.
inline constexpr std::string_view kAnnotationExpectedRunTime = "fairway.flext.sh/expected-run-time";
// Labels of Clusters that the topology keys zone, region and provider stand for.
inline constexpr std::string_view kLabelZone = "topology.kubernetes.io/zone";
inline constexpr std::string_view kLabelRegion = "topology.kubernetes.io/region";
inline constexpr std::string_view kLabelProvider = "fairway.flext.sh/provider";
// On a Job: "false" keeps it in one piece whatever its policy says of splits.
inline constexpr std::string_view kAnnotationSplit = "fairway.flext.sh/split";
// On a Job: never, fenced (the default), fast or manual: what happens when its cluster is lost.
inline constexpr std::string_view kAnnotationFailover = "fairway.flext.sh/failover";
// On a Job: the epoch that an operator gives up if its cluster is lost.
inline constexpr std::string_view kAnnotationApproveMove = "fairway.flext.sh/approve-move";
// On a Job: what its author's program last noted down, handed to the copy that takes over.
inline constexpr std::string_view kAnnotationCheckpoint = "fairway.flext.sh/checkpoint";
// On a Cluster: "true" when an operator vouches that it is lost, and not our connection.
inline constexpr std::string_view kAnnotationConfirmLost = "fairway.flext.sh/confirm-lost";
// On member copies: their deadline is a lease of ours; the one that the author asked for, in
// seconds; JobRecord::lease_generation.
inline constexpr std::string_view kAnnotationLease = "fairway.flext.sh/lease";
inline constexpr std::string_view kAnnotationDeadline = "fairway.flext.sh/deadline";
inline constexpr std::string_view kAnnotationLeaseGeneration = "fairway.flext.sh/lease-generation";
// On member copies and their pods, after a move: how many moves, from where, and the checkpoint.
inline constexpr std::string_view kAnnotationFailovers = "fairway.flext.sh/failover-count";
inline constexpr std::string_view kAnnotationFormer = "fairway.flext.sh/former-cluster";
inline constexpr std::string_view kAnnotationResumeFrom = "fairway.flext.sh/resume-from";

// On a Cluster whose access comes from the gateway's own configuration.
inline constexpr std::string_view kAnnotationConfigured = "fairway.flext.sh/configured";

// On a pod template, for simulated clusters only: how long the pod runs and how it ends.
inline constexpr std::string_view kAnnotationSimulatedRunMs = "simulated.fairway.flext.sh/run-ms";
inline constexpr std::string_view kAnnotationSimulatedExitCode =
    "simulated.fairway.flext.sh/exit-code";

// Outcomes of a decision (design.md 4.3).
inline constexpr std::string_view kOutcomePlaced = "Placed";
inline constexpr std::string_view kOutcomeInfeasible = "Infeasible";
inline constexpr std::string_view kOutcomeWaiting = "Waiting";
inline constexpr std::string_view kOutcomeQuotaExceeded = "QuotaExceeded";
inline constexpr std::string_view kOutcomePolicyHeld = "PolicyHeld";

// Verdicts of one cluster.
inline constexpr std::string_view kReasonFits = "Fits";
inline constexpr std::string_view kReasonCordoned = "Cordoned";
inline constexpr std::string_view kReasonNotReady = "NotReady";
inline constexpr std::string_view kReasonNotMeasured = "NotMeasured";
inline constexpr std::string_view kReasonAffinity = "AffinityMismatch";
inline constexpr std::string_view kReasonTaint = "UntoleratedTaint";
inline constexpr std::string_view kReasonInsufficient = "InsufficientResources";
inline constexpr std::string_view kReasonRejected = "RejectedByMember";
inline constexpr std::string_view kReasonSibling = "OtherPartIsThere";
inline constexpr std::string_view kReasonDataset = "DatasetMissing";
inline constexpr std::string_view kReasonClaim = "VolumeElsewhere";
inline constexpr std::string_view kReasonJobAffinity = "JobAffinityMismatch";
inline constexpr std::string_view kReasonJobAntiAffinity = "JobAntiAffinity";
inline constexpr std::string_view kReasonSpread = "SpreadSkew";
inline constexpr std::string_view kReasonNoMatchingNode = "NoMatchingNode";
inline constexpr std::string_view kReasonNodeTaint = "NodeTaint";
inline constexpr std::string_view kReasonFragmented = "NodesTooFragmented";
// In the message of a placement: the groups before that of its cluster had no room.
inline constexpr std::string_view kReasonGroupOverflow = "GroupOverflow";

// Conditions of a Cluster.
inline constexpr std::string_view kConditionReady = "Ready";
inline constexpr std::string_view kConditionReachable = "Reachable";
inline constexpr std::string_view kConditionSynced = "Synced";
inline constexpr std::string_view kConditionGatewayIsolated = "GatewayIsolated";
inline constexpr std::string_view kConditionFenceTrusted = "FenceTrusted";
// Condition of a Job: its cluster is out of reach, what its status says may be over.
inline constexpr std::string_view kConditionStale = "Stale";

}  // namespace fairway::names
