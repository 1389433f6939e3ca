// LeaseBook: of every copy that a member has started, what a renewal has to know. Kept from the
// member's reports; a renewal is a span since the copy's start, by the member's own clock.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include "clusters/member/member.h"

namespace fairway::gateway {

class LeaseBook {
 public:
  void Note(const clusters::CopyReport& report) {
    if (!report.started || !report.ends) {
      starts_.erase(report.ref.job.value);
      return;
    }
    starts_[report.ref.job.value] = {report.ref.epoch,      report.lease_generation,
                                     report.started,        report.own_deadline_seconds,
                                     report.ref.name_space, report.ref.name,
                                     report.member_uid};
  }
  void Forget(JobId job) { starts_.erase(job.value); }

  // The copy is to end at `until` by the member's clock; 0 = without a lease. Nothing when this
  // very start of it is not known.
  std::optional<clusters::RenewRequest> Renewal(JobId job, Epoch epoch, uint16_t generation,
                                                Instant until) const {
    const auto found = starts_.find(job.value);
    if (found == starts_.end()) return std::nullopt;
    const Start& start = found->second;
    if (start.epoch != epoch || start.generation != generation) return std::nullopt;
    // Rounded down: never longer than was saved.
    const int64_t seconds = until ? (until - start.started).ms / 1000 : 0;
    if (until && seconds <= 0) return std::nullopt;
    return clusters::RenewRequest{job,       start.name_space, start.name,
                                  start.uid, seconds,          start.own_deadline};
  }
  size_t size() const { return starts_.size(); }

 private:
  struct Start {
    Epoch epoch;
    uint16_t generation = 0;
    Instant started;  // the member's clock
    int64_t own_deadline = -1;
    std::string name_space, name, uid;
  };
  std::unordered_map<uint64_t, Start> starts_;
};

}  // namespace fairway::gateway
