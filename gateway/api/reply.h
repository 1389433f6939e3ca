// Answers: objects and errors in the form that was negotiated, with the headers that every answer
// of the API carries. Thread: the loop.
#pragma once

#include <string>
#include <string_view>

#include "gateway/api/context.h"
#include "scheduler/result.h"
#include "store/change.h"

namespace fairway::gateway::api {

// `body` is one object as it is stored; the view of the request is made of it.
void ReplyObject(Context& context, int status, const store::Body& body);
// A document that is answered as it stands: a list, a review, a Status.
void ReplyDocument(Context& context, int status, const kube::Value& doc);
void ReplyJson(Context& context, int status, std::string json);
void ReplyError(Context& context, const Error& error);

// Before there is a Context: always JSON.
void ReplyError(const ExchangePtr& exchange, const Error& error);
// 404 of a path that names nothing.
void ReplyPageNotFound(const ExchangePtr& exchange);

// The headers of a streamed answer.
Headers StreamHeaders(const Context& context, std::string_view content_type);

// One stored object in the API version that the request uses, as JSON text.
store::Body InServedForm(const ServedKind& kind, const store::Body& body);
Result<kube::Value> ParseServed(const ServedKind& kind, const std::string& body,
                                const kube::StoragePtr& storage = {});

// Indented JSON for people.
std::string PrettyJson(const kube::Value& doc);

}  // namespace fairway::gateway::api
