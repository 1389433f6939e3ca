// Names that only backup and restore use; the others are in names.h.
#pragma once

#include <string_view>

namespace fairway::names {

// On a member copy: what only the gateway's Job has, to make it again when the store is gone.
inline constexpr std::string_view kAnnotationOrigin = "fairway.flext.sh/origin";
// On a Job that was suspended after a restore because nobody knows whether it has run.
inline constexpr std::string_view kAnnotationHeld = "fairway.flext.sh/held-after-restore";

}  // namespace fairway::names
