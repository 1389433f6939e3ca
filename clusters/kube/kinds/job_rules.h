// The rules of batch/v1 Job, by part. job_strategy.cc puts them together.
//
// Pure functions; any thread. Order and texts are the API server's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "clusters/kube/field_errors.h"
#include "clusters/kube/json.h"
#include "scheduler/result.h"

namespace fairway::kube {

inline constexpr std::string_view kLabelControllerUid = "batch.kubernetes.io/controller-uid";
inline constexpr std::string_view kLabelJobName = "batch.kubernetes.io/job-name";
inline constexpr std::string_view kLabelControllerUidOld = "controller-uid";
inline constexpr std::string_view kLabelJobNameOld = "job-name";

// job_validation.cc: a whole Job, without its metadata.
void ValidateJob(const Object& job, FieldErrors& errors);
// job_policies.cc
void ValidatePodFailurePolicy(const Object& spec, const FieldPath& path, FieldErrors& errors);
void ValidateSuccessPolicy(const Object& spec, const FieldPath& path, FieldErrors& errors);
// job_update.cc: what of spec may change.
void ValidateJobChange(const Object& job, const Object& old, FieldErrors& errors);
// job_status.cc: the new status against the old Job.
void ValidateJobStatus(const Object& job, const Object& old, FieldErrors& errors);

// An inclusive range of completion indexes.
struct IndexRange {
  int64_t first = 0, last = 0;
};
// Reads `0-4,7`, the form of succeededIndexes, completedIndexes and failedIndexes: rising, below
// `completions`. The Error holds only a message.
Result<std::vector<IndexRange>> ParseIndexes(std::string_view text, int64_t completions);
int64_t CountIndexes(const std::vector<IndexRange>& ranges);

bool IsIndexed(const Object& spec);
// Whether status.conditions has `type` with status True.
bool HasJobCondition(const Object& job, std::string_view type);

}  // namespace fairway::kube
