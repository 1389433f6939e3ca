// The table of settings: one row per scalar key, shared by the file, the environment, the flags and
// the reference.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/config.h"

namespace fairway::gateway {

struct Setting {
  std::string_view key;   // server.listen; the environment spells it FAIRWAY_SERVER_LISTEN
  std::string_view flag;  // listen; "" = the key with dots as dashes
  std::string_view expect;
  std::string_view help;
  // "" when `text` was taken, else what is wrong with it.
  std::string (*set)(Config& config, std::string_view text);
  std::string (*show)(const Config& config);  // the present value, for the reference
};

const std::vector<Setting>& Settings();
const Setting* FindSetting(std::string_view key);
const Setting* FindFlag(std::string_view flag);

}  // namespace fairway::gateway
