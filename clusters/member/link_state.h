// How prober and job watch together make a link: pure, so that every combination has a test.
#pragma once

#include <string_view>

#include "clusters/member/member.h"
#include "clusters/member/prober.h"

namespace fairway::clusters {

// `sync_error` has an empty reason while nothing has failed yet.
LinkInfo MakeLinkInfo(const Prober::State& probe, bool synced, const Error& sync_error);

// Whether the listener has to hear of the change: figures alone are no news.
bool IsNews(const LinkInfo& before, const LinkInfo& after);

}  // namespace fairway::clusters
