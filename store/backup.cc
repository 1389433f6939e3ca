#include "store/backup.h"

#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "store/dir_lock.h"
#include "store/verify.h"

namespace fairway::store {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kManifestEnd = ".manifest";
constexpr std::string_view kTables = "tables";

std::string NameOf(uint64_t id) { return fmt::format("{:08d}", id); }

int64_t ModifiedNs(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return 0;
  return static_cast<int64_t>(found.st_mtim.tv_sec) * 1'000'000'000 + found.st_mtim.tv_nsec;
}

// Files below `root`, by path relative to it.
Result<std::vector<std::string>> FilesBelow(const std::string& root) {
  std::vector<std::string> files;
  std::error_code failed;
  for (fs::recursive_directory_iterator it(root, failed), end; !failed && it != end;
       it.increment(failed)) {
    if (it->is_regular_file(failed)) files.push_back(fs::relative(it->path(), root).string());
  }
  if (failed) return Fail(BackupProblem(fmt::format("cannot list {}: {}", root, failed.message())));
  std::sort(files.begin(), files.end());
  return files;
}

// Removes what no manifest names: of pruned backups, and of those that were interrupted.
void Sweep(const std::string& directory, const std::vector<BackupManifest>& kept) {
  std::set<std::string> named;
  for (const BackupManifest& backup : kept) {
    for (const BackupFile& file : backup.files) named.insert(file.stored);
  }
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    std::string name = entry.path().filename().string();
    bool numbered = name.size() == 8 && name.find_first_not_of("0123456789") == std::string::npos;
    if (!numbered) continue;
    bool used = std::any_of(kept.begin(), kept.end(),
                            [&](const BackupManifest& b) { return NameOf(b.info.id) == name; });
    if (!used) fs::remove_all(entry.path(), ignored);
  }
  for (const auto& entry :
       fs::directory_iterator(directory + "/" + std::string(kTables), ignored)) {
    std::string stored = std::string(kTables) + "/" + entry.path().filename().string();
    if (!named.contains(stored)) fs::remove(entry.path(), ignored);
  }
}

// A directory that holds something else is left alone: a mistyped path must not be filled or swept.
Status PrepareDirectory(const std::string& directory) {
  std::error_code failed;
  fs::create_directories(directory, failed);
  if (failed) {
    return Fail(BackupProblem(fmt::format("cannot create {}: {}", directory, failed.message())));
  }
  bool empty = fs::is_empty(directory, failed);
  bool ours = fs::is_directory(directory + "/" + std::string(kTables), failed);
  if (!empty && !ours) {
    return Fail(BackupProblem(fmt::format(
        "{} holds something that is no backup: choose an empty directory, or one with backups",
        directory)));
  }
  fs::create_directories(directory + "/" + std::string(kTables), failed);
  if (failed) {
    return Fail(BackupProblem(
        fmt::format("cannot create {}/{}: {}", directory, kTables, failed.message())));
  }
  fs::permissions(directory, fs::perms::owner_all, failed);
  return {};
}

class BackupWork {
 public:
  BackupWork(const BackupRequest& request, const std::vector<BackupManifest>& earlier)
      : request_(request) {
    for (const BackupManifest& backup : earlier) {
      for (const BackupFile& file : backup.files) known_[file.name] = file;
    }
    manifest_.info.id = earlier.empty() ? 1 : earlier.back().info.id + 1;
  }

  // Every file below `root`, as `prefix`/... of the data directory.
  Status AddTree(const std::string& root, const std::string& prefix) {
    auto files = FilesBelow(root);
    if (!files) return Fail(std::move(files.error()));
    std::error_code failed;
    fs::create_directories(request_.directory + "/" + NameOf(manifest_.info.id), failed);
    for (const std::string& file : *files) {
      Status added = Add(root + "/" + file, prefix + "/" + file);
      if (!added) return added;
    }
    return {};
  }

  BackupManifest manifest_;

 private:
  Status Add(const std::string& source, const std::string& name) {
    BackupFile file;
    file.name = name;
    std::error_code failed;
    file.size = fs::file_size(source, failed);
    file.modified_ns = ModifiedNs(source);
    bool table = name.ends_with(".sst");
    const auto before = known_.find(name);
    // Tables never change once they are written.
    bool have = table && before != known_.end() && before->second.size == file.size &&
                before->second.modified_ns == file.modified_ns && file.modified_ns != 0 &&
                fs::exists(request_.directory + "/" + before->second.stored, failed);
    if (have) {
      file = before->second;
    } else if (Status copied = Copy(source, table, file); !copied) {
      return copied;
    }
    manifest_.info.bytes += file.size;
    manifest_.files.push_back(std::move(file));
    return {};
  }

  Status Copy(const std::string& source, bool table, BackupFile& file) {
    std::string id = NameOf(manifest_.info.id);
    std::string place = fmt::format("{}/{:06d}", id, manifest_.files.size());
    auto copied = CopyFile(source, request_.directory + "/" + place, request_.cancelled);
    if (!copied) return Fail(std::move(copied.error()));
    file.size = copied->size;
    file.sha256 = copied->sha256;
    file.stored = place;
    manifest_.info.new_bytes += file.size;
    if (!table) return {};
    file.stored = fmt::format("{}/{}.sst", kTables, file.sha256);
    std::error_code failed;
    fs::rename(request_.directory + "/" + place, request_.directory + "/" + file.stored, failed);
    if (!failed) return {};
    return Fail(BackupProblem(fmt::format("cannot store {}: {}", file.stored, failed.message())));
  }

