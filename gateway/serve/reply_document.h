// Answers of the gateway's own routes: one JSON document. Thread: the loop.
#pragma once

#include "clusters/kube/json.h"
#include "gateway/server/exchange.h"

namespace fairway::gateway {

inline void ReplyDocument(const ExchangePtr& exchange, const kube::Value& doc, int status = 200) {
  exchange->Reply(status, {{"content-type", "application/json"}}, kube::Serialize(doc) + "\n");
}

}  // namespace fairway::gateway
