// HistoryService: the history of transitions over the API, and its retention. Routes for
// administrators and viewers:
//
//   GET /fairway/v1/history?kind=job&namespace=&name=&since=&limit=&before=   newest first
//   GET /fairway/v1/history/verify?mark=                                      follows the whole
//   chain
//
// Both read in slices, a turn of the loop each, so that nobody waits for them.
//
// Thread: the loop. Lifetime: the journal outlives it.
#pragma once

#include <memory>
#include <string_view>

#include "clusters/loop/loop.h"
#include "gateway/server/exchange.h"
#include "scheduler/instant.h"
#include "store/rocks_journal.h"

namespace fairway::gateway {

inline constexpr std::string_view kHistoryPath = "/fairway/v1/history";

class HistoryService {
 public:
  HistoryService(Loop& loop, store::RocksJournal& journal, uint64_t records_max, Duration age);

  void Handle(ExchangePtr exchange);

 private:
  struct Query;
  struct Check;
  void Find(const std::shared_ptr<Query>& query);
  void Verify(const std::shared_ptr<Check>& check);
  void Later(std::function<void()> fn);

  Loop& loop_;
  store::RocksJournal& journal_;
  Call trimming_;
  std::shared_ptr<int> life_ = std::make_shared<int>(0);
};

}  // namespace fairway::gateway
