// POST, PUT and DELETE of objects and DELETE of collections. Each decodes, hands over to the
// ObjectWriter, and answers once the change is saved. Thread: the loop.
#pragma once

#include "gateway/api/context.h"

namespace fairway::gateway::api {

void HandleCreate(const Services& services, const ContextPtr& context);
void HandleUpdate(const Services& services, const ContextPtr& context);
void HandleDelete(const Services& services, const ContextPtr& context);
void HandleDeleteCollection(const Services& services, const ContextPtr& context);

// Answers a write with the object it made, when it is saved.
void AnswerWrite(const Services& services, const ContextPtr& context, const WriteOutcome& outcome);

}  // namespace fairway::gateway::api
