#include "clusters/kube/time.h"

#include <cstdint>
#include <cstdio>

namespace fairway::kube {
namespace {

struct Civil {
  int64_t year = 1970;
  int month = 1, day = 1;
};

// Days since 1970-01-01 and back, in the proleptic Gregorian calendar. The year starts in March
// here, so that the leap day is its last day and months follow one linear formula.
int64_t DaysFromCivil(Civil date) {
  const int64_t year = date.month <= 2 ? date.year - 1 : date.year;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t month = (date.month + 9) % 12;
  const int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         719468;
}

Civil CivilFromDays(int64_t days) {
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const int64_t day_of_era = days - era * 146097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month = (5 * day_of_year + 2) / 153;
  Civil date;
  date.day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  date.month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  date.year = year_of_era + era * 400 + (date.month <= 2 ? 1 : 0);
  return date;
}

struct Split {
  Civil date;
  int hour, minute, second, milli;
};

Split SplitInstant(Instant time) {
  constexpr int64_t kDayMs = 86'400'000;
  int64_t days = time.ms / kDayMs;
  int64_t rest = time.ms % kDayMs;
  if (rest < 0) {
    rest += kDayMs;
    --days;
  }
  return {CivilFromDays(days), static_cast<int>(rest / 3'600'000),
          static_cast<int>(rest / 60'000 % 60), static_cast<int>(rest / 1000 % 60),
          static_cast<int>(rest % 1000)};
}

// Reads exactly `digits` digits.
bool ReadNumber(std::string_view& text, size_t digits, int& out) {
  if (text.size() < digits) return false;
  out = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    out = out * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return true;
}

bool ReadChar(std::string_view& text, char wanted) {
  if (text.empty() || text[0] != wanted) return false;
  text.remove_prefix(1);
  return true;
}

// ".123456" -> 123; leaves other text alone.
bool ReadFraction(std::string_view& text, int& milli) {
  milli = 0;
  if (!ReadChar(text, '.')) return true;
  int digits = 0;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    if (digits < 3) milli = milli * 10 + (text[0] - '0');
    ++digits;
    text.remove_prefix(1);
  }
  for (int i = digits; i < 3; ++i) milli *= 10;
  return digits > 0;
}

// "Z" or "+02:00", in minutes.
bool ReadOffset(std::string_view& text, int& minutes) {
  minutes = 0;
  if (ReadChar(text, 'Z')) return true;
  const bool negative = ReadChar(text, '-');
  if (!negative && !ReadChar(text, '+')) return false;
  int hours = 0, rest = 0;
  if (!ReadNumber(text, 2, hours) || !ReadChar(text, ':') || !ReadNumber(text, 2, rest)) {
    return false;
  }
  if (hours > 23 || rest > 59) return false;
  minutes = (hours * 60 + rest) * (negative ? -1 : 1);
  return true;
}

std::string Pair(int64_t big, const char* big_unit, int64_t small, const char* small_unit) {
  std::string out = std::to_string(big) + big_unit;
  if (small != 0) out += std::to_string(small) + small_unit;
  return out;
}

}  // namespace

int DaysInMonth(int64_t year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

std::string FormatTime(Instant time) {
  // Most times are now: several of each write, and thousands of writes a second.
  thread_local int64_t last_second = -1;
  thread_local std::string last;
  const int64_t second = time.ms >= 0 ? time.ms / 1000 : -1;
  if (second >= 0 && second == last_second) return last;
  const Split s = SplitInstant(time);
  char buffer[48];
  std::snprintf(buffer, sizeof(buffer), "%04lld-%02d-%02dT%02d:%02d:%02dZ",
                static_cast<long long>(s.date.year), s.date.month, s.date.day, s.hour, s.minute,
                s.second);
  if (second < 0) return buffer;
  last_second = second;
  last = buffer;
  return last;
}

std::string FormatMicroTime(Instant time) {
  const Split s = SplitInstant(time);
  std::string out = FormatTime(time);
  out.pop_back();
  char buffer[16];
  std::snprintf(buffer, sizeof(buffer), ".%03d000Z", s.milli);
  return out + buffer;
}

std::optional<Instant> ParseTime(std::string_view text) {
  int year, month, day, hour, minute, second, milli, offset;
  if (!ReadNumber(text, 4, year) || !ReadChar(text, '-') || !ReadNumber(text, 2, month) ||
      !ReadChar(text, '-') || !ReadNumber(text, 2, day) ||
      !(ReadChar(text, 'T') || ReadChar(text, 't')) || !ReadNumber(text, 2, hour) ||
      !ReadChar(text, ':') || !ReadNumber(text, 2, minute) || !ReadChar(text, ':') ||
      !ReadNumber(text, 2, second) || !ReadFraction(text, milli) || !ReadOffset(text, offset) ||
      !text.empty()) {
    return std::nullopt;
  }
  if (month < 1 || month > 12 || day < 1 || day > DaysInMonth(year, month) || hour > 23 ||
      minute > 59 || second > 59) {
    return std::nullopt;
  }
  const int64_t seconds =
      DaysFromCivil({year, month, day}) * 86400 + hour * 3600 + minute * 60 + second - offset * 60;
  return Instant{seconds * 1000 + milli};
}

std::string HumanDuration(Duration span) {
  // Whole seconds toward zero, so that a clock which is up to two seconds behind shows "0s".
  const int64_t seconds = span.ms / 1000;
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return std::to_string(seconds) + "s";
  const int64_t minutes = seconds / 60;
  if (minutes < 10) return Pair(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return std::to_string(minutes) + "m";
  const int64_t hours = minutes / 60;
  if (hours < 8) return Pair(hours, "h", minutes % 60, "m");
  if (hours < 48) return std::to_string(hours) + "h";
  const int64_t days = hours / 24;
  if (days < 8) return Pair(days, "d", hours % 24, "h");
  if (days < 2 * 365) return std::to_string(days) + "d";
  const int64_t years = days / 365;
  if (years < 8) return Pair(years, "y", days % 365, "d");
  return std::to_string(years) + "y";
}

std::string HumanAge(std::string_view time, Instant now) {
  const std::optional<Instant> made = ParseTime(time);
  return made ? HumanDuration(now - *made) : "<unknown>";
}

}  // namespace fairway::kube
