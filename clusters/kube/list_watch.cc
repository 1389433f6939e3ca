#include "clusters/kube/list_watch.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "clusters/kube/api_error.h"
#include "clusters/kube/pruned_json.h"

namespace fairway::kube {

namespace {

using clusters::HttpRequest;
using clusters::HttpResponse;

constexpr size_t kErrorBodyMax = 64u << 10;
constexpr int64_t kShortWatchMs = 1'000;
constexpr int64_t kRequestTimeoutSlackMs = 30'000;
constexpr int kMuteMax = 3;  // doublings of watch_late_ms

std::string EncodeQuery(std::string_view text) {
  std::string out;
  for (char c : text) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

Error MalformedList(std::string message) {
  Error error;
  error.code = 502;
  error.reason = "MalformedList";
  error.message = std::move(message);
  return error;
}

}  // namespace

ListWatch::ListWatch(Loop& loop, clusters::HttpClient& http, ListWatchConfig config,
                     ListWatchSink& sink)
    : loop_(loop),
      http_(http),
      config_(std::move(config)),
      sink_(sink),
      jitter_(config_.seed),
      page_(config_.page) {}

void ListWatch::Start() { StartList(); }

void ListWatch::Poke() {
  if (!retry_) return;
  retry_.Cancel();
  if (waiting_to_list_) {
    StartList();
  } else {
    StartWatch();
  }
}

void ListWatch::Relist() {
  retry_.Cancel();
  call_.Cancel();
  waiting_to_list_ = false;
  StartList();
}

void ListWatch::Doubt() {
  if (late_ || !decoder_) return;
  late_ = loop_.StartTimer(config_.watch_late_ms << mute_, [this] { OnLate(); });
}

void ListWatch::OnLate() {
  late_.Cancel();
  mute_ = std::min(mute_ + 1, kMuteMax);
  call_.Cancel();
  StartWatch();
}

HttpRequest ListWatch::Request(std::string query) const {
  HttpRequest request;
  request.target = config_.path + "?" + std::move(query);
  if (!config_.selector.empty()) request.target += "&" + config_.selector;
  request.headers.emplace_back("Accept", "application/json");
  return request;
}

void ListWatch::StartList() {
  // There is no watch any more that could be mute.
  decoder_.reset();
  late_.Cancel();
  listed_ = false;
  continue_.clear();
  sink_.OnListStart();
  FetchPage();
}

void ListWatch::FetchPage() {
  std::string query = fmt::format("limit={}", page_);
  if (!continue_.empty()) query += "&continue=" + EncodeQuery(continue_);
  HttpRequest request = Request(std::move(query));
  request.timeout_ms = config_.list_timeout_ms;
  request.response_bytes_max = config_.page_bytes_max;
  request.compress = true;
  call_ = http_.Fetch(std::move(request),
                      [this](Result<HttpResponse> answer) { OnPage(std::move(answer)); });
}

void ListWatch::OnPage(Result<HttpResponse> answer) {
  if (!answer) return OnListError(std::move(answer.error()));
  if (answer->status != 200) {
    return OnListError(ErrorFromAnswer(answer->status, answer->retry_after_seconds, answer->body));
  }
  Error error;
  if (!TakePage(answer->body, error)) return OnListError(std::move(error));
  if (!continue_.empty()) return FetchPage();
  listed_ = true;
  sink_.OnListed();
  StartWatch();
}

bool ListWatch::TakePage(const std::string& body, Error& error) {
  MonotonicResource memory(body.size() + 1024);
  auto page = ParsePruned(body, Omission("items.", config_.omit), &memory);
  if (!page) {
    error = MalformedList("the list is not JSON: " + page.error().message);
    return false;
  }
  const Array* items = GetArray(*page, {"items"});
  std::string_view version = GetString(*page, {"metadata", "resourceVersion"});
  // An empty list is `items: []` or, from older servers, null.
  const Value* raw_items = FindPath(*page, {"items"});
  bool no_items = raw_items != nullptr && raw_items->is_null();
  if ((items == nullptr && !no_items) || version.empty()) {
    error = MalformedList("the list has no items or no metadata.resourceVersion");
    return false;
  }
  for (size_t i = 0; items != nullptr && i < items->size(); ++i) {
    if (!(*items)[i].is_object()) {
      error = MalformedList(fmt::format("items[{}] of the list is not an object", i));
      return false;
    }
    sink_.OnObject((*items)[i].get_object());
  }
  version_ = std::string(version);
  std::string next(GetString(*page, {"metadata", "continue"}));
  if (!next.empty() && next == continue_) {
    error = MalformedList("the list answers the same continue token for ever");
    return false;
  }
  continue_ = std::move(next);
  return true;
}

void ListWatch::OnListError(Error error) {
  if (error.reason == clusters::kHttpTooLarge && page_ > 1) {
    // The objects are larger than expected: the same list in smaller pages.
    page_ = page_ / 4 + 1;
    if (page_ == 2) page_ = 1;
    return StartList();
  }
  RetryLater(error, true);
}

void ListWatch::StartWatch() {
  decoder_.emplace(config_.line_bytes_max, Omission("object.", config_.omit));
  head_ = HttpResponse{};
  error_body_.clear();
  watch_fault_ = Status();
  watch_event_seen_ = false;
  watch_started_ms_ = loop_.MonotonicMs();
  int64_t seconds = 300 + jitter_.Below(301);
  HttpRequest request = Request(
      fmt::format("allowWatchBookmarks=true&resourceVersion={}&timeoutSeconds={}&watch=true",
                  EncodeQuery(version_), seconds));
  // The server ends the watch; the limit is for one that forgets to.
  request.timeout_ms = seconds * 1000 + kRequestTimeoutSlackMs;
  request.idle_timeout_ms = config_.watch_idle_ms;
  clusters::HttpStream stream;
  stream.on_head = [this](const HttpResponse& head) {
    head_.status = head.status;
    head_.retry_after_seconds = head.retry_after_seconds;
    if (head.status == 200) SetSynced(true, Error{});
  };
  stream.on_data = [this](std::string_view piece) { OnWatchData(piece); };
  stream.on_end = [this](Status status) { OnWatchEnd(std::move(status)); };
  call_ = http_.Stream(std::move(request), std::move(stream));
}

void ListWatch::OnWatchData(std::string_view piece) {
  if (head_.status != 200) {
    error_body_.append(piece.substr(0, kErrorBodyMax - error_body_.size()));
    return;
  }
  Status fed = decoder_->Feed(piece, [this](const WatchEvent& event) { return OnEvent(event); });
  if (fed && watch_fault_) return;
  // Ends the stream from our side; nothing more of it arrives.
  call_.Cancel();
  AfterWatch(fed ? std::move(watch_fault_) : std::move(fed), true);
}

bool ListWatch::OnEvent(const WatchEvent& event) {
  if (event.type == WatchType::kError) {
    watch_fault_ = Fail(ErrorFromStatusObject(*event.object));
    return false;
  }
  std::string_view version = GetString(*event.object, {"metadata", "resourceVersion"});
  if (version.empty()) {
    watch_fault_ = Fail(MalformedList("a watch event's object has no resourceVersion"));
    return false;
  }
  watch_event_seen_ = true;
  late_.Cancel();
  mute_ = 0;
  if (event.type == WatchType::kDeleted) {
    sink_.OnDeleted(*event.object);
  } else if (event.type != WatchType::kBookmark) {
    sink_.OnObject(*event.object);
  }
  version_ = std::string(version);
  return true;
}

void ListWatch::OnWatchEnd(Status status) {
  bool answered = head_.status != 0;
  if (status && head_.status != 200) {
    status = Fail(ErrorFromAnswer(head_.status, head_.retry_after_seconds, error_body_));
  } else if (status) {
    status = decoder_->Finish();
  }
  AfterWatch(std::move(status), answered);
}

void ListWatch::AfterWatch(Status status, bool answered) {
  decoder_.reset();
  late_.Cancel();
  int64_t lived_ms = loop_.MonotonicMs() - watch_started_ms_;
  if (lived_ms >= config_.healthy_ms) failures_ = 0;
  if (!status && IsExpired(status.error())) {
    // Not the link's fault, so the list starts at once; but a server that says so every time is
    // held off like any other that errs.
    listed_ = false;
    if (failures_ == 0) {
      failures_ = 1;
      SetSynced(false, status.error());
      return StartList();
    }
    return RetryLater(status.error(), true);
  }
  bool useful = answered && (watch_event_seen_ || lived_ms >= kShortWatchMs);
  if (useful && watch_event_seen_) failures_ = 0;
  // A watch ends now and then; the next one resumes where it stopped, at once.
  if (useful && (status || status.error().code != 429)) return StartWatch();
  Error error;
  if (status) {
    error.code = 503;
    error.reason = "WatchTooShort";
    error.message = "the server ends watches as soon as they begin";
  } else {
    error = std::move(status.error());
  }
  RetryLater(error, false);
}

void ListWatch::RetryLater(const Error& error, bool relist) {
  ++failures_;
  int64_t wait_ms = BackoffMs(failures_, config_.backoff_first_ms, config_.backoff_max_ms, jitter_);
  if (error.retry_after_seconds > 0) {
    int64_t asked_ms = int64_t{1000} * error.retry_after_seconds;
    wait_ms = std::max(wait_ms, std::min(asked_ms, config_.backoff_max_ms));
  }
  waiting_to_list_ = relist;
  retry_ = loop_.StartTimer(wait_ms, [this] {
    retry_.Cancel();
    if (waiting_to_list_) {
      StartList();
    } else {
      StartWatch();
    }
  });
  SetSynced(false, error);
}

void ListWatch::SetSynced(bool synced, const Error& error) {
  bool changed = synced != synced_;
  synced_ = synced;
  if (changed || !synced) sink_.OnSyncChanged(synced, error);
}

}  // namespace fairway::kube
