// Base64 (RFC 4648, standard alphabet, padded) as kubeconfigs and Secrets carry it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fairway::clusters {

// Line breaks and spaces are skipped, as Go's decoder skips line breaks. Nothing when malformed.
std::optional<std::string> DecodeBase64(std::string_view text);
std::string EncodeBase64(std::string_view bytes);

}  // namespace fairway::clusters
