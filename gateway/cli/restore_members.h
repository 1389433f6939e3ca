// Rebuilding a lost store from what the members have: finds the copies and whose they are, and
// makes an empty store for that gateway with the clusters in it. The jobs themselves are put back
// by the gateway at its next start (gateway/driver/restore_gate.h), in the same way as after any
// restore.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/instant.h"
#include "scheduler/result.h"
#include "store/restore.h"

namespace fairway::gateway {

struct MembersRequest {
  std::vector<std::string> kubeconfigs;  // NAME=FILE
  std::string config_file;               // its clusters are members too; "" = none
  std::string gateway;                   // whose copies; "" = those of the only one there is
  std::string data_directory;
  bool force = false, run_missing = false;
  Instant now;
};

struct MemberFound {
  std::string name;
  int64_t jobs = 0, running = 0, done = 0, failed = 0;
};

struct MembersFound {
  std::string gateway;
  std::vector<MemberFound> members;
  store::Restored restored;
};

// Waits for the members; a member that cannot be reached is an error: its copies would be unknown.
Result<MembersFound> RestoreFromMembers(const MembersRequest& request);

}  // namespace fairway::gateway
