#include <charconv>

#include "clusters/kube/schema/leaf.h"
#include "clusters/kube/time.h"

namespace fairway::kube {
namespace {

constexpr int64_t kSecondsPerDay = 86400;
constexpr int32_t kNanosPerMicro = 1000;
// What four digits of a year can say: 0000-01-01 to 9999-12-31.
constexpr int64_t kSecondsMin = -62167219200;
constexpr int64_t kSecondsMax = 253402300799;
constexpr std::string_view kLayout = "2006-01-02T15:04:05Z07:00";
constexpr std::string_view kLayoutMicro = "2006-01-02T15:04:05.000000Z07:00";

// Days since 1970-01-01 of a date of the proleptic Gregorian calendar, and back. The year is taken
// to begin in March, so that the leap day is its last; eras of 400 years have equal lengths.
int64_t DaysFromDate(int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

struct Date {
  int64_t year;
  int month, day;
};

Date DateFromDays(int64_t days) {
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const int64_t doe = days - era * 146097;
  const int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const int64_t mp = (5 * doy + 2) / 153;
  const int month = static_cast<int>(mp < 10 ? mp + 3 : mp - 9);
  return {yoe + era * 400 + (month <= 2 ? 1 : 0), month,
          static_cast<int>(doy - (153 * mp + 2) / 5 + 1)};
}

// Reads one time text from left to right; fails with the words of Go's time.ParseError.
class TimeReader {
 public:
  TimeReader(std::string_view text, bool micro) : text_(text), rest_(text), micro_(micro) {}

  Result<TimeStamp> Read();

 private:
  bool Number(size_t digits, std::string_view element, int& out);
  bool Literal(std::string_view literal);
  bool Fraction();
  bool Zone();
  bool Wrong(std::string_view element);
  bool OutOfRange(std::string_view what);
  bool ReadAll();

  std::string_view text_, rest_;
  bool micro_;
  int year_ = 0, month_ = 0, day_ = 0, hour_ = 0, minute_ = 0, second_ = 0;
  int32_t nanos_ = 0;
  int zone_seconds_ = 0;
  std::string error_;
};

bool TimeReader::Wrong(std::string_view element) {
  error_ = "parsing time " + GoQuote(text_) + " as " + GoQuote(micro_ ? kLayoutMicro : kLayout) +
           ": cannot parse " + GoQuote(rest_) + " as " + GoQuote(element);
  return false;
}

bool TimeReader::OutOfRange(std::string_view what) {
  error_ = "parsing time " + GoQuote(text_) + ": " + std::string(what) + " out of range";
  return false;
}

bool TimeReader::Number(size_t digits, std::string_view element, int& out) {
  if (rest_.size() < digits) return Wrong(element);
  out = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (!IsDigit(rest_[i])) return Wrong(element);
    out = out * 10 + (rest_[i] - '0');
  }
  rest_.remove_prefix(digits);
  return true;
}

bool TimeReader::Literal(std::string_view literal) {
  if (rest_.substr(0, literal.size()) != literal) return Wrong(literal);
  rest_.remove_prefix(literal.size());
  return true;
}

bool TimeReader::Fraction() {
  size_t digits = 0;
  if (!rest_.empty() && (rest_[0] == '.' || rest_[0] == ',')) {
    while (digits + 1 < rest_.size() && IsDigit(rest_[digits + 1])) ++digits;
  }
  if (micro_ && digits < 6) return Wrong(".000000");
  if (digits == 0) return true;
  if (micro_) digits = 6;
  int32_t scale = 100'000'000;
  for (size_t i = 1; i <= digits && scale > 0; ++i, scale /= 10) {
    nanos_ += (rest_[i] - '0') * scale;
  }
  rest_.remove_prefix(digits + 1);
  return true;
}

bool TimeReader::Zone() {
  if (!rest_.empty() && rest_[0] == 'Z') {
    rest_.remove_prefix(1);
    return true;
  }
  const bool shaped = rest_.size() >= 6 && (rest_[0] == '+' || rest_[0] == '-') &&
                      IsDigit(rest_[1]) && IsDigit(rest_[2]) && rest_[3] == ':' &&
                      IsDigit(rest_[4]) && IsDigit(rest_[5]);
  if (!shaped) return Wrong("Z07:00");
  const int hours = (rest_[1] - '0') * 10 + rest_[2] - '0';
  const int minutes = (rest_[4] - '0') * 10 + rest_[5] - '0';
  if (hours > 24) return OutOfRange("time zone offset hour");
  if (minutes > 60) return OutOfRange("time zone offset minute");
  zone_seconds_ = (hours * 60 + minutes) * 60 * (rest_[0] == '-' ? -1 : 1);
  rest_.remove_prefix(6);
  return true;
}

bool TimeReader::ReadAll() {
  if (!Number(4, "2006", year_) || !Literal("-") || !Number(2, "01", month_)) return false;
  if (month_ < 1 || month_ > 12) return OutOfRange("month");
  if (!Literal("-") || !Number(2, "02", day_) || !Literal("T") || !Number(2, "15", hour_)) {
    return false;
  }
  if (hour_ > 23) return OutOfRange("hour");
  if (!Literal(":") || !Number(2, "04", minute_)) return false;
  if (minute_ > 59) return OutOfRange("minute");
  if (!Literal(":") || !Number(2, "05", second_)) return false;
  if (second_ > 59) return OutOfRange("second");
  if (!Fraction() || !Zone()) return false;
  if (!rest_.empty()) {
    error_ = "parsing time " + GoQuote(text_) + ": extra text: " + GoQuote(rest_);
    return false;
  }
  if (day_ < 1 || day_ > DaysInMonth(year_, month_)) return OutOfRange("day");
  return true;
}

Result<TimeStamp> TimeReader::Read() {
  if (!ReadAll()) {
    return Fail(Error{.code = 400, .reason = "BadRequest", .message = std::move(error_)});
  }
  const int64_t days = DaysFromDate(year_, month_, day_);
  const int64_t seconds =
      days * kSecondsPerDay + hour_ * 3600 + minute_ * 60 + second_ - zone_seconds_;
  return TimeStamp{seconds, nanos_};
}

void AppendPadded(int64_t value, int width, std::string& out) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  for (auto length = end - digits; length < width; ++length) out += '0';
  out.append(digits, end);
}

}  // namespace

