#include "scheduler/drill/cron.h"

#include <algorithm>
#include <string>
#include <vector>

namespace fairway::scheduler {
namespace {

constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kDayMs = 86'400'000;
constexpr int kYearsAhead = 8;
constexpr int64_t kMissedMax = 100;

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays = {"sun", "mon", "tue", "wed",
                                                       "thu", "fri", "sat"};

struct Macro {
  std::string_view name, fields;
};
constexpr std::array<Macro, 7> kMacros = {{{"@yearly", "0 0 1 1 *"},
                                           {"@annually", "0 0 1 1 *"},
                                           {"@monthly", "0 0 1 * *"},
                                           {"@weekly", "0 0 * * 0"},
                                           {"@daily", "0 0 * * *"},
                                           {"@midnight", "0 0 * * *"},
                                           {"@hourly", "0 * * * *"}}};

struct Field {
  std::string_view name;
  int min, max;
};

// Days since 1970-01-01 of a date, and back (Hinnant, "chrono-Compatible Low-Level Date
// Algorithms").
int64_t DaysOf(int64_t y, int64_t m, int64_t d) {
  y -= m <= 2 ? 1 : 0;
  const int64_t era = (y >= 0 ? y : y - 399) / 400;
  const int64_t yoe = y - era * 400;
  const int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  const int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146'097 + doe - 719'468;
}

struct Date {
  int year, month, day;
};
Date DateOf(int64_t days) {
  days += 719'468;
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const int64_t doe = days - era * 146'097;
  const int64_t yoe = (doe - doe / 1'460 + doe / 36'524 - doe / 146'096) / 365;
  const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const int64_t mp = (5 * doy + 2) / 153;
  const int64_t month = mp < 10 ? mp + 3 : mp - 9;
  return {static_cast<int>(yoe + era * 400 + (month <= 2 ? 1 : 0)), static_cast<int>(month),
          static_cast<int>(doy - (153 * mp + 2) / 5 + 1)};
}

bool IsLower(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != lower[i]) return false;
  }
  return true;
}

std::vector<std::string_view> Split(std::string_view text, char by, bool skip_empty) {
  std::vector<std::string_view> out;
  while (true) {
    const size_t at = text.find(by);
    const std::string_view part = text.substr(0, at);
    if (!part.empty() || !skip_empty) out.push_back(part);
    if (at == std::string_view::npos) return out;
    text.remove_prefix(at + 1);
  }
}

Error Bad(const Field& field, std::string_view text, const std::string& what) {
  return Error{.code = 400,
               .reason = "BadRequest",
               .message = std::string(field.name) + " \"" + std::string(text) + "\": " + what};
}

Result<int> ReadNumber(const Field& field, std::string_view text) {
  if (text.empty() || text.size() > 4) return Fail(Bad(field, text, "a number is expected"));
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return Fail(Bad(field, text, "a number is expected"));
    value = value * 10 + (c - '0');
  }
  return value;
}

Result<int> ReadValue(const Field& field, std::string_view text) {
  if (field.max == 12) {
    for (size_t i = 0; i < kMonths.size(); ++i) {
      if (IsLower(text, kMonths[i])) return static_cast<int>(i) + 1;
    }
  }
  if (field.max == 6) {
    for (size_t i = 0; i < kWeekdays.size(); ++i) {
      if (IsLower(text, kWeekdays[i])) return static_cast<int>(i);
    }
  }
  auto value = ReadNumber(field, text);
  if (!value) return value;
  if (field.max == 6 && *value == 7) return 0;  // Sunday has two numbers
  if (*value < field.min || *value > field.max) {
    return Fail(
        Bad(field, text,
            "must be in the range " + std::to_string(field.min) + "-" + std::to_string(field.max)));
  }
  return value;
}

// One entry of a list: *, n, n-m, each with an optional step. n/s means from n on.
Status ReadEntry(const Field& field, std::string_view entry, uint64_t& bits, bool& any) {
  const size_t slash = entry.find('/');
  std::string_view range = entry.substr(0, slash);
  int step = 1;
  if (slash != std::string_view::npos) {
    auto read = ReadNumber(field, entry.substr(slash + 1));
    if (!read) return Fail(read.error());
    if (*read == 0) return Fail(Bad(field, entry, "a step must not be 0"));
    step = *read;
  }
  int from = field.min, to = field.max;
  if (range == "*" || range == "?") {
    any = any || step == 1;
  } else {
    const size_t dash = range.find('-');
    auto first = ReadValue(field, range.substr(0, dash));
    if (!first) return Fail(first.error());
    from = *first;
    if (dash != std::string_view::npos) {
      auto last = ReadValue(field, range.substr(dash + 1));
      if (!last) return Fail(last.error());
      // Sunday at the end of a range is the seventh day.
      to = field.max == 6 && *last == 0 && from > 0 ? 7 : *last;
    } else if (slash == std::string_view::npos) {
      to = from;
    }
    if (to < from) return Fail(Bad(field, entry, "a range must not run backwards"));
  }
  for (int i = from; i <= to; i += step) {
    bits |= uint64_t{1} << static_cast<unsigned>(field.max == 6 ? i % 7 : i);
  }
  return {};
}

