// RocksDB settings, in one place, each with its reason. Internal to store/.
#pragma once

#include <rocksdb/cache.h>
#include <rocksdb/options.h>

#include <memory>

#include "store/keys.h"
#include "store/rocks_db.h"

namespace fairway::store {

std::shared_ptr<rocksdb::Cache> MakeBlockCache(const RocksSizes& sizes);
rocksdb::DBOptions MakeDbOptions(const RocksSizes& sizes, rocksdb::Env* env,
                                 std::shared_ptr<rocksdb::Logger> log);
rocksdb::ColumnFamilyOptions MakeFamilyOptions(Family family, const RocksSizes& sizes,
                                               const std::shared_ptr<rocksdb::Cache>& cache);
// For families that hold next to nothing.
rocksdb::ColumnFamilyOptions MakeSmallFamilyOptions(const std::shared_ptr<rocksdb::Cache>& cache);

}  // namespace fairway::store