Result<TimeStamp> ParseTime(std::string_view text, bool micro) {
  return TimeReader(text, micro).Read();
}

bool FormatTime(TimeStamp time, bool micro, std::string& out) {
  if (time.seconds < kSecondsMin || time.seconds > kSecondsMax) return false;
  int64_t days = time.seconds / kSecondsPerDay;
  int64_t second = time.seconds % kSecondsPerDay;
  if (second < 0) {
    second += kSecondsPerDay;
    --days;
  }
  const Date date = DateFromDays(days);
  AppendPadded(date.year, 4, out);
  out += '-';
  AppendPadded(date.month, 2, out);
  out += '-';
  AppendPadded(date.day, 2, out);
  out += 'T';
  AppendPadded(second / 3600, 2, out);
  out += ':';
  AppendPadded(second / 60 % 60, 2, out);
  out += ':';
  AppendPadded(second % 60, 2, out);
  if (micro) {
    out += '.';
    AppendPadded(time.nanos / kNanosPerMicro, 6, out);
  }
  out += 'Z';
  return true;
}

bool IsCanonicalTime(std::string_view text, bool micro) {
  // The shape first; then ranges, where a day up to 28 needs no calendar.
  static constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:ddZ";
  static constexpr std::string_view kShapeMicro = "dddd-dd-ddTdd:dd:dd.ddddddZ";
  const std::string_view shape = micro ? kShapeMicro : kShape;
  if (text.size() != shape.size()) return false;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 'd' ? !IsDigit(text[i]) : text[i] != shape[i]) return false;
  }
  const auto two = [&](size_t at) { return (text[at] - '0') * 10 + text[at + 1] - '0'; };
  return two(5) >= 1 && two(5) <= 12 && two(8) >= 1 && two(8) <= 28 && two(11) <= 23 &&
         two(14) <= 59 && two(17) <= 59;
}

}  // namespace fairway::kube
