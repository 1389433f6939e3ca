// Random walks of the real core as a C header for fence.pml's TRACE: fence_trace FIRST COUNT
// [PLANTED]. What the walks met goes to stderr.
#include <charconv>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "tests/model/fence_walk.h"

namespace fairway::model {
namespace {

constexpr int kSteps = 400;

bool Number(const char* text, uint64_t& out) {
  return std::from_chars(text, text + std::strlen(text), out).ec == std::errc{};
}

Planted PlantedOf(std::string_view name) {
  if (name == "early-fence") return Planted::kEarlyFence;
  if (name == "lost-horizon") return Planted::kLostHorizon;
  if (name == "restart") return Planted::kRestart;
  if (name == "blind-return") return Planted::kBlindReturn;
  if (name == "moved-unsaved") return Planted::kMovedUnsaved;
  return Planted::kNone;
}

int Main(int argc, char** argv) {
  uint64_t first = 0, count = 0;
  const bool planted = argc == 4;
  if ((argc != 3 && !planted) || !Number(argv[1], first) || !Number(argv[2], count) ||
      (planted && PlantedOf(argv[3]) == Planted::kNone)) {
    std::fprintf(stderr, "usage: fence_trace FIRST COUNT [PLANTED]\n");
    return 2;
  }
  size_t entries = 0;
  int fences = 0, crashes = 0, rescues = 0;
  std::string begins;
  std::printf("#define WALKS %llu\n#define FIRST_SEED %llu\n",
              static_cast<unsigned long long>(count), static_cast<unsigned long long>(first));
  std::printf("static const unsigned char entries[][%zu] = {\n", Observed{}.size());
  for (uint64_t seed = first; seed < first + count; ++seed) {
    FenceWalk walk(seed, planted ? PlantedOf(argv[3]) : Planted::kNone);
    walk.Run(kSteps);
    begins += std::to_string(entries) + ", ";
    entries += walk.trace().size();
    fences += walk.fences();
    crashes += walk.crashes();
    rescues += walk.rescues();
    for (size_t i = 0; i < walk.trace().size(); ++i) {
      std::printf("{");
      for (const uint8_t value : walk.trace()[i]) std::printf("%d,", value);
      std::printf("},  // %zu: %s\n", i, walk.notes()[i].c_str());
    }
  }
  std::printf("};\nstatic const int begins[] = {%s%zu};\n", begins.c_str(), entries);
  std::fprintf(stderr, "%llu walks, %zu entries, %d moves, %d rescues, %d crashes\n",
               static_cast<unsigned long long>(count), entries, fences, rescues, crashes);
  return 0;
}

}  // namespace
}  // namespace fairway::model

int main(int argc, char** argv) { return fairway::model::Main(argc, argv); }
