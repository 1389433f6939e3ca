// ChildProcess: runs a command on the loop, without a shell, and collects what it prints.
//
// Thread: the loop. Bounds: its time and its output; beyond either the command and its children are
// killed. Dropping the Call kills it too, and then `done` does not run.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "clusters/loop/loop.h"
#include "scheduler/result.h"

namespace fairway::clusters {

struct ChildCommand {
  std::string file;  // with a separator as it stands, otherwise looked up in PATH
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;  // over the inherited environment
  int64_t timeout_ms = 60'000;
  size_t output_bytes_max = 1u << 20;
};

struct ChildOutput {
  int exit_code = 0;
  int signal = 0;
  std::string out;
  std::string err;  // its first 4 KiB
};

// Errors: the command could not be started, took too long, or printed too much.
Call RunChild(Loop& loop, ChildCommand command, std::function<void(Result<ChildOutput>)> done);

}  // namespace fairway::clusters