  const BackupRequest& request_;
  std::map<std::string, BackupFile> known_;
};

Result<BackupInfo> Copy(Journal& journal, const BackupRequest& request,
                        const std::vector<BackupManifest>& earlier, const std::string& checkpoint) {
  if (Status taken = journal.Checkpoint(checkpoint); !taken) return Fail(std::move(taken.error()));
  auto bounds = ReadStoreBounds(checkpoint);
  if (!bounds) return Fail(std::move(bounds.error()));
  BackupWork work(request, earlier);
  BackupInfo& info = work.manifest_.info;
  info.at = request.now;
  info.revision = bounds->last;
  info.log_start = bounds->log_start;
  info.gateway = request.gateway;
  info.version = request.version;
  Status added = work.AddTree(checkpoint + "/db", "store/db");
  if (added && !request.pki_path.empty()) added = work.AddTree(request.pki_path, "pki");
  for (const std::string& part : {NameOf(info.id), std::string(kTables)}) {
    if (added) added = SyncDirectory(request.directory + "/" + part);
  }
  if (added) {
    added = WriteWhole(request.directory + "/" + NameOf(info.id) + std::string(kManifestEnd),
                       EncodeManifest(work.manifest_));
  }
  if (!added) return Fail(std::move(added.error()));
  return info;
}

}  // namespace

Result<BackupInfo> TakeBackup(Journal& journal, const BackupRequest& request) {
  if (Status ready = PrepareDirectory(request.directory); !ready) return Fail(ready.error());
  auto lock = DirLock::Take(request.directory);
  if (!lock) return Fail(std::move(lock.error()));
  auto earlier = ReadBackups(request.directory);
  if (!earlier) return Fail(std::move(earlier.error()));
  Sweep(request.directory, *earlier);
  std::string checkpoint = request.store_path + "/backup.tmp";
  std::error_code ignored;
  fs::remove_all(checkpoint, ignored);  // of a gateway that was killed meanwhile
  auto info = Copy(journal, request, *earlier, checkpoint);
  fs::remove_all(checkpoint, ignored);
  if (info && request.keep != 0) {
    if (Status pruned = PruneBackups(request.directory, request.keep); !pruned) {
      return Fail(std::move(pruned.error()));
    }
  }
  return info;
}

Result<std::vector<BackupManifest>> ReadBackups(const std::string& directory) {
  std::vector<BackupManifest> backups;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(directory, failed)) {
    std::string path = entry.path().string();
    if (!path.ends_with(kManifestEnd)) continue;
    auto text = ReadWhole(path);
    if (!text) return Fail(std::move(text.error()));
    auto manifest = ParseManifest(*text, path);
    if (!manifest) return Fail(std::move(manifest.error()));
    if (NameOf(manifest->info.id) + std::string(kManifestEnd) != entry.path().filename()) {
      return Fail(BackupProblem(path + " is damaged: it is the manifest of another backup"));
    }
    backups.push_back(std::move(*manifest));
  }
  if (failed) {
    return Fail(BackupProblem(fmt::format("cannot read {}: {}", directory, failed.message())));
  }
  std::sort(backups.begin(), backups.end(),
            [](const BackupManifest& a, const BackupManifest& b) { return a.info.id < b.info.id; });
  return backups;
}

Status CheckStored(const std::string& directory, const BackupFile& file, const CopiedFile& found) {
  if (found.size == file.size && found.sha256 == file.sha256) return {};
  return Fail(BackupProblem(fmt::format(
      "{}/{} is damaged: {} (of {})", directory, file.stored,
      found.size != file.size ? fmt::format("{} bytes instead of {}", found.size, file.size)
                              : std::string("its checksum does not match"),
      file.name)));
}

Result<VerifiedBackups> VerifyBackups(const std::string& directory, uint64_t id) {
  auto backups = ReadBackups(directory);
  if (!backups) return Fail(std::move(backups.error()));
  VerifiedBackups verified;
  std::set<std::string> read;
  for (const BackupManifest& backup : *backups) {
    if (id != 0 && backup.info.id != id) continue;
    ++verified.backups;
    for (const BackupFile& file : backup.files) {
      ++verified.files;
      if (!read.insert(file.stored).second) continue;
      auto found = SumFile(directory + "/" + file.stored, {});
      if (!found) return Fail(std::move(found.error()));
      if (Status good = CheckStored(directory, file, *found); !good) return Fail(good.error());
      verified.bytes += found->size;
    }
  }
  if (verified.backups == 0) {
    return Fail(BackupProblem(id == 0 ? "there is no backup in " + directory
                                      : fmt::format("there is no backup {} in {}", id, directory)));
  }
  return verified;
}

Status PruneBackups(const std::string& directory, size_t keep) {
  auto backups = ReadBackups(directory);
  if (!backups) return Fail(std::move(backups.error()));
  std::error_code failed;
  while (backups->size() > keep && !failed) {
    fs::remove(directory + "/" + NameOf(backups->front().info.id) + std::string(kManifestEnd),
               failed);
    backups->erase(backups->begin());
  }
  if (failed) {
    return Fail(BackupProblem(fmt::format("cannot prune {}: {}", directory, failed.message())));
  }
  Sweep(directory, *backups);
  return {};
}

}  // namespace fairway::store
