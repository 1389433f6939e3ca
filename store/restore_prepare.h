// Making a copied store fit to be started: taking objects back to a revision, the jump, the mark.
// For store/restore.cc. Blocking.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "store/restore.h"

namespace fairway::store {

struct Preparation {
  RestoreMark mark;
  // Further values for the family meta.
  std::vector<std::pair<std::string, std::string>> meta;
};

// `path` holds db/. `last` is its newest revision; mark.as_of <= last.
Status PrepareRestored(const std::string& path, Revision last, const Preparation& preparation);

}  // namespace fairway::store
