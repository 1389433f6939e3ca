// WhatIfService: answers what would happen to the jobs of this gateway if something were different,
// by running the real core on a copy of the world. Routes for administrators:
//
//   POST /fairway/v1/whatif         docs/formats/whatif.md; 429 while another question is under way
//   GET  /fairway/v1/whatif/trace   what there is, and the Jobs that are stored, as a trace
//
// The copy is read from a snapshot of the store, and the forecasts are made, on a thread of its
// own: the loop only checks the question and its Jobs, and copies what the store does not have.
//
// Thread: the loop. Lifetime: everything handed in outlives it; destroying it cancels what is under
// way.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "clusters/loop/loop.h"
#include "gateway/api/object_writer.h"
#include "gateway/driver/driver.h"
#include "gateway/server/exchange.h"
#include "gateway/whatif/request.h"
#include "gateway/whatif/snapshot.h"
#include "store/rocks_journal.h"

namespace fairway::gateway {

inline constexpr std::string_view kWhatIfPath = "/fairway/v1/whatif";
inline constexpr std::string_view kWhatIfTracePath = "/fairway/v1/whatif/trace";

class WhatIfService {
 public:
  WhatIfService(Loop& loop, store::RocksJournal& journal, scheduler::FailoverConfig failover);
  ~WhatIfService();

  // Once both are there; until then questions get 503.
  void Bind(api::ObjectWriter& writer, const Driver& driver) {
    writer_ = &writer;
    driver_ = &driver;
  }
  void Handle(ExchangePtr exchange);

 private:
  using Work = std::function<Result<std::string>(const std::atomic<bool>& cancelled)>;

  void Ask(const ExchangePtr& exchange);
  void Record(const ExchangePtr& exchange);
  // The Jobs of a question as the gateway would take them: decoded, defaulted, admitted, checked.
  Result<std::vector<scheduler::ForecastJob>> JobsOf(const WhatIfRequest& request,
                                                     scheduler::RunTimeModel& declared) const;
  // Runs `work` on the thread and answers with what it returns.
  void Start(const ExchangePtr& exchange, std::string content_type, Work work);
  bool MayStart(const ExchangePtr& exchange) const;

  Loop& loop_;
  store::RocksJournal& journal_;
  const scheduler::FailoverConfig failover_;
  api::ObjectWriter* writer_ = nullptr;
  const Driver* driver_ = nullptr;
  std::thread worker_;
  std::shared_ptr<std::atomic<bool>> cancelled_;  // of the work under way
  bool running_ = false;
  std::shared_ptr<int> life_ = std::make_shared<int>(0);
};

}  // namespace fairway::gateway
