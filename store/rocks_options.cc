#include "store/rocks_options.h"

#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>

#include <utility>

namespace fairway::store {
namespace {

rocksdb::BlockBasedTableOptions TableOptions(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = 16u << 10;
  table.format_version = 5;
  // Index and filter blocks count against the cache too, so that memory does not grow with the
  // number of records.
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  return table;
}

// The writer thread alone decides when to go on after an error: RocksDB's own recovery would clear
// the error while the log file's tail is still torn.
class NoRecovery final : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }
};

}  // namespace

std::shared_ptr<rocksdb::Cache> MakeBlockCache(const RocksSizes& sizes) {
  return rocksdb::NewLRUCache(sizes.block_cache, 4, false, 0.3);
}

rocksdb::DBOptions MakeDbOptions(const RocksSizes& sizes, rocksdb::Env* env,
                                 std::shared_ptr<rocksdb::Logger> log) {
  rocksdb::DBOptions options;
  options.env = env;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  // Log files are not recycled: RocksDB 7.8 does not with this recovery mode, whatever it is told,
  // and where it does, a flush whose directory sync fails leaves it with a log that it has closed.
  options.recycle_log_file_num = 0;
  // It cannot tell a torn tail from damage; TailGuard can.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.max_total_wal_size = sizes.wal;
  options.db_write_buffer_size = sizes.memtables;
  options.max_background_jobs = 2;
  options.bytes_per_sync = 1u << 20;  // write-back of new tables in small steps, not in one burst
  options.max_open_files = 512;
  options.info_log = std::move(log);  // not RocksDB's own: RocksLog says why
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.max_bgerror_resume_count = 0;
  options.listeners.push_back(std::make_shared<NoRecovery>());
  return options;
}

rocksdb::ColumnFamilyOptions MakeFamilyOptions(Family family, const RocksSizes& sizes,
                                               const std::shared_ptr<rocksdb::Cache>& cache) {
  if (family == Family::kMeta) return MakeSmallFamilyOptions(cache);
  rocksdb::ColumnFamilyOptions options;
  rocksdb::BlockBasedTableOptions table = TableOptions(cache);
  // Only objects are looked up by key that may be absent; the others are read by known keys.
  if (family == Family::kObjects) {
    // A false "perhaps" costs a block read and unpacked; every create asks twice.
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(14));
    // Every create asks for a key that is not there: filters on all levels, and on memtables too.
    options.memtable_whole_key_filtering = true;
    options.memtable_prefix_bloom_size_ratio = 0.02;
    // Names are random, so a compaction rewrites all that is there: few large ones.
    options.level0_file_num_compaction_trigger = 8;
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  // The database's own bound over all families (db_write_buffer_size) rules. Bodies fill most of
  // it.
  options.write_buffer_size = sizes.memtables / (family == Family::kObjects ? 2 : 4);
  options.max_write_buffer_number = 3;
  options.level_compaction_dynamic_level_bytes = true;
  options.target_file_size_base = 32u << 20;
  // Records of objects are packed already. zstd at rest, done again by each compaction, cost a
  // tenth of the CPU of an accepted Job, and trained dictionaries a sixth.
  bool packed = family == Family::kObjects || family == Family::kOld;
  options.compression = packed ? rocksdb::kNoCompression : rocksdb::kLZ4Compression;
  return options;
}

rocksdb::ColumnFamilyOptions MakeSmallFamilyOptions(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(TableOptions(cache)));
  options.write_buffer_size = 1u << 20;
  options.compression = rocksdb::kLZ4Compression;
  return options;
}

}  // namespace fairway::store
