// CRC-32C (Castagnoli, as in iSCSI, RFC 3720 appendix B.4): the checksum of every stored record.
// Uses the processor's instruction where there is one, else a table; both give the same value.
// Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fairway::store {

// Extends `crc` (0 to start) by `data`: Crc32c(b, Crc32c(a)) equals Crc32c(ab).
uint32_t Crc32c(std::string_view data, uint32_t crc = 0);

// The table version, for tests and for processors without the instruction.
uint32_t Crc32cPortable(std::string_view data, uint32_t crc = 0);

}  // namespace fairway::store
