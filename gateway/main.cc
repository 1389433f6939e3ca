#include <csignal>
#include <string>
#include <vector>

#include "gateway/cli/commands.h"

int main(int argc, char** argv) {
  // A client that goes away is an error to handle, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  return fairway::gateway::RunCommandLine(std::vector<std::string>(argv + 1, argv + argc));
}
