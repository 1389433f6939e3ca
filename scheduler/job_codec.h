// The stored form of one job alone: what DecodeEdit does for a PutJob, without the detour over an
// Edit, for loaders of millions. Internal to scheduler/. Byte format: docs/formats/edits.md.
#pragma once

#include <string_view>

#include "scheduler/records.h"
#include "scheduler/result.h"

namespace fairway::scheduler {

// Whether the record at `key` is a job's.
bool IsJobKey(std::string_view key);

// Total: any bytes fill `record` or yield an Error that names the key.
Status DecodeJob(std::string_view key, std::string_view value, JobRecord& record);

}  // namespace fairway::scheduler
