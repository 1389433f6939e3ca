// Rules of Secrets, and the freeze that they share with ConfigMaps.
//
// Pure functions; any thread. No value of a Secret ever stands in a message.
#pragma once

#include <initializer_list>
#include <string_view>

#include "clusters/kube/field_errors.h"
#include "clusters/kube/json.h"

namespace fairway::kube {

// Moves stringData (plain texts) into data (base64); stringData wins.
void MergeStringData(Object& secret);
// The keys that each built-in type must have.
void ValidateSecretType(const Object& secret, FieldErrors& errors);
// `immutable: true` can be neither taken back nor worked around; `keys` are the members it freezes.
void ValidateFrozen(const Object& doc, const Object& old,
                    std::initializer_list<std::string_view> keys, FieldErrors& errors);

}  // namespace fairway::kube
