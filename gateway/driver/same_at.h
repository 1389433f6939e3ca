// Whether two documents say the same at one place; both saying nothing counts as the same.
#pragma once

#include "clusters/kube/json.h"

namespace fairway::gateway {

inline bool SameAt(const kube::Object& a, const kube::Object& b, kube::Path path) {
  const kube::Value* x = kube::FindPath(a, path);
  const kube::Value* y = kube::FindPath(b, path);
  return x == nullptr || y == nullptr ? x == y : kube::Equal(*x, *y);
}

}  // namespace fairway::gateway
