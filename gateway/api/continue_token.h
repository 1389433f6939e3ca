// The opaque `continue` token of a paged list: the revision of its snapshot and the key after which
// the next page begins.
#pragma once

#include <string>
#include <string_view>

#include "scheduler/ids.h"
#include "scheduler/result.h"

namespace fairway::gateway::api {

struct ContinueToken {
  // The snapshot's; zero in an inconsistent token: go on from the key in the state of now.
  Revision revision;
  std::string ns, name;  // the last key that was delivered

  std::string Encode() const;
  // 400 BadRequest `invalid continue token: ...` for anything that Encode() did not make.
  static Result<ContinueToken> Decode(std::string_view text);
};

}  // namespace fairway::gateway::api
