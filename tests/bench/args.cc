#include "tests/bench/args.h"

#include <charconv>

namespace fairway::bench {

Args::Args(int argc, char** argv, int first) {
  for (int i = first; i < argc; i += 2) {
    std::string name = argv[i];
    if (!name.starts_with("--") || i + 1 >= argc) {
      problem_ = "expected --name value, found " + name;
      return;
    }
    values_[name.substr(2)] = argv[i + 1];
  }
}

std::string Args::Get(const std::string& name, const std::string& fallback) {
  used_.insert(name);
  auto found = values_.find(name);
  return found == values_.end() ? fallback : found->second;
}

int64_t Args::GetInt(const std::string& name, int64_t fallback) {
  std::string text = Get(name);
  if (text.empty()) return fallback;
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    problem_ = "--" + name + " expects a whole number";
  }
  return value;
}

std::string Args::Problem() const {
  if (!problem_.empty()) return problem_;
  for (const auto& [name, value] : values_) {
    if (!used_.count(name)) return "unknown argument --" + name;
  }
  return {};
}

}  // namespace fairway::bench
