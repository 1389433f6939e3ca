// fairway simulate: simulated member clusters in a process of their own, so that they live on while
// a gateway is killed and started again. For tests, drills and trying out `fairway cluster join`.
#include <uv.h>

#include <cstdio>
#include <filesystem>

#include "clusters/kubeconfig/kubeconfig.h"
#include "clusters/loop/loop.h"
#include "clusters/loop/uv_handle.h"
#include "gateway/auth/private_file.h"
#include "gateway/cli/args.h"
#include "gateway/cli/commands.h"
#include "gateway/config/config.h"
#include "gateway/log_sink.h"
#include "gateway/serve/configured_clusters.h"

namespace fairway::gateway {

int RunSimulate(const std::vector<std::string>& arguments) {
  Args args = ParseArgs(arguments, {{"directory", "d", true},
                                    {"clusters", "", true},
                                    {"nodes", "", true},
                                    {"node-cpu", "", true},
                                    {"node-memory", "", true},
                                    {"run-ms", "", true}});
  ConfigSources sources;
  static constexpr std::pair<std::string_view, std::string_view> kFlags[] = {
      {"clusters", "simulate"},
      {"nodes", "simulate-nodes"},
      {"node-cpu", "simulate-node-cpu"},
      {"node-memory", "simulate-node-memory"},
      {"run-ms", "simulate-run-ms"}};
  for (const auto& [flag, setting] : kFlags) {
    if (args.Has(flag)) sources.flags.emplace_back(setting, args.Get(flag));
  }
  if (!args.Has("clusters")) sources.flags.emplace_back("simulate", "3");
  ConfigResult loaded = LoadConfig(sources);
  if (!args.error.empty() || !args.words.empty() || !args.Has("directory") ||
      !loaded.errors.empty()) {
    std::fprintf(stderr, "%s%s%s", args.error.c_str(), args.error.empty() ? "" : "\n",
                 FormatConfigErrors(loaded.errors).c_str());
    std::fputs(
        "Usage:\n  fairway simulate --directory DIR [--clusters N] [--nodes N] [--node-cpu Q] "
        "[--node-memory Q] "
        "[--run-ms MS]\n\nWrites one kubeconfig per cluster to DIR and runs until it is told to "
        "stop.\n",
        stderr);
    return 1;
  }
  InstallLogSink("warning");
  std::string directory = args.Get("directory");
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  Loop loop;
  auto clusters = StartSimulated(loop, loaded.config);
  if (!clusters) {
    std::fprintf(stderr, "error: %s\n", clusters.error().message.c_str());
    return 1;
  }
  for (const auto& cluster : *clusters) {
    std::string path = directory + "/" + cluster->name() + ".kubeconfig";
    auto text = clusters::Flatten(cluster->access());
    Status written = text ? WritePrivateFile(path, *text) : Status(Fail(text.error()));
    if (!written) {
      std::fprintf(stderr, "error: %s\n", written.error().message.c_str());
      return 1;
    }
    std::printf("%s serves at %s: %s\n", cluster->name().c_str(),
                cluster->access().endpoint.server.c_str(), path.c_str());
  }
  std::fflush(stdout);
  {
    UvHandle<uv_signal_t> handles[2];
    constexpr int kSignals[2] = {SIGTERM, SIGINT};
    for (int i = 0; i < 2; ++i) {
      handles[i] = MakeUvHandle<uv_signal_t>();
      uv_signal_init(loop.uv(), handles[i].get());
      handles[i]->data = &loop;
      uv_signal_start(
          handles[i].get(),
          [](uv_signal_t* h, int) {
            if (h->data != nullptr) static_cast<Loop*>(h->data)->Stop();
          },
          kSignals[i]);
    }
    loop.Run();
  }
  clusters->clear();
  return 0;
}

}  // namespace fairway::gateway
