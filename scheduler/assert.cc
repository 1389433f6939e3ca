#include "scheduler/assert.h"

#include <cstdio>
#include <cstdlib>

namespace fairway {

void AssertFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: invariant broken: %s\n", file, line, condition);
  std::abort();
}

}  // namespace fairway
