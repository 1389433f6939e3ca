// Names of Kueue's that Fairway reads and writes on Jobs and Workloads, spelled once.
#pragma once

#include <string_view>

namespace fairway::names {

// On a Job: the LocalQueue of its namespace; without it the one called default, if there is one.
inline constexpr std::string_view kLabelQueueName = "kueue.x-k8s.io/queue-name";
inline constexpr std::string_view kDefaultLocalQueue = "default";
// On a Job: a WorkloadPriorityClass; seconds that it may stay admitted.
inline constexpr std::string_view kLabelPriorityClass = "kueue.x-k8s.io/priority-class";
inline constexpr std::string_view kLabelMaxExecTime = "kueue.x-k8s.io/max-exec-time-seconds";
// On a Job: the fewest pods that are worth running.
inline constexpr std::string_view kAnnotationMinParallelism = "kueue.x-k8s.io/job-min-parallelism";
// On a Workload: the uid of its Job.
inline constexpr std::string_view kLabelJobUid = "kueue.x-k8s.io/job-uid";

// On a ClusterQueue, "true": admit only what would still fit if any one cluster were lost.
inline constexpr std::string_view kAnnotationNMinusOne = "fairway.flext.sh/n-minus-one";
// Keeps what holds or may hold quota until nothing does.
inline constexpr std::string_view kFinalizerInUse = "kueue.x-k8s.io/resource-in-use";

}  // namespace fairway::names
