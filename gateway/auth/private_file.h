// Files that hold secrets: written whole or not at all, readable by their owner only.
#pragma once

#include <string>

#include "scheduler/result.h"

namespace fairway::gateway {

// Writes a temporary file beside `path` with mode 0600, syncs it and renames it over `path`.
Status WritePrivateFile(const std::string& path, const std::string& text);
// The error names the path.
Result<std::string> ReadTextFile(const std::string& path);
bool FileExists(const std::string& path);
// Makes the directory with mode 0700; parents must exist.
Status MakePrivateDirectory(const std::string& path);

}  // namespace fairway::gateway
