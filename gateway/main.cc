#include <csignal>
#include <string>
#include <vector>

#include "gateway/cli/commands.h"

// Read by jemalloc, where we are linked with it: large pages for its heap, so fewer faults and
// fewer misses of the TLB in memtables and indexes; bodies and buffers of up to 64 KiB come from
// the thread's own cache (docs/decisions/0009-allocator-jemalloc.md).
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "thp:always,tcache_max:65536";
}

int main(int argc, char** argv) {
  // A client that goes away is an error to handle, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  return fairway::gateway::RunCommandLine(std::vector<std::string>(argv + 1, argv + argc));
}
