#include "scheduler/resources.h"

#include <algorithm>
#include <limits>

namespace fairway::scheduler {
namespace {

// Sums wrap instead of overflowing: adding and subtracting always round-trips, whatever was lied.
int64_t WrapAdd(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
int64_t WrapNegate(int64_t a) { return static_cast<int64_t>(0 - static_cast<uint64_t>(a)); }

int64_t SaturatingMultiply(int64_t a, int64_t b) {
  int64_t product = 0;
  if (!__builtin_mul_overflow(a, b, &product)) return product;
  return (a < 0) == (b < 0) ? std::numeric_limits<int64_t>::max()
                            : std::numeric_limits<int64_t>::min();
}

// What is not asked for is not missing, also where the capacity is overdrawn.
bool Fits(int64_t need, int64_t have) { return need <= 0 || need <= have; }

using Extended = std::vector<std::pair<std::string, int64_t>>;

void MergeExtended(Extended& into, const Extended& from, bool negate) {
  if (from.empty()) return;
  Extended merged;
  merged.reserve(into.size() + from.size());
  auto a = into.begin();
  auto b = from.begin();
  while (a != into.end() || b != from.end()) {
    if (b == from.end() || (a != into.end() && a->first < b->first)) {
      merged.push_back(std::move(*a++));
    } else if (a == into.end() || b->first < a->first) {
      merged.emplace_back(b->first, negate ? WrapNegate(b->second) : b->second);
      ++b;
    } else {
      const int64_t sum = WrapAdd(a->second, negate ? WrapNegate(b->second) : b->second);
      if (sum != 0) merged.emplace_back(std::move(a->first), sum);
      ++a;
      ++b;
    }
  }
  into = std::move(merged);
}

}  // namespace

void Resources::Add(const Resources& other) {
  cpu_milli = WrapAdd(cpu_milli, other.cpu_milli);
  memory_bytes = WrapAdd(memory_bytes, other.memory_bytes);
  ephemeral_storage_bytes = WrapAdd(ephemeral_storage_bytes, other.ephemeral_storage_bytes);
  pods = WrapAdd(pods, other.pods);
  MergeExtended(extended, other.extended, false);
}

void Resources::Subtract(const Resources& other) {
  cpu_milli = WrapAdd(cpu_milli, WrapNegate(other.cpu_milli));
  memory_bytes = WrapAdd(memory_bytes, WrapNegate(other.memory_bytes));
  ephemeral_storage_bytes =
      WrapAdd(ephemeral_storage_bytes, WrapNegate(other.ephemeral_storage_bytes));
  pods = WrapAdd(pods, WrapNegate(other.pods));
  MergeExtended(extended, other.extended, true);
}

Resources Resources::Times(int64_t times) const {
  Resources product;
  product.cpu_milli = SaturatingMultiply(cpu_milli, times);
  product.memory_bytes = SaturatingMultiply(memory_bytes, times);
  product.ephemeral_storage_bytes = SaturatingMultiply(ephemeral_storage_bytes, times);
  product.pods = SaturatingMultiply(pods, times);
  if (times == 0) return product;
  product.extended.reserve(extended.size());
  for (const auto& [name, amount] : extended) {
    product.extended.emplace_back(name, SaturatingMultiply(amount, times));
  }
  return product;
}

int64_t Resources::GetExtended(std::string_view name) const {
  const auto at =
      std::lower_bound(extended.begin(), extended.end(), name,
                       [](const auto& entry, std::string_view n) { return entry.first < n; });
  return at != extended.end() && at->first == name ? at->second : 0;
}

bool Resources::FitsIn(const Resources& capacity) const {
  if (!Fits(cpu_milli, capacity.cpu_milli) || !Fits(memory_bytes, capacity.memory_bytes) ||
      !Fits(ephemeral_storage_bytes, capacity.ephemeral_storage_bytes) ||
      !Fits(pods, capacity.pods)) {
    return false;
  }
  return std::all_of(extended.begin(), extended.end(), [&](const auto& entry) {
    return Fits(entry.second, capacity.GetExtended(entry.first));
  });
}

std::string Resources::FirstMissing(const Resources& capacity) const {
  if (!Fits(cpu_milli, capacity.cpu_milli)) return "cpu";
  if (!Fits(memory_bytes, capacity.memory_bytes)) return "memory";
  if (!Fits(ephemeral_storage_bytes, capacity.ephemeral_storage_bytes)) return "ephemeral-storage";
  if (!Fits(pods, capacity.pods)) return "pods";
  for (const auto& [name, amount] : extended) {
    if (!Fits(amount, capacity.GetExtended(name))) return name;
  }
  return "";
}

int64_t Resources::Get(std::string_view name) const {
  if (name == "cpu") return cpu_milli;
  if (name == "memory") return memory_bytes;
  if (name == "ephemeral-storage") return ephemeral_storage_bytes;
  if (name == "pods") return pods;
  return GetExtended(name);
}

void Resources::Set(std::string_view name, int64_t amount) {
  if (name == "cpu") {
    cpu_milli = amount;
  } else if (name == "memory") {
    memory_bytes = amount;
  } else if (name == "ephemeral-storage") {
    ephemeral_storage_bytes = amount;
  } else if (name == "pods") {
    pods = amount;
  } else {
    const auto at =
        std::lower_bound(extended.begin(), extended.end(), name,
                         [](const auto& entry, std::string_view n) { return entry.first < n; });
    const bool found = at != extended.end() && at->first == name;
    if (found && amount == 0) {
      extended.erase(at);
    } else if (found) {
      at->second = amount;
    } else if (amount != 0) {
      extended.emplace(at, std::string(name), amount);
    }
  }
}

}  // namespace fairway::scheduler
