// The annotation in which `kubectl apply` remembers what it applied from the client's side. When
// the same user moves on to server-side apply, kubectl wins over what that annotation records, and
// the annotation goes on to be kept (kube-api.md 5.4). Pure; any thread.
#pragma once

#include "clusters/kube/json.h"
#include "clusters/kube/patch/field_set.h"
#include "clusters/kube/schema/schema.h"

namespace fairway::kube {

// The one manager that is treated so.
inline constexpr std::string_view kKubectl = "kubectl";

// What the annotation of `live` records; empty where there is none that can be read.
FieldSet LastAppliedFields(const Schema& schema, const MessageType& type, const Value& live);

// Where `doc` has the annotation it now records `config`.
void RefreshLastApplied(const Value& config, Value& doc);

}  // namespace fairway::kube
