#include "store/restore.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "store/backup.h"
#include "store/dir_lock.h"
#include "store/restore_prepare.h"
#include "store/rocks_journal.h"
#include "store/verify.h"

namespace fairway::store {

namespace fs = std::filesystem;

namespace {

// The place of a data directory's store while it is being replaced.
class Place {
 public:
  Place(const std::string& data_directory, Instant now)
      : store_(data_directory + "/store"),
        building_(data_directory + "/store.restoring"),
        aside_(fmt::format("{}/store.before-restore-{}", data_directory, now.ms)) {}

  // Nobody may use what is there; it may be newer than `revision` only by `force`.
  Status Claim(Revision revision, bool force) {
    std::error_code failed;
    fs::create_directories(building_, failed);
    if (failed) {
      return Fail(BackupProblem(fmt::format("cannot create {}: {}", building_, failed.message())));
    }
    if (!fs::exists(store_ + "/db", failed)) return {};
    auto lock = DirLock::Take(store_);
    if (!lock) return Fail(std::move(lock.error()));
    lock_ = std::move(*lock);
    occupied_ = true;
    if (force) return {};
    auto bounds = ReadStoreBounds(store_);
    if (!bounds) {
      return Fail(BackupProblem(
          fmt::format("{} holds a store that cannot be read ({}); --force sets it aside", store_,
                      bounds.error().message)));
    }
    if (bounds->last > revision) {
      return Fail(BackupProblem(
          fmt::format("{} holds a newer store: it is at revision {}, and what would be restored at "
                      "{}; --force sets it aside",
                      store_, bounds->last.value, revision.value)));
    }
    return {};
  }

  // What was built takes the place; what was there stays beside it.
  Result<std::string> Swap() {
    std::error_code failed;
    if (occupied_) fs::rename(store_, aside_, failed);
    if (!failed && !occupied_) fs::remove_all(store_, failed);  // a directory without a database
    if (!failed) fs::rename(building_, store_, failed);
    if (failed) {
      return Fail(BackupProblem(
          fmt::format("cannot put the store in place at {}: {}", store_, failed.message())));
    }
    if (Status synced = SyncDirectory(fs::path(store_).parent_path().string()); !synced) {
      return Fail(synced.error());
    }
    return occupied_ ? aside_ : std::string();
  }

  void Abandon() {
    std::error_code ignored;
    fs::remove_all(building_, ignored);
  }

  const std::string& building() const { return building_; }

