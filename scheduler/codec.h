// The few byte forms that stored edits are made of (docs/formats/edits.md): variable-length
// integers, zigzag for signed ones, length-prefixed strings. Reading is total: after the first
// malformed field every read yields zero and ok() is false.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fairway::scheduler {

class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}
  void Byte(uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void Unsigned(uint64_t value) {
    for (; value >= 0x80; value >>= 7) Byte(static_cast<uint8_t>(value | 0x80));
    Byte(static_cast<uint8_t>(value));
  }
  void Signed(int64_t value) {
    Unsigned((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
  }
  void Text(std::string_view text) {
    Unsigned(text.size());
    out_.append(text);
  }

 private:
  std::string& out_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  uint8_t Byte() {
    if (at_ == end_) return Bad();
    return static_cast<uint8_t>(*at_++);
  }
  uint64_t Unsigned() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const uint8_t byte = Byte();
      if (shift == 63 && byte > 1) return Bad();
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    return Bad();
  }
  int64_t Signed() {
    const uint64_t value = Unsigned();
    return static_cast<int64_t>((value >> 1) ^ (0 - (value & 1)));
  }
  std::string_view Text() {
    const uint64_t length = Unsigned();
    if (length > static_cast<uint64_t>(end_ - at_)) {
      Bad();
      return {};
    }
    const std::string_view text(at_, static_cast<size_t>(length));
    at_ += length;
    return text;
  }
  // The number of entries that follow. Each takes at least one byte, so more than what is left is a
  // lie.
  size_t Count() {
    const uint64_t count = Unsigned();
    if (count > static_cast<uint64_t>(end_ - at_)) return Bad();
    return static_cast<size_t>(count);
  }
  // An enumerator no greater than `last`.
  template <typename Enum>
  Enum Choice(Enum last) {
    const uint8_t value = Byte();
    if (value > static_cast<uint8_t>(last)) return static_cast<Enum>(Bad());
    return static_cast<Enum>(value);
  }
  void Refuse() { Bad(); }
  bool ok() const { return ok_; }
  bool AtEnd() const { return at_ == end_; }

 private:
  uint8_t Bad() {
    ok_ = false;
    at_ = end_;
    return 0;
  }
  const char* at_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace fairway::scheduler
