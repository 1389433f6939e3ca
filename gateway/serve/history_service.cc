#include "gateway/serve/history_service.h"

#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "clusters/kube/errors.h"
#include "clusters/kube/json.h"
#include "clusters/kube/time.h"
#include "gateway/api/reply.h"
#include "gateway/serve/reply_document.h"
#include "store/history.h"

namespace fairway::gateway {

using store::HistoryLink;
using store::Transition;

namespace {

constexpr size_t kSlice = 2'000;
constexpr int64_t kTrimIntervalMs = 10'000;
constexpr uint64_t kLimitDefault = 500;
constexpr uint64_t kLimitMax = 10'000;

bool ReadNumber(std::string_view text, uint64_t& value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

std::string_view KindOf(Transition::Subject subject) {
  switch (subject) {
    case Transition::Subject::kJob:
      return "job";
    case Transition::Subject::kCluster:
      return "cluster";
    case Transition::Subject::kGateway:
      break;
  }
  return "gateway";
}

kube::Value Shown(const HistoryLink& link, const Transition& transition) {
  kube::Object out{{"sequence", link.sequence},
                   {"time", kube::FormatMicroTime(transition.at)},
                   {"kind", KindOf(transition.subject)},
                   {"name", transition.name},
                   {"from", transition.from},
                   {"to", transition.to},
                   {"cause", transition.cause},
                   {"hash", store::Hex(link.hash)}};
  if (transition.subject == Transition::Subject::kJob) {
    size_t slash = transition.name.find('/');
    out["namespace"] = transition.name.substr(0, slash);
    out["name"] = transition.name.substr(slash + 1);
    out["job"] = std::to_string(transition.id);
    out["epoch"] = transition.epoch;
    if (!transition.cluster.empty()) out["cluster"] = transition.cluster;
  }
  if (!transition.reason.empty()) out["reason"] = transition.reason;
  return kube::Value(std::move(out));
}

}  // namespace

struct HistoryService::Query {
  ExchangePtr exchange;
  std::string kind, name;  // a job's name is namespace/name
  Instant since;
  uint64_t limit = kLimitDefault;
  uint64_t before = 0;
  kube::Array items = {};

