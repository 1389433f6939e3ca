// The managed fields of an object that is being created: one manager owns all of it. What
// kube::TrackUpdate would write, made in one walk without a set of paths; creating is the one write
// where that cost counts. Pure.
#pragma once

#include "clusters/kube/json.h"
#include "clusters/kube/patch/managed_fields.h"
#include "clusters/kube/schema/schema.h"

namespace fairway::gateway::api {

// Replaces doc's metadata.managedFields.
void TrackCreation(const kube::Schema& schema, const kube::MessageType& type, kube::Value& doc,
                   const kube::Writer& writer);

}  // namespace fairway::gateway::api
