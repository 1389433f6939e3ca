// Whether a document is one that is being deleted.
#pragma once

#include "clusters/kube/json.h"

namespace fairway::gateway {

inline bool HasDeletion(const kube::Object& doc) {
  return !kube::GetString(doc, {"metadata", "deletionTimestamp"}).empty();
}

}  // namespace fairway::gateway
