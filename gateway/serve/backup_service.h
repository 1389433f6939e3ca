// BackupService: takes backups of the running gateway, one at a time, on a thread of its own, and
// says how the last one went. Routes for administrators:
//
//   POST /fairway/v1/backups  {"directory": "nightly", "keep": 7}   202, or 409 while one runs
//   GET  /fairway/v1/backups                                         the state of the last one
//
// The directory is one of this host's, below a root that the configuration names, so that nobody
// can write elsewhere over the API.
//
// Thread: the loop. Lifetime: the journal outlives it; destroying it cancels a backup under way.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "clusters/loop/loop.h"
#include "gateway/server/exchange.h"
#include "store/backup.h"
#include "store/journal.h"

namespace fairway::gateway {

inline constexpr std::string_view kBackupsPath = "/fairway/v1/backups";

class BackupService {
 public:
  struct Options {
    std::string root;
    std::string store_path, pki_path;
    std::string gateway;
  };
  BackupService(Loop& loop, store::Journal& journal, Options options);
  ~BackupService();

  void Handle(ExchangePtr exchange);

 private:
  void Begin(const ExchangePtr& exchange);
  void Tell(const ExchangePtr& exchange, int status) const;
  void Done(Result<store::BackupInfo> result);

  Loop& loop_;
  store::Journal& journal_;
  const Options options_;
  std::thread worker_;
  std::atomic<bool> cancel_ = false;
  bool running_ = false;
  std::string directory_;  // of the last one; "" = none yet
  Result<store::BackupInfo> last_ = store::BackupInfo{};
  std::shared_ptr<int> life_ = std::make_shared<int>(0);
};

// The directory that `wish` names: itself when absolute, else below `root`. An error when that is
// not below `root`, links followed.
Result<std::string> BackupDirectory(const std::string& root, const std::string& wish);

}  // namespace fairway::gateway
