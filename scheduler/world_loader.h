// WorldLoader: builds a World from stored records at start. Records come in any order; what rests
// on what is settled in Finish. Total: damaged or inconsistent records yield an Error that names
// the record, never an abort. Meant for 10^6 records a second, so nothing is looked up while they
// come in.
#pragma once

#include <string_view>
#include <vector>

#include "scheduler/edit.h"
#include "scheduler/result.h"
#include "scheduler/world.h"

namespace fairway::scheduler {

class WorldLoader {
 public:
  // One stored record, as EditKey and EditValue made it.
  Status Add(std::string_view key, std::string_view value);
  // The world that all records together describe. The loader is empty afterwards.
  Result<World> Finish();

 private:
  std::vector<PutSpec> specs_;
  std::vector<ClusterRecord> clusters_;
  std::vector<Edit> quota_;
  std::vector<Box<JobRecord>> jobs_;
};

}  // namespace fairway::scheduler
