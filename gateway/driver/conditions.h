// metav1.Conditions of Kueue's objects, kept as Kueue's own helpers keep them. Pure.
#pragma once

#include <string>
#include <string_view>

#include "clusters/kube/json.h"
#include "scheduler/instant.h"

namespace fairway::gateway {

struct Condition {
  std::string_view type;
  std::string_view status;  // True, False, Unknown
  std::string_view reason;
  std::string message;
};

// Adds or updates a condition of status.conditions; lastTransitionTime moves with the status alone.
// observedGeneration is the document's. Messages are cut to what Kubernetes takes.
void SetCondition(const Condition& condition, Instant now, kube::Object& doc);
// The condition of this type, or nullptr.
const kube::Object* FindCondition(const kube::Object& doc, std::string_view type);
bool IsConditionTrue(const kube::Object& doc, std::string_view type);

}  // namespace fairway::gateway
