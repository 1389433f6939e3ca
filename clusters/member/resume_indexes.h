// Indexed Jobs go on where they were: a copy of a later epoch is made suspended, is given the
// indexes that have completed (PATCH of its status, which is where the member's own Job controller
// reads them from), and only then may start. The controller makes pods for the others alone. Tried
// on a 1.36 control plane.
//
// Pure. A copy that is found suspended and without the indexes is given them before it starts, so
// a dispatch may break off anywhere and be repeated.
#pragma once

#include <string>

#include "clusters/kube/json.h"
#include "clusters/member/member.h"

namespace fairway::clusters {

// Whether a copy with this context has indexes to skip.
bool ResumesIndexes(const FailoverContext& context);

// The copy as it is first made.
std::string SuspendedForm(const kube::Value& copy);

// `live`, the member's Job, has not started and does not know the indexes.
bool LacksIndexes(const FailoverContext& context, const kube::Object& live);

// The merge patch of the status of exactly this object.
std::string IndexesPatch(const FailoverContext& context, const std::string& member_uid);

}  // namespace fairway::clusters
