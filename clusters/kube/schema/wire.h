// Protobuf's wire format: varints, tags and length-delimited fields. Internal to schema/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fairway::kube {

// The first bytes of an envelope (protobuf.h).
inline constexpr std::string_view kEnvelopeMagic("k8s\0", 4);

enum class WireType : uint8_t {
  kVarint = 0,
  kFixed64 = 1,
  kBytes = 2,
  kGroupBegin = 3,
  kGroupEnd = 4,
  kFixed32 = 5,
};

// One field of a message.
struct WireValue {
  uint32_t number = 0;
  WireType type = WireType::kVarint;
  uint64_t number_value = 0;  // of kVarint, kFixed64 and kFixed32
  std::string_view bytes;     // of kBytes
};

// Reads the fields of one message. After Next returned false, ok() tells the end from damage.
class WireReader {
 public:
  explicit WireReader(std::string_view message) : rest_(message) {}

  // Groups, long out of use, are skipped.
  bool Next(WireValue& value);
  bool ok() const { return ok_; }
  // Reads one varint off the front; for packed lists.
  bool Varint(uint64_t& value);
  bool empty() const { return rest_.empty(); }

 private:
  bool Damaged() {
    ok_ = false;
    return false;
  }
  bool Tag(uint32_t& number, WireType& type);
  bool Payload(WireValue& value);
  bool Fixed(size_t size, uint64_t& value);
  bool SkipGroup(uint32_t number);

  std::string_view rest_;
  bool ok_ = true;
};

void AppendVarint(uint64_t value, std::string& out);
void AppendTag(uint32_t number, WireType type, std::string& out);
void AppendBytes(uint32_t number, std::string_view bytes, std::string& out);
void AppendNumber(uint32_t number, uint64_t value, std::string& out);

}  // namespace fairway::kube
