#include "clusters/member/copy_lister.h"

#include <utility>

#include "clusters/kube/list_watch.h"
#include "clusters/member/member_client.h"
#include "scheduler/names.h"

namespace fairway::clusters {

namespace {

constexpr int kInFlight = 2;
constexpr int64_t kBackoffMaxMs = 5'000;

class Lister final : public CopyLister, private kube::ListWatchSink {
 public:
  Lister(Loop& loop, std::shared_ptr<HttpClient> http, kube::ListWatchConfig config,
         Listener listener)
      : http_(std::move(http)),
        listener_(std::move(listener)),
        list_(loop, *http_, std::move(config), *this) {
    list_.Start();
  }

 private:
  void OnListStart() override {
    if (!complete_) listener_.began();
  }
  void OnObject(const kube::Object& job) override {
    if (!complete_) listener_.job(job);
  }
  void OnDeleted(const kube::Object&) override {}
  void OnListed() override {
    if (std::exchange(complete_, true)) return;
    listener_.complete();
  }
  void OnSyncChanged(bool synced, const Error& error) override {
    if (!synced && !complete_ && !error.message.empty()) listener_.failed(error);
  }

  std::shared_ptr<HttpClient> http_;
  Listener listener_;
  bool complete_ = false;
  kube::ListWatch list_;
};

}  // namespace

Result<std::unique_ptr<CopyLister>> CopyLister::Start(Loop& loop, const Access& access,
                                                      const std::string& gateway,
                                                      Listener listener) {
  auto http = MakeMemberClient(loop, access, nullptr, kInFlight);
  if (!http) return Fail(std::move(http.error()));
  std::string label(names::kLabelGateway);
  label.replace(label.find('/'), 1, "%2F");
  kube::ListWatchConfig config;
  config.path = "/apis/batch/v1/jobs";
  config.selector = "labelSelector=" + label + (gateway.empty() ? "" : "%3D" + gateway);
  config.backoff_max_ms = kBackoffMaxMs;
  return std::unique_ptr<CopyLister>(
      std::make_unique<Lister>(loop, std::move(*http), std::move(config), std::move(listener)));
}

}  // namespace fairway::clusters
