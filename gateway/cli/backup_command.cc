// fairway backup DIR: a copy of the running gateway's store, written by the gateway on its own
// host. list and verify read a backup directory on this host, without a gateway.
#include <poll.h>

#include <cstdio>

#include "clusters/kube/time.h"
#include "gateway/cli/api_client.h"
#include "gateway/cli/args.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/output.h"
#include "gateway/serve/backup_service.h"
#include "store/backup.h"

namespace fairway::gateway {

using kube::Value;

namespace {

constexpr const char* kBackupUsage =
    "Usage:\n"
    "  fairway backup DIR [--keep N]       take one; DIR is on the gateway's host, below its\n"
    "                                      store.backupDirectory (a relative DIR is meant below "
    "it)\n"
    "  fairway backup list DIR [-o json]   what is in a backup directory of this host\n"
    "  fairway backup verify DIR [--id N]  read every file and compare its checksum\n";

constexpr int kPollMs = 200;

std::string Megabytes(uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MB", static_cast<double>(bytes) / 1e6);
  return text;
}

int Take(const Args& args, uint64_t keep) {
  auto api = ApiClient::Create(args);
  if (!api) return PrintLocalError(api.error());
  kube::Object wish{{"directory", args.words[0]}, {"keep", keep}};
  auto state = (*api)->Call("POST", kBackupsPath, kube::Serialize(Value(std::move(wish))));
  while (state && kube::GetString(*state, {"state"}) == "Running") {
    ::poll(nullptr, 0, kPollMs);  // the route has no watch: asked again after a while
    state = (*api)->Get(kBackupsPath);
  }
  if (!state) return PrintError(state.error());
  std::string directory(kube::GetString(*state, {"directory"}));
  if (kube::GetString(*state, {"state"}) != "Succeeded") {
    std::fprintf(stderr, "error: the backup to %s failed: %s\n", directory.c_str(),
                 std::string(kube::GetString(*state, {"message"})).c_str());
    return 1;
  }
  if (std::string output = args.Get("output"); output == "json" || output == "yaml") {
    std::fputs(FormatDocument(*state, output).c_str(), stdout);
    return 0;
  }
  auto number = [&](std::string_view field) {
    return static_cast<uint64_t>(kube::Get<int64_t>(*state, {"backup", field}).value_or(0));
  };
  std::printf("backup %llu of revision %s is in %s (%s, %s of it new)\n",
              static_cast<unsigned long long>(number("id")),
              std::string(kube::GetString(*state, {"backup", "revision"})).c_str(),
              directory.c_str(), Megabytes(number("bytes")).c_str(),
              Megabytes(number("newBytes")).c_str());
  return 0;
}

int List(const Args& args) {
  auto backups = store::ReadBackups(args.words[1]);
  if (!backups) return PrintLocalError(backups.error());
  std::vector<std::vector<std::string>> rows;
  kube::Array items;
  for (const store::BackupManifest& backup : *backups) {
    const store::BackupInfo& info = backup.info;
    rows.push_back({std::to_string(info.id), kube::FormatTime(info.at),
                    std::to_string(info.revision.value), std::to_string(info.log_start.value),
                    Megabytes(info.bytes), Megabytes(info.new_bytes), info.gateway});
    items.push_back(kube::Object{{"id", info.id},
                                 {"time", kube::FormatTime(info.at)},
                                 {"revision", std::to_string(info.revision.value)},
                                 {"restorableFrom", std::to_string(info.log_start.value)},
                                 {"bytes", info.bytes},
                                 {"newBytes", info.new_bytes},
                                 {"gateway", info.gateway},
                                 {"version", info.version}});
  }
  std::string output = args.Get("output", "table");
  if (output == "json" || output == "yaml") {
    Value doc(kube::Object{{"items", std::move(items)}});
    std::fputs(FormatDocument(doc, output).c_str(), stdout);
  } else if (rows.empty()) {
    std::fputs("No backups.\n", stderr);
  } else {
    std::fputs(
        FormatTable({"ID", "TIME", "REVISION", "BACK TO", "SIZE", "NEW", "GATEWAY"}, rows).c_str(),
        stdout);
  }
  return 0;
}

int Verify(const Args& args, uint64_t id) {
  auto verified = store::VerifyBackups(args.words[1], id);
  if (!verified) return PrintLocalError(verified.error());
  std::printf("%zu backup%s good: %zu files, %s read\n", verified->backups,
              verified->backups == 1 ? " is" : "s are", verified->files,
              Megabytes(verified->bytes).c_str());
  return 0;
}

}  // namespace

int RunBackup(const std::vector<std::string>& arguments) {
  std::vector<FlagSpec> flags = kApiFlags;
  flags.push_back({"keep", "", true});
  flags.push_back({"id", "", true});
  Args args = ParseArgs(arguments, flags);
  uint64_t keep = 0;
  uint64_t id = 0;
  if (args.error.empty() && args.Has("keep") && !ReadPositive(args.Get("keep"), keep)) {
    args.error = "--keep must be a whole number, 1 or more";
  }
  if (args.error.empty() && args.Has("id") && !ReadPositive(args.Get("id"), id)) {
    args.error = "--id must be the number of a backup, see fairway backup list";
  }
  if (!args.error.empty() || args.words.empty() || args.words.size() > 2)
    return PrintUsage(kBackupUsage, args.error);
  bool local = args.words.size() == 2;
  if (local && args.words[0] == "list") return List(args);
  if (local && args.words[0] == "verify") return Verify(args, id);
  if (local) return PrintUsage(kBackupUsage, "unknown word: " + args.words[0]);
  if (args.words[0] == "list" || args.words[0] == "verify") {
    return PrintUsage(kBackupUsage, args.words[0] + " needs a directory");
  }
  return Take(args, keep);
}

}  // namespace fairway::gateway
