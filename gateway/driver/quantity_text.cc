#include "gateway/driver/quantity_text.h"

#include "scheduler/resources.h"

namespace fairway::gateway {
namespace {

bool IsBinary(std::string_view resource) {
  return resource == "memory" || resource == "ephemeral-storage" ||
         resource.starts_with("hugepages-");
}

std::string BinaryText(int64_t amount) {
  constexpr std::string_view kSuffixes[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
  size_t suffix = 0;
  while (amount != 0 && amount % 1024 == 0 && suffix + 1 < std::size(kSuffixes)) {
    amount /= 1024;
    ++suffix;
  }
  return std::to_string(amount) + std::string(kSuffixes[suffix]);
}

}  // namespace

std::string QuantityText(std::string_view resource, int64_t amount) {
  if (IsBinary(resource)) return BinaryText(amount);
  const std::string text = std::to_string(amount) + (resource == "cpu" ? "m" : "");
  return scheduler::CanonicalQuantity(text).value_or(text);
}

}  // namespace fairway::gateway
