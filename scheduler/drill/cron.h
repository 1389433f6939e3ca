// Cron schedules as CronJob has them: five fields or a macro, in UTC. Vixie cron's rules, which
// Kubernetes follows: a day matches when day-of-month and day-of-week do, or one of them when both
// are restricted. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "scheduler/instant.h"
#include "scheduler/result.h"

namespace fairway::scheduler {

class Cron {
 public:
  // "*/5 0-6 1,15 jan-mar mon", "@daily". An Error's message says which field is wrong, and how.
  static Result<Cron> Parse(std::string_view text);

  // The first time after `t`, a whole minute; 0 when there is none within eight years (30
  // February).
  Instant Next(Instant t) const;

  bool operator==(const Cron&) const = default;

 private:
  bool MatchesDay(int year, int month, int day) const;

  uint64_t minutes_ = 0, hours_ = 0, days_ = 0, months_ = 0, weekdays_ = 0;  // bit n: n matches
  bool any_day_ = false, any_weekday_ = false;
};

// What a schedule that was last looked at at `last` owes at `now`.
struct CronDue {
  Instant latest;      // the most recent time that has passed; 0 = none
  int64_t missed = 0;  // how many have passed, that one included; counted to 100
  Instant next;        // the first after `now`
};
CronDue DueOf(const Cron& cron, Instant last, Instant now);

}  // namespace fairway::scheduler
