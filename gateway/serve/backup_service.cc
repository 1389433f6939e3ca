#include "gateway/serve/backup_service.h"

#include <filesystem>
#include <utility>

#include "clusters/kube/errors.h"
#include "clusters/kube/json.h"
#include "clusters/kube/time.h"
#include "clusters/log.h"
#include "gateway/api/reply.h"
#include "gateway/serve/reply_document.h"
#include "gateway/version.h"

namespace fairway::gateway {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kKeepMax = 100'000;

struct BackupWish {
  std::string directory;
  size_t keep = 0;
};

Result<BackupWish> ReadWish(const std::string& body) {
  auto doc = kube::ParseJson(body);
  if (!doc || !doc->is_object()) return Fail(kube::BadRequest("the body is no JSON object"));
  BackupWish wish;
  for (const auto& [key, value] : doc->get_object()) {
    if (key == "directory" && value.is_string()) {
      wish.directory = std::string(std::string_view(value.get_string()));
    } else if (key == "keep") {
      auto keep = kube::Get<int64_t>(*doc, {"keep"});
      if (!keep || *keep < 0 || *keep > kKeepMax) {
        return Fail(kube::BadRequest("keep must be a whole number, 0 (all) to 100000"));
      }
      wish.keep = static_cast<size_t>(*keep);
    } else {
      return Fail(kube::BadRequest("want a body of directory (text) and keep (a number), not " +
                                   std::string(key)));
    }
  }
  if (wish.directory.empty()) return Fail(kube::BadRequest("directory is missing"));
  return wish;
}

}  // namespace

Result<std::string> BackupDirectory(const std::string& root, const std::string& wish) {
  std::error_code failed;
  fs::path base = fs::weakly_canonical(fs::absolute(root, failed), failed);
  fs::path wanted =
      fs::weakly_canonical(fs::path(wish).is_absolute() ? fs::path(wish) : base / wish, failed);
  auto relative = wanted.lexically_relative(base);
  bool below = !failed && !relative.empty() && *relative.begin() != "..";
  if (below) return wanted.string();
  Error error;
  error.code = 403;
  error.reason = "Forbidden";
  error.message = "backups of this gateway may be written below " + base.string() +
                  " only (store.backupDirectory), not to " + wish;
  return Fail(std::move(error));
}

BackupService::BackupService(Loop& loop, store::Journal& journal, Options options)
    : loop_(loop), journal_(journal), options_(std::move(options)) {}

BackupService::~BackupService() {
  cancel_ = true;
  if (worker_.joinable()) worker_.join();
}

void BackupService::Handle(ExchangePtr exchange) {
  const Request& request = exchange->request();
  if (request.path != kBackupsPath) return api::ReplyPageNotFound(exchange);
  if (request.method == "POST") return Begin(exchange);
  if (request.method == "GET") return Tell(exchange, 200);
  api::ReplyError(exchange, kube::MethodNotAllowed());
}

void BackupService::Begin(const ExchangePtr& exchange) {
  auto wish = ReadWish(exchange->request().body);
  if (!wish) return api::ReplyError(exchange, wish.error());
  auto directory = BackupDirectory(options_.root, wish->directory);
  if (!directory) return api::ReplyError(exchange, directory.error());
  if (running_) {
    Error busy;
    busy.code = 409;
    busy.reason = "Conflict";
    busy.message = "a backup to " + directory_ + " is under way";
    return api::ReplyError(exchange, busy);
  }
  if (worker_.joinable()) worker_.join();  // it has ended
  running_ = true;
  directory_ = *directory;
  store::BackupRequest request;
  request.directory = *directory;
  request.store_path = options_.store_path;
  request.pki_path = options_.pki_path;
  request.gateway = options_.gateway;
  request.version = kFairwayVersion;
  request.now = loop_.Now();
  request.keep = wish->keep;
  request.cancelled = [this] { return cancel_.load(); };
  worker_ = std::thread([this, request = std::move(request), alive = std::weak_ptr<int>(life_)] {
    auto result = std::make_shared<Result<store::BackupInfo>>(store::TakeBackup(journal_, request));
    loop_.Post([this, alive, result] {
      if (!alive.expired()) Done(std::move(*result));
    });
  });
  Tell(exchange, 202);
}

void BackupService::Done(Result<store::BackupInfo> result) {
  running_ = false;
  last_ = std::move(result);
  if (last_) {
    Log(LogLevel::kInfo, "backup {} of revision {} is in {}", last_->id, last_->revision.value,
        directory_);
  } else {
    Log(LogLevel::kError, "the backup to {} failed: {}", directory_, last_.error().message);
  }
}

void BackupService::Tell(const ExchangePtr& exchange, int status) const {
  kube::Object doc{{"root", options_.root}};
  if (directory_.empty()) {
    doc["state"] = "None";
    return ReplyDocument(exchange, kube::Value(std::move(doc)), status);
  }
  doc["directory"] = directory_;
  doc["state"] = running_ ? "Running" : last_ ? "Succeeded" : "Failed";
  if (!running_ && !last_) doc["message"] = last_.error().message;
  if (!running_ && last_) {
    doc["backup"] = kube::Object{{"id", last_->id},
                                 {"time", kube::FormatTime(last_->at)},
                                 {"revision", std::to_string(last_->revision.value)},
                                 {"bytes", last_->bytes},
                                 {"newBytes", last_->new_bytes}};
  }
  ReplyDocument(exchange, kube::Value(std::move(doc)), status);
}

}  // namespace fairway::gateway
