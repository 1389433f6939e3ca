// fairway serve: runs the gateway until it is told to stop.
#include <uv.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "clusters/log.h"
#include "clusters/loop/loop.h"
#include "clusters/loop/uv_handle.h"
#include "gateway/cli/args.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/output.h"
#include "gateway/config/config.h"
#include "gateway/config/settings.h"
#include "gateway/log_sink.h"
#include "gateway/serve/gateway.h"

extern char** environ;

namespace fairway::gateway {

namespace {

// SIGTERM to exit within five seconds, with work in flight.
constexpr int64_t kDrainMs = 3'500;

void PrintHelp() {
  std::printf(
      "Usage:\n  fairway serve [--config FILE] [flags]\n\nSettings come from flags, then the "
      "environment, then the "
      "file, then defaults:\n\n%s",
      ConfigReference().c_str());
}

std::vector<FlagSpec> ServeFlags() {
  std::vector<FlagSpec> specs{{"config", "c", true}, {"help", "h", false}};
  for (const Setting& setting : Settings()) {
    if (!setting.flag.empty()) specs.push_back({setting.flag, "", true});
  }
  return specs;
}

// Empty on success, else what to print.
std::string ReadSources(const Args& args, ConfigSources& sources) {
  for (char** entry = environ; *entry != nullptr; ++entry) {
    std::string_view line = *entry;
    size_t equals = line.find('=');
    if (!line.starts_with("FAIRWAY_") || equals == std::string_view::npos) continue;
    sources.environment.emplace(line.substr(0, equals), line.substr(equals + 1));
  }
  for (const auto& [flag, value] : args.flags) {
    if (flag != "config") sources.flags.emplace_back(flag, value);
  }
  sources.file_name = args.Get("config");
  if (sources.file_name.empty()) return {};
  std::ifstream file(sources.file_name, std::ios::binary);
  if (!file) return sources.file_name + ": cannot be read\n";
  std::ostringstream text;
  text << file.rdbuf();
  sources.file_text = text.str();
  return {};
}

// Stops the loop once the gateway has drained; a second signal stops at once.
class Signals {
 public:
  Signals(Loop& loop, Gateway& gateway) : loop_(loop), gateway_(gateway) {
    for (auto& [handle, number] : handles_) {
      handle = MakeUvHandle<uv_signal_t>();
      uv_signal_init(loop.uv(), handle.get());
      handle->data = this;
      uv_signal_start(
          handle.get(),
          [](uv_signal_t* h, int signal) {
            if (h->data != nullptr) static_cast<Signals*>(h->data)->On(signal);
          },
          number);
    }
  }

 private:
  void On(int signal) {
    if (stopping_) return loop_.Stop();
    stopping_ = true;
    std::fprintf(stderr, "%s: finishing what is under way\n",
                 signal == SIGINT ? "interrupted" : "terminated");
    gateway_.Drain(kDrainMs, [this] { loop_.Stop(); });
  }

  Loop& loop_;
  Gateway& gateway_;
  bool stopping_ = false;
  std::pair<UvHandle<uv_signal_t>, int> handles_[2] = {{nullptr, SIGTERM}, {nullptr, SIGINT}};
};

}  // namespace

int RunServe(const std::vector<std::string>& arguments) {
  Args args = ParseArgs(arguments, ServeFlags());
  if (args.Has("help")) {
    PrintHelp();
    return 0;
  }
  if (args.error.empty() && !args.words.empty()) args.error = "unexpected word: " + args.words[0];
  if (!args.error.empty()) {
    std::fprintf(stderr, "error: %s; see fairway serve --help\n", args.error.c_str());
    return 1;
  }
  ConfigSources sources;
  std::string unreadable = ReadSources(args, sources);
  ConfigResult loaded = unreadable.empty() ? LoadConfig(sources) : ConfigResult{};
  if (!unreadable.empty() || !loaded.errors.empty()) {
    std::fprintf(stderr, "%s%s", unreadable.c_str(), FormatConfigErrors(loaded.errors).c_str());
    return 1;
  }
  InstallLogSink(loaded.config.log_level);

  auto began = std::chrono::steady_clock::now();
  Loop loop;
  auto gateway = Gateway::Start(loop, loaded.config);
  if (!gateway) {
    std::fprintf(stderr, "error: %s\n", gateway.error().message.c_str());
    return 1;
  }
  auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - began);
  std::printf(
      "Fairway serves at %s (ready in %lld ms)\n\n  export KUBECONFIG=%s\n  kubectl get "
      "clusters\n\n",
      (*gateway)->url().c_str(), static_cast<long long>(took.count()),
      (*gateway)->kubeconfig_path().c_str());
  std::fflush(stdout);
  {
    Signals signals(loop, **gateway);
    loop.Run();
  }
  gateway->reset();
  return 0;
}

}  // namespace fairway::gateway
