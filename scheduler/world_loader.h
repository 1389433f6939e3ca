// WorldLoader: builds a World from stored records at start. Records come in any order; what rests
// on what is settled in Finish. Total: damaged or inconsistent records yield an Error that names
// the record, never an abort. Meant for millions of records a second: in the order of their keys,
// as a store has them, jobs go straight into the World; only what comes out of order is kept back.
#pragma once

#include <memory>
#include <string_view>
#include <variant>
#include <vector>

#include "scheduler/edit.h"
#include "scheduler/result.h"
#include "scheduler/world.h"

namespace fairway::scheduler {

// One stored record, taken apart.
using LoadedRecord = std::variant<Box<JobRecord>, std::unique_ptr<Edit>>;

// What EditKey and EditValue made. Reads nothing but its arguments: any thread may do it.
Result<LoadedRecord> ReadRecord(std::string_view key, std::string_view value);

class WorldLoader {
 public:
  Status Add(std::string_view key, std::string_view value);
  void Add(LoadedRecord record);
  // The world that all records together describe. The loader is empty afterwards.
  Result<World> Finish();

 private:
  World world_;
  JobId last_;                        // in the world
  std::vector<Box<JobRecord>> late_;  // came before what they rest on, or before an earlier job
};

}  // namespace fairway::scheduler
