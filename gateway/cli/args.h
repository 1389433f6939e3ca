// Command lines: words and flags, as kubectl takes them (--flag=value, --flag value, -n value).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairway::gateway {

// What a command accepts beside words.
struct FlagSpec {
  std::string_view name;   // without dashes
  std::string_view brief;  // one letter, or ""
  bool takes_value = true;
};

struct Args {
  std::vector<std::string> words;
  std::vector<std::pair<std::string, std::string>> flags;  // in order; repeats are kept
  std::string error;                                       // "" when all was understood

  std::string Get(std::string_view flag, std::string_view otherwise = "") const;
  std::vector<std::string> All(std::string_view flag) const;
  bool Has(std::string_view flag) const;
};

// A whole number above 0 and nothing else.
bool ReadPositive(std::string_view text, uint64_t& value);

// Unknown flags and missing values are errors.
Args ParseArgs(const std::vector<std::string>& arguments, const std::vector<FlagSpec>& specs);

}  // namespace fairway::gateway
