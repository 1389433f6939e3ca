#include "clusters/member/link_state.h"

#include <fmt/core.h>

#include <cstdlib>

namespace fairway::clusters {

LinkInfo MakeLinkInfo(const Prober::State& probe, bool synced, const Error& sync_error) {
  LinkInfo link;
  link.reachable = probe.reachable;
  link.synced = synced;
  link.ready = probe.reachable && synced;
  link.version = probe.version;
  link.rtt_ms = probe.rtt_ms;
  link.last_seen = probe.last_seen;
  link.clock_offset_ms = probe.clock_offset_ms;
  link.clock_error_ms = probe.clock_error_ms;
  if (link.ready) {
    link.reason = "Ready";
    link.message = "the cluster answers and its copies are known";
  } else if (!probe.reachable && !probe.error.reason.empty()) {
    link.reason = probe.error.reason;
    link.message = probe.error.message;
  } else if (!probe.reachable) {
    link.reason = "Connecting";
    link.message = "the cluster was not heard of yet";
  } else if (!sync_error.message.empty()) {
    link.reason = "NotSynced";
    link.message = "the cluster answers, but its Jobs cannot be followed: " + sync_error.message;
  } else {
    link.reason = "NotSynced";
    link.message = "the cluster answers; its Jobs are being listed";
  }
  return link;
}

bool IsNews(const LinkInfo& before, const LinkInfo& after) {
  return before.ready != after.ready || before.reachable != after.reachable ||
         before.synced != after.synced || before.version != after.version ||
         before.reason != after.reason ||
         (before.clock_error_ms < 0) != (after.clock_error_ms < 0) ||
         std::abs(before.clock_offset_ms - after.clock_offset_ms) >
             before.clock_error_ms + after.clock_error_ms;
}

}  // namespace fairway::clusters
