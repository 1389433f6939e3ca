// Leaf values: texts that stand for something (times, durations, quantities, bytes), checked and
// brought into the one form that is stored. Failures carry the message that a Go client of the API
// sees. Pure functions; outputs are bounded by their inputs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "scheduler/result.h"

namespace fairway::kube {

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// A point in time as protobuf carries it.
struct TimeStamp {
  int64_t seconds = 0;  // since 1970, UTC
  int32_t nanos = 0;
};

// RFC 3339 with any zone; `micro` asks for exactly six decimals, as MicroTime does. Years 0 to
// 9999.
Result<TimeStamp> ParseTime(std::string_view text, bool micro);
// "2006-01-02T15:04:05Z", or with six decimals. False when the year does not fit four digits.
bool FormatTime(TimeStamp time, bool micro, std::string& out);
// True when `text` is what FormatTime writes: the common case, which needs no rewriting.
bool IsCanonicalTime(std::string_view text, bool micro);

// Go's duration texts: "1h15m30.918s", "-5ms", "0s".
Result<int64_t> ParseDuration(std::string_view text);  // nanoseconds
std::string FormatDuration(int64_t nanoseconds);

// True when `text` surely is a canonical quantity; false means "ask CanonicalQuantity".
bool IsSimpleQuantity(std::string_view text);

// Standard base64 with padding; line breaks are skipped.
Result<std::string> DecodeBase64(std::string_view text);
std::string EncodeBase64(std::string_view bytes);
// True when `text` is base64 just as EncodeBase64 writes it.
bool IsCanonicalBase64(std::string_view text);

// Well-formed UTF-8 without surrogates: what may become JSON.
bool IsUtf8(std::string_view text);

// `text` in Go's quotes (strconv.Quote), as errors show it.
std::string GoQuote(std::string_view text);

}  // namespace fairway::kube
