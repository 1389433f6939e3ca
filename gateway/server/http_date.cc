#include "gateway/server/http_date.h"

#include <fmt/core.h>

#include <ctime>
#include <string>

namespace fairway::gateway {

std::string_view HttpDate(Instant now) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  thread_local int64_t second = -1;
  thread_local std::string text;
  int64_t wanted = now.ms / 1000;
  if (wanted == second) return text;
  second = wanted;
  std::time_t time = wanted;
  std::tm utc{};
  gmtime_r(&time, &utc);
  text = fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[utc.tm_wday], utc.tm_mday,
                     kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  return text;
}

}  // namespace fairway::gateway