  bool Matches(const Transition& transition) const {
    if (!kind.empty() && kind != KindOf(transition.subject)) return false;
    if (name.empty()) return true;
    // "team-a/" is all of a namespace.
    return name.ends_with('/') ? transition.name.starts_with(name) : transition.name == name;
  }
};

struct HistoryService::Check {
  Check(ExchangePtr e, const store::HistoryEnds& ends) : exchange(std::move(e)), verifier(ends) {}
  ExchangePtr exchange;
  store::HistoryVerifier verifier;
  std::optional<store::HistoryMark> mark = {};  // noted elsewhere
};

HistoryService::HistoryService(Loop& loop, store::RocksJournal& journal, uint64_t records_max,
                               Duration age)
    : loop_(loop), journal_(journal) {
  trimming_ = loop.StartRepeating(kTrimIntervalMs, [this, records_max, age] {
    if (journal_.health().writable) {
      journal_.TrimHistory(records_max, Instant{loop_.Now().ms - age.ms});
    }
  });
}

void HistoryService::Later(std::function<void()> fn) {
  loop_.Post([fn = std::move(fn), alive = std::weak_ptr<int>(life_)] {
    if (!alive.expired()) fn();
  });
}

void HistoryService::Handle(ExchangePtr exchange) {
  const Request& request = exchange->request();
  if (request.method != "GET") return api::ReplyError(exchange, kube::MethodNotAllowed());
  auto text = [&](std::string_view name) {
    return std::string(request.Query(name).value_or(std::string_view()));
  };
  if (request.path == std::string(kHistoryPath) + "/verify") {
    auto ends = journal_.ReadHistoryEnds();
    if (!ends) return api::ReplyError(exchange, ends.error());
    auto check = std::make_shared<Check>(exchange, *ends);
    if (std::string noted = text("mark"); !noted.empty()) {
      auto mark = store::ParseMark(noted);
      if (!mark) {
        return api::ReplyError(exchange, kube::BadRequest("mark is not a sequence number and a "
                                                          "hash with a colon between them"));
      }
      check->mark = mark;
      check->verifier.Expect(*mark);
    }
    return Verify(check);
  }
  if (request.path != kHistoryPath) return api::ReplyPageNotFound(exchange);
  auto query = std::make_shared<Query>();
  query->exchange = exchange;
  query->kind = text("kind");
  query->name = text("name");
  if (query->kind != "" && query->kind != "job" && query->kind != "cluster" &&
      query->kind != "gateway") {
    return api::ReplyError(exchange, kube::BadRequest("kind must be job, cluster or gateway"));
  }
  if (std::string ns = text("namespace"); !ns.empty()) {
    query->kind = "job";
    query->name = ns + "/" + query->name;
  }
  if (std::string since = text("since"); !since.empty()) {
    auto at = kube::ParseTime(since);
    if (!at) return api::ReplyError(exchange, kube::BadRequest("since is no RFC 3339 time"));
    query->since = *at;
  }
  std::string limit = text("limit");
  std::string before = text("before");
  bool good = (limit.empty() || (ReadNumber(limit, query->limit) && query->limit > 0 &&
                                 query->limit <= kLimitMax)) &&
              (before.empty() || ReadNumber(before, query->before));
  if (!good) {
    return api::ReplyError(exchange, kube::BadRequest("limit must be 1 to 10000, and before a "
                                                      "sequence number"));
  }
  Find(query);
}

void HistoryService::Find(const std::shared_ptr<Query>& query) {
  if (query->exchange->closed()) return;
  bool over = false;
  auto next = journal_.ReadHistory(query->before, /*newest_first=*/true, kSlice,
                                   [&](const HistoryLink& link) {
                                     auto transition = store::DecodeTransition(link.transition);
                                     if (!transition)
                                       return true;  // damaged: for the verification to tell
                                     over = transition->at < query->since;
                                     if (over || !query->Matches(*transition)) return !over;
                                     query->items.push_back(Shown(link, *transition));
                                     return query->items.size() < query->limit;
                                   });
  if (!next) return api::ReplyError(query->exchange, next.error());
  bool full = query->items.size() >= query->limit;
  if (*next != 0 && !over && !full) {
    query->before = *next;
    return Later([this, query] { Find(query); });
  }
  kube::Object doc{{"kind", "TransitionList"}, {"items", std::move(query->items)}};
  if (*next != 0 && full) doc["before"] = *next;
  ReplyDocument(query->exchange, kube::Value(std::move(doc)));
}

void HistoryService::Verify(const std::shared_ptr<Check>& check) {
  if (check->exchange->closed()) return;
  Status good;
  auto next = journal_.ReadHistory(check->verifier.at().sequence, /*newest_first=*/false, kSlice,
                                   [&](const HistoryLink& link) {
                                     if (check->verifier.AtHead()) return false;
                                     good = check->verifier.Add(link);
                                     return good.has_value();
                                   });
  if (!next) return api::ReplyError(check->exchange, next.error());
  if (!good) {
    // Retention may have taken what was to come next: begin again behind it.
    auto ends = journal_.ReadHistoryEnds();
    if (!ends || ends->anchor == check->verifier.anchor()) {
      return api::ReplyError(check->exchange, good.error());
    }
    auto again = std::make_shared<Check>(check->exchange, *ends);
    if (check->mark) again->verifier.Expect(*check->mark);
    again->mark = check->mark;
    return Later([this, again] { Verify(again); });
  }
  if (*next != 0 && !check->verifier.AtHead()) return Later([this, check] { Verify(check); });
  if (good = check->verifier.Finish(); !good) {
    return api::ReplyError(check->exchange, good.error());
  }
  ReplyDocument(check->exchange, kube::Object{{"valid", true},
                                              {"records", check->verifier.links()},
                                              {"mark", store::PrintMark(check->verifier.at())}});
}

}  // namespace fairway::gateway