 private:
  std::string store_, building_, aside_;
  std::unique_ptr<DirLock> lock_;
  bool occupied_ = false;
};

std::string Coverage(const std::vector<BackupManifest>& backups) {
  std::string out;
  for (const BackupManifest& backup : backups) {
    out += fmt::format("{}{} to {} (backup {})", out.empty() ? "" : ", ",
                       backup.info.log_start.value, backup.info.revision.value, backup.info.id);
  }
  return out;
}

bool Covers(const BackupInfo& info, Revision revision) {
  return info.log_start <= revision && revision <= info.revision;
}

Result<BackupManifest> Choose(const RestoreRequest& request) {
  auto backups = ReadBackups(request.from);
  if (!backups) return Fail(std::move(backups.error()));
  if (backups->empty()) return Fail(BackupProblem("there is no backup in " + request.from));
  for (const BackupManifest& backup : *backups) {
    if (request.backup != 0 && backup.info.id != request.backup) continue;
    if (request.revision && !Covers(backup.info, *request.revision)) continue;
    bool newest = request.backup == 0 && !request.revision;
    return newest ? backups->back() : backup;
  }
  if (request.revision) {
    return Fail(BackupProblem(
        fmt::format("no backup{} can be restored as of revision {}; there are {}",
                    request.backup == 0 ? std::string() : fmt::format(" {}", request.backup),
                    request.revision->value, Coverage(*backups))));
  }
  return Fail(
      BackupProblem(fmt::format("there is no backup {} in {}", request.backup, request.from)));
}

Status CopyFiles(const RestoreRequest& request, const BackupManifest& backup,
                 const std::string& building) {
  for (const BackupFile& file : backup.files) {
    std::string target;
    constexpr std::string_view kStore = "store/";
    if (file.name.starts_with(kStore)) {
      target = building + "/" + file.name.substr(kStore.size());
    } else {
      target = request.data_directory + "/" + file.name;
    }
    std::error_code failed;
    // Keys and certificates that are there already are those that the clients know.
    bool keep = !file.name.starts_with(kStore) && fs::exists(target, failed);
    fs::create_directories(fs::path(target).parent_path(), failed);
    if (!file.name.starts_with(kStore)) {
      fs::permissions(fs::path(target).parent_path(), fs::perms::owner_all, failed);
    }
    auto copied = keep ? SumFile(request.from + "/" + file.stored, {})
                       : CopyFile(request.from + "/" + file.stored, target, {});
    if (!copied) return Fail(std::move(copied.error()));
    Status good = CheckStored(request.from, file, *copied);
    if (!good) {
      if (!keep) fs::remove(target, failed);
      return good;
    }
  }
  return {};
}

Result<Restored> Finish(Place& place, Restored restored, const Preparation& preparation,
                        Revision last,
                        const std::function<Status(const std::string&)>& furnish = {}) {
  Status prepared = PrepareRestored(place.building(), last, preparation);
  if (prepared && furnish) prepared = furnish(place.building());
  if (!prepared) return Fail(std::move(prepared.error()));
  auto summary = VerifyStore(place.building());
  if (!summary) return Fail(std::move(summary.error()));
  restored.objects = summary->objects;
  restored.as_of = preparation.mark.as_of;
  restored.next = preparation.mark.before;
  auto aside = place.Swap();
  if (!aside) return Fail(std::move(aside.error()));
  restored.set_aside = *aside;
  return restored;
}

Result<Restored> Restore(const RestoreRequest& request, const BackupManifest& backup,
                         Place& place) {
  if (Status copied = CopyFiles(request, backup, place.building()); !copied) {
    return Fail(std::move(copied.error()));
  }
  Preparation preparation;
  preparation.mark.as_of = request.revision.value_or(backup.info.revision);
  preparation.mark.before = RevisionAfterRestore(backup.info.revision, request.now);
  preparation.mark.run_missing = request.run_missing;
  return Finish(place, Restored{backup.info, {}, {}, 0, ""}, preparation, backup.info.revision);
}

Status MakeEmptyDatabase(const std::string& path) {
  RocksJournal::Options options;
  options.path = path;
  options.post = [](std::function<void()>) {};
  auto opened = RocksJournal::Open(std::move(options));
  if (!opened) return Fail(std::move(opened.error()));
  return {};
}

}  // namespace

Revision RevisionAfterRestore(Revision newest, Instant now) {
  constexpr uint64_t kJump = uint64_t{1} << 40;
  uint64_t by_time = static_cast<uint64_t>(std::max<int64_t>(now.ms / 1000, 0)) << 22;
  return Revision{std::max(newest.value + kJump, by_time)};
}

std::string EncodeMark(const RestoreMark& mark) {
  return fmt::format("{};{};{}", mark.as_of.value, mark.before.value, mark.run_missing ? 1 : 0);
}

std::optional<RestoreMark> DecodeMark(std::string_view text) {
  RestoreMark mark;
  const char* end = text.data() + text.size();
  auto first = std::from_chars(text.data(), end, mark.as_of.value);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != ';') return std::nullopt;
  auto second = std::from_chars(first.ptr + 1, end, mark.before.value);
  if (second.ec != std::errc() || end - second.ptr != 2 || *second.ptr != ';') return std::nullopt;
  mark.run_missing = second.ptr[1] == '1';
  return mark;
}

Result<Restored> RestoreBackup(const RestoreRequest& request) {
  auto backup = Choose(request);
  if (!backup) return Fail(std::move(backup.error()));
  Place place(request.data_directory, request.now);
  place.Abandon();
  Status claimed = place.Claim(request.revision.value_or(backup->info.revision), request.force);
  Result<Restored> restored =
      claimed ? Restore(request, *backup, place) : Result<Restored>(Fail(claimed.error()));
  if (!restored) place.Abandon();
  return restored;
}

Result<Restored> MarkRestored(const std::string& data_directory, bool run_missing, Instant now) {
  std::string path = data_directory + "/store";
  std::error_code failed;
  if (!fs::exists(path + "/db", failed)) {
    return Fail(BackupProblem(path + " holds no store"));
  }
  auto lock = DirLock::Take(path);
  if (!lock) return Fail(std::move(lock.error()));
  auto summary = VerifyStore(path);
  if (!summary) return Fail(std::move(summary.error()));
  Preparation preparation;
  preparation.mark.as_of = summary->last;
  preparation.mark.before = RevisionAfterRestore(summary->last, now);
  preparation.mark.run_missing = run_missing;
  Status prepared = PrepareRestored(path, summary->last, preparation);
  if (!prepared) return Fail(std::move(prepared.error()));
  return Restored{{}, preparation.mark.as_of, preparation.mark.before, summary->objects, ""};
}

Result<Restored> MakeEmptyStore(const EmptyStoreRequest& request) {
  Place place(request.data_directory, request.now);
  place.Abandon();
  Status ready = place.Claim(Revision{}, request.force);
  if (ready) ready = MakeEmptyDatabase(place.building());
  if (!ready) {
    place.Abandon();
    return Fail(std::move(ready.error()));
  }
  Preparation preparation;
  preparation.mark.before = RevisionAfterRestore(request.highest, request.now);
  preparation.mark.run_missing = request.run_missing;
  preparation.meta.emplace_back(request.gateway_meta, request.gateway);
  auto restored = Finish(place, Restored{}, preparation, Revision{}, request.furnish);
  if (!restored) place.Abandon();
  return restored;
}

}  // namespace fairway::store
