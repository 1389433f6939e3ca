#include "gateway/cli/args.h"

#include <charconv>

namespace fairway::gateway {

std::string Args::Get(std::string_view flag, std::string_view otherwise) const {
  std::string value(otherwise);
  for (const auto& [name, text] : flags) {
    if (name == flag) value = text;  // the last one counts
  }
  return value;
}

std::vector<std::string> Args::All(std::string_view flag) const {
  std::vector<std::string> values;
  for (const auto& [name, text] : flags) {
    if (name == flag) values.push_back(text);
  }
  return values;
}

bool Args::Has(std::string_view flag) const {
  for (const auto& [name, text] : flags) {
    if (name == flag) return true;
  }
  return false;
}

namespace {

const FlagSpec* FindSpec(const std::vector<FlagSpec>& specs, std::string_view name, bool brief) {
  for (const FlagSpec& spec : specs) {
    if (!name.empty() && (brief ? spec.brief : spec.name) == name) return &spec;
  }
  return nullptr;
}

}  // namespace

bool ReadPositive(std::string_view text, uint64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value > 0;
}

Args ParseArgs(const std::vector<std::string>& arguments, const std::vector<FlagSpec>& specs) {
  Args args;
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string_view word = arguments[i];
    if (word.size() < 2 || word[0] != '-') {
      args.words.emplace_back(word);
      continue;
    }
    bool brief = word[1] != '-';
    std::string_view name = word.substr(brief ? 1 : 2);
    std::optional<std::string> value;
    if (size_t equals = name.find('='); equals != std::string_view::npos) {
      value = std::string(name.substr(equals + 1));
      name = name.substr(0, equals);
    } else if (brief && name.size() > 1 && FindSpec(specs, name.substr(0, 1), true) != nullptr) {
      value = std::string(name.substr(1));  // -nteam
      name = name.substr(0, 1);
    }
    const FlagSpec* spec = FindSpec(specs, name, brief);
    if (spec == nullptr) {
      args.error = "unknown flag: " + std::string(word);
      return args;
    }
    if (spec->takes_value && !value) {
      if (i + 1 == arguments.size()) {
        args.error = "flag needs a value: " + std::string(word);
        return args;
      }
      value = arguments[++i];
    }
    args.flags.emplace_back(std::string(spec->name), value.value_or("true"));
  }
  return args;
}

}  // namespace fairway::gateway
