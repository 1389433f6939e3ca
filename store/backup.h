// Backups: consistent copies of the data directory in a directory of their own. Each is complete;
// tables that several share are stored once, under the SHA-256 of their content. A backup exists
// when its manifest does, which is written last: one that was interrupted is swept by the next.
//
// Blocking; any thread but the loop's. One process works on a backup directory at a time.
#pragma once

#include <string>
#include <vector>

#include "store/backup_files.h"
#include "store/backup_manifest.h"
#include "store/journal.h"

namespace fairway::store {

struct BackupRequest {
  std::string directory;   // made when missing; must be empty or hold backups
  std::string store_path;  // of `journal`: the copy is prepared below it, by hard links
  std::string pki_path;    // taken along when not empty
  std::string gateway;
  std::string version;
  Instant now;
  size_t keep = 0;  // older ones go once this one is whole; 0 = all stay
  Cancelled cancelled;
};

// Takes one; online. `journal` must be one that checkpoints from any thread (RocksJournal).
Result<BackupInfo> TakeBackup(Journal& journal, const BackupRequest& request);

// Oldest first. A manifest that cannot be read is an error that names it.
Result<std::vector<BackupManifest>> ReadBackups(const std::string& directory);

// Reads every file of backup `id` (0 = of all) and compares. An error names the first wrong file.
struct VerifiedBackups {
  size_t backups = 0, files = 0;
  uint64_t bytes = 0;
};
Result<VerifiedBackups> VerifyBackups(const std::string& directory, uint64_t id);

// Keeps the newest `keep`; what no remaining manifest names is removed.
Status PruneBackups(const std::string& directory, size_t keep);

// "cannot be restored: tables/... is damaged"
Status CheckStored(const std::string& directory, const BackupFile& file, const CopiedFile& found);

}  // namespace fairway::store
