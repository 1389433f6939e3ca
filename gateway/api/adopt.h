// Putting an object back that was lost with the store.
#pragma once

#include "clusters/kube/json.h"
#include "gateway/api/object_writer.h"

namespace fairway::gateway::api {

// Stages `doc` as it is: uid, time of creation and id (`created`, the revision that once made it)
// are kept, no rule is asked, and no observer is told: the caller tells whom it concerns. 409 when
// there is an object of that name. Thread: the loop.
Result<WriteOutcome> AdoptObject(ObjectWriter& writer, const store::ObjectKey& key, kube::Value doc,
                                 Revision created);

}  // namespace fairway::gateway::api
