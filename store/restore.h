// Restoring a store: putting a backup in the place of a data directory's store, or making an empty
// one for a rebuild from the members. Offline: nobody may have the data directory open.
//
// A restored store is older than what its members and clients remember. So its revisions jump far
// beyond any that were handed out before, its watch log is empty (every watch gets 410 and lists
// anew), and it carries a mark: the gateway dispatches nothing before it has asked every member
// what it has (gateway/driver/restore_gate.h).
//
// Blocking; any thread but the loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "scheduler/ids.h"
#include "scheduler/instant.h"
#include "scheduler/result.h"
#include "store/backup_manifest.h"

namespace fairway::store {

// Where a restored store's revisions go on: above `newest` by more than a gateway uses up in a year
// at 30,000 a second, and above those of every earlier restore, as time goes into it (four million
// revisions for each second).
Revision RevisionAfterRestore(Revision newest, Instant now);

// The mark, kept under kMetaRestored until the inventory is complete.
struct RestoreMark {
  Revision as_of;            // what was asked for
  Revision before;           // every id up to it is from before the restore
  bool run_missing = false;  // jobs that no member accounts for run again instead of being held
};
inline constexpr std::string_view kMetaRestored = "restored";
std::string EncodeMark(const RestoreMark& mark);
std::optional<RestoreMark> DecodeMark(std::string_view text);

struct RestoreRequest {
  std::string from = {};  // a backup directory
  uint64_t backup = 0;    // which one; 0 = the newest, or the first that has `revision`
  std::optional<Revision> revision = {};  // as of when; none = all that the backup has
  std::string data_directory = {};
  bool force = false;        // also over a newer store
  bool run_missing = false;  // see RestoreMark
  Instant now = {};
};
struct Restored {
  BackupInfo backup;
  Revision as_of;
  Revision next;  // the store's revisions go on from here
  uint64_t objects = 0;
  std::string set_aside;  // where the store that was there went; "" = there was none
};
Result<Restored> RestoreBackup(const RestoreRequest& request);

// For a data directory that was put back by other means (a cold copy, a snapshot of a disk): its
// store gets the jump and the mark that RestoreBackup gives.
Result<Restored> MarkRestored(const std::string& data_directory, bool run_missing, Instant now);

// An empty store for `gateway`, whose revisions go on above `highest`.
struct EmptyStoreRequest {
  std::string data_directory;
  std::string gateway_meta;  // name of the value that holds the gateway's id
  std::string gateway;
  Revision highest;
  bool force = false;
  bool run_missing = false;
  Instant now = {};
  // Puts into the store at this path what belongs there, before it is put in place.
  std::function<Status(const std::string& store_path)> furnish = {};
};
Result<Restored> MakeEmptyStore(const EmptyStoreRequest& request);

}  // namespace fairway::store
