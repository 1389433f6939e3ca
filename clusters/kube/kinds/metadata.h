// Rules that every object's metadata obeys: name, labels, annotations, finalizers, owners.
//
// Pure functions; any thread. The messages are the API server's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "clusters/kube/field_errors.h"
#include "clusters/kube/json.h"
#include "clusters/kube/kinds/strategy.h"
#include "scheduler/instant.h"

namespace fairway::kube {

inline constexpr size_t kAnnotationBytesMax = 256 * 1024;

// Checks a label map or key at `path`.
void ValidateLabels(const Object* labels, const FieldPath& path, FieldErrors& errors);
void ValidateLabelKey(std::string_view key, const FieldPath& path, FieldErrors& errors);
// A metav1.LabelSelector's operators, keys and values.
void ValidateLabelSelector(const Object& selector, const FieldPath& path, FieldErrors& errors);
// An example.com/path name, as managedBy and finalizers of the kind want it.
void ValidateDomainPrefixedPath(std::string_view text, const FieldPath& path, FieldErrors& errors);

// The whole of metadata, as every create and update needs it. Labels that the server copied from
// elsewhere in the document are checked there.
void ValidateObjectMeta(const Object& doc, bool namespaced, Strategy::NameRule rule,
                        bool check_labels, FieldErrors& errors);
// What an update may not change in metadata.
void ValidateObjectMetaUpdate(const Object& doc, const Object& old, FieldErrors& errors);

// Wipes what clients may not set on create (uid, timestamps, generation, selfLink) and writes the
// server's own. A name must have been chosen before.
void SetCreateMetadata(Object& doc, std::string_view uid, Instant now);
// Carries over what only the server sets from the stored version: uid where the client sent none,
// creation and deletion times, generation.
void CarrySystemMetadata(Object& doc, const Object& old);

// `generateName` cut to 58 bytes plus five characters made of the random number.
std::string GeneratedName(std::string_view generate_name, uint64_t random);

}  // namespace fairway::kube