Status ReadField(const Field& field, std::string_view text, uint64_t& bits, bool& any) {
  for (const std::string_view entry : Split(text, ',', false)) {
    if (Status read = ReadEntry(field, entry, bits, any); !read) return read;
  }
  return {};
}

bool Has(uint64_t bits, int n) { return (bits >> static_cast<unsigned>(n) & 1) != 0; }

}  // namespace

Result<Cron> Cron::Parse(std::string_view text) {
  const auto fail = [](std::string message) {
    return Fail(Error{.code = 400, .reason = "BadRequest", .message = std::move(message)});
  };
  if (text.rfind("TZ=", 0) == 0 || text.rfind("CRON_TZ=", 0) == 0) {
    return fail("a time zone does not belong into the schedule; schedules are in UTC");
  }
  for (const Macro& macro : kMacros) {
    if (text == macro.name) text = macro.fields;
  }
  if (!text.empty() && text.front() == '@') return fail("no such macro");
  const std::vector<std::string_view> parts = Split(text, ' ', true);
  if (parts.size() != 5) {
    return fail("five fields are expected: minute, hour, day of month, month, day of week");
  }
  Cron cron;
  bool any = false;
  struct Slot {
    Field field;
    uint64_t* bits;
    bool* any;
  };
  const Slot slots[] = {{{"minute", 0, 59}, &cron.minutes_, &any},
                        {{"hour", 0, 23}, &cron.hours_, &any},
                        {{"day of month", 1, 31}, &cron.days_, &cron.any_day_},
                        {{"month", 1, 12}, &cron.months_, &any},
                        {{"day of week", 0, 6}, &cron.weekdays_, &cron.any_weekday_}};
  for (size_t i = 0; i < parts.size(); ++i) {
    const Slot& slot = slots[i];
    if (Status read = ReadField(slot.field, parts[i], *slot.bits, *slot.any); !read) {
      return Fail(read.error());
    }
  }
  return cron;
}

bool Cron::MatchesDay(int year, int month, int day) const {
  const int64_t days = DaysOf(year, month, day);
  const int weekday = static_cast<int>(((days % 7) + 11) % 7);  // 1970-01-01 was a Thursday
  const bool by_day = Has(days_, day);
  const bool by_weekday = Has(weekdays_, weekday);
  return any_day_ || any_weekday_ ? by_day && by_weekday : by_day || by_weekday;
}

Instant Cron::Next(Instant t) const {
  const int64_t from = (t.ms / kMinuteMs + 1) * kMinuteMs;
  const int64_t first = from / kDayMs;
  const int64_t last = first + kYearsAhead * 366;
  for (int64_t days = first; days <= last; ++days) {
    const Date date = DateOf(days);
    if (!Has(months_, date.month)) {
      // To the first of the next month.
      const bool december = date.month == 12;
      days = DaysOf(date.year + (december ? 1 : 0), december ? 1 : date.month + 1, 1) - 1;
      continue;
    }
    if (!MatchesDay(date.year, date.month, date.day)) continue;
    const int64_t start = days == first ? (from - days * kDayMs) / kMinuteMs : 0;
    for (int64_t minute = start; minute < 24 * 60; ++minute) {
      if (!Has(hours_, static_cast<int>(minute / 60))) {
        minute = minute / 60 * 60 + 59;
        continue;
      }
      if (Has(minutes_, static_cast<int>(minute % 60))) {
        return {days * kDayMs + minute * kMinuteMs};
      }
    }
  }
  return {};
}

CronDue DueOf(const Cron& cron, Instant last, Instant now) {
  CronDue due;
  Instant at = cron.Next(last);
  while (at && at <= now && due.missed < kMissedMax) {
    due.latest = at;
    ++due.missed;
    at = cron.Next(at);
  }
  // Too many to count: the most recent one is found from the near end.
  if (at && at <= now) {
    for (int64_t back = 1; back < (now - last).ms; back *= 2) {
      const Instant near{now.ms - back * kMinuteMs};
      Instant step = cron.Next(std::max(near, last));
      if (!step || step > now) continue;
      while (step && step <= now) {
        due.latest = step;
        step = cron.Next(step);
      }
      break;
    }
  }
  due.next = cron.Next(now);
  return due;
}

}  // namespace fairway::scheduler
