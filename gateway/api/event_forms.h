// Events are stored as core/v1 and served as events.k8s.io/v1 too: the same facts under other
// names. Pure.
#pragma once

#include "clusters/kube/json.h"

namespace fairway::gateway::api {

// Turns a core/v1 Event into an events.k8s.io/v1 Event, in place, and back.
void FromStoredEvent(kube::Object& doc);
void ToStoredEvent(kube::Object& doc);

}  // namespace fairway::gateway::api
