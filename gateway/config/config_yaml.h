// The configuration file's YAML, read into a Config. The only user of the YAML library in gateway/.
#pragma once

#include <string>

#include "gateway/config/config.h"

namespace fairway::gateway {

// Adds every mistake to result.errors as file:line; never throws.
void LoadConfigYaml(const std::string& file_name, const std::string& text, ConfigResult& result);

}  // namespace fairway::gateway
