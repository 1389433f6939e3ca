// fairway_bench PROGRAM [--name value]...; see programs.h. tests/bench/run is what people start.
#include <csignal>
#include <cstdio>
#include <map>
#include <string>

#include "tests/bench/programs.h"

int main(int argc, char** argv) {
  using fairway::bench::Args;
  const std::map<std::string, int (*)(Args&)> programs = {
      {"twin", fairway::bench::RunTwin},     {"load", fairway::bench::RunLoad},
      {"follow", fairway::bench::RunFollow}, {"probe", fairway::bench::RunProbe},
      {"post", fairway::bench::RunPost},     {"core", fairway::bench::RunCore},
      {"fill", fairway::bench::RunFill},     {"compact", fairway::bench::RunCompact},
      {"scan", fairway::bench::RunScan},     {"crowd", fairway::bench::RunCrowd},
      {"quota", fairway::bench::RunQuota}};
  std::signal(SIGPIPE, SIG_IGN);
  auto found = programs.find(argc > 1 ? argv[1] : "");
  if (found == programs.end()) {
    std::fprintf(stderr, "Usage: fairway_bench PROGRAM [--name value]..., PROGRAM one of:");
    for (const auto& [name, run] : programs) std::fprintf(stderr, " %s", name.c_str());
    std::fprintf(stderr, "\n");
    return 2;
  }
  Args args(argc, argv, 2);
  return found->second(args);
}
