// Validation of pod templates: what a client gets wrong most often and what must be right for
// Fairway to place the pods. Deeper rules are left to the member, which validates again.
//
// Pure functions; any thread. Order and texts are the API server's.
#pragma once

#include "clusters/kube/field_errors.h"
#include "clusters/kube/json.h"

namespace fairway::kube {

// A core/v1.PodTemplateSpec at `path` (spec.template).
void ValidatePodTemplate(const Object& pod_template, const FieldPath& path, FieldErrors& errors);
// A core/v1.PodSpec.
void ValidatePodSpec(const Object& spec, const FieldPath& path, FieldErrors& errors);
void ValidateTolerations(const Object& spec, const FieldPath& path, FieldErrors& errors);

// containers.cc: containers and initContainers of `spec`, whose volumes are known to be right.
void ValidateContainers(const Object& spec, const FieldPath& path, FieldErrors& errors);
void ValidateInitContainers(const Object& spec, const FieldPath& path, FieldErrors& errors);
// container_resources.cc: a core/v1.ResourceRequirements.
void ValidateResourceRequirements(const Object& resources, const FieldPath& path,
                                  FieldErrors& errors);

}  // namespace fairway::kube
