// What a backup consists of, and the text that says so. Byte format: docs/formats/backup.md. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/ids.h"
#include "scheduler/instant.h"
#include "scheduler/result.h"

namespace fairway::store {

struct BackupInfo {
  uint64_t id = 0;
  Instant at;          // when it was taken
  Revision revision;   // the newest revision in it
  Revision log_start;  // it can be restored as of any revision from here on
  std::string gateway;
  std::string version;     // of Fairway
  uint64_t bytes = 0;      // of all its files
  uint64_t new_bytes = 0;  // of those that no earlier backup had
};

struct BackupFile {
  std::string name;    // below the data directory: store/db/000012.sst
  std::string stored;  // below the backup directory: tables/<sha256>.sst
  uint64_t size = 0;
  int64_t modified_ns = 0;  // of the source: the same name, size and time is the same table
  std::string sha256;
};

struct BackupManifest {
  BackupInfo info;
  std::vector<BackupFile> files;
};

std::string EncodeManifest(const BackupManifest& manifest);
// `path` is for messages. An error when any byte of the text was changed.
Result<BackupManifest> ParseManifest(std::string_view text, const std::string& path);

}  // namespace fairway::store
