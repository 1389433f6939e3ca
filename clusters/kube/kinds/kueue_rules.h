// Rules that the kinds of kueue.x-k8s.io share: what Kueue's CustomResourceDefinitions say of a
// field, and what its admission webhooks add. The texts are Kueue's and the API server's.
//
// Pure functions; any thread. Facts from Kueue's Go types and webhooks (release 0.17 and later).
#pragma once

#include <initializer_list>
#include <string_view>

#include "clusters/kube/field_errors.h"
#include "clusters/kube/json.h"

namespace fairway::kube::kueue {

inline constexpr std::string_view kGroup = "kueue.x-k8s.io";

// A field with an `enum`: checked where it is set.
void CheckEnum(const Object& parent, std::string_view key, const FieldPath& path,
               std::initializer_list<std::string_view> supported, FieldErrors& errors);
// A field that names an object or a cohort: a DNS subdomain of at most 253 bytes.
void CheckReference(const Object& parent, std::string_view key, const FieldPath& path,
                    FieldErrors& errors);
// The list `key` has between `least` and `most` items.
void CheckItems(const Object& parent, std::string_view key, const FieldPath& path, size_t least,
                size_t most, FieldErrors& errors);
// What a CustomResourceDefinition's rule (CEL) answers about the object at `path`.
void RuleBroken(const FieldPath& path, std::string_view message, FieldErrors& errors);
// Refuses a field of Kueue's API that Fairway does not have, where it is set.
void RefuseUnsupported(const Object& parent, std::string_view key, const FieldPath& path,
                       std::string_view why, FieldErrors& errors);

struct GroupRules {
  bool has_parent = false;
  bool cohort = false;  // the limits' owner, for messages, and no check of lending against nominal
};
// spec.resourceGroups of a ClusterQueue or a Cohort.
void ValidateResourceGroups(const Object& spec, const FieldPath& path, const GroupRules& rules,
                            FieldErrors& errors);
// spec.fairSharing.
void ValidateFairSharing(const Object& spec, const FieldPath& path, FieldErrors& errors);
// metav1.Condition[] at `path`.
void ValidateConditions(const Object& status, const FieldPath& path, FieldErrors& errors);
// status.conditions has one of this type with status True.
bool ConditionTrue(const Object& doc, std::string_view type);

}  // namespace fairway::kube::kueue
