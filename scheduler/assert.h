// FAIRWAY_ASSERT: an invariant that must hold, in release builds too. A broken invariant ends the
// process: the journal makes a restart safe, while running on with a wrong World does not.
#pragma once

namespace fairway {

[[noreturn]] void AssertFailed(const char* condition, const char* file, int line);

}  // namespace fairway

#define FAIRWAY_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::fairway::AssertFailed(#condition, __FILE__, __LINE__))
