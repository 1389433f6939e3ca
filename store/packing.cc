#include "store/packing.h"

#include <lz4.h>

#include <algorithm>
#include <utility>

#include "scheduler/assert.h"
#include "store/crc32c.h"

namespace fairway::store {
namespace {

// Shorter bodies have little to repeat; no body comes near the upper bound.
constexpr size_t kPackFrom = 256;
constexpr size_t kUnpackedMax = 256u << 20;
// Twice as fast as LZ4's default, for a few bytes more.
constexpr int kPackAcceleration = 4;
// Of all bodies with one stem at first; see Packer::PoorMax.
constexpr uint32_t kPoorMax = 4;

bool CanPack(std::string_view body) {
  return body.size() >= kPackFrom && body.size() <= kUnpackedMax;
}

// Room for the result: packing that gains less than an eighth is not worth unpacking.
std::string Room(std::string_view body) { return std::string(body.size() - body.size() / 8, '\0'); }

// Against a dictionary that is like it a body shrinks to less than this.
bool IsPackedWell(const Packed& packed, std::string_view body) {
  return !packed.bytes.empty() && packed.bytes.size() * 4 <= body.size();
}

// What people keep secrets in does not become a dictionary: that outlives the object.
bool IsPrivate(std::string_view resource) {
  return resource == "secrets" || resource == "configmaps";
}

// Names that were generated from one prefix, and what is named after them ("NAME.SUFFIX").
std::string_view StemOf(std::string_view name) {
  name = name.substr(0, name.find('.'));
  return name.substr(0, name.rfind('-'));
}

}  // namespace

Packed PackAlone(std::string_view body) {
  if (!CanPack(body)) return {};
  Packed packed{Room(body)};
  int size = LZ4_compress_fast(body.data(), packed.bytes.data(), static_cast<int>(body.size()),
                               static_cast<int>(packed.bytes.size()), kPackAcceleration);
  packed.bytes.resize(static_cast<size_t>(size));
  return packed;
}

std::shared_ptr<const std::string> Unpack(std::string_view packed, uint64_t size,
                                          std::string_view dictionary) {
  if (size > kUnpackedMax || packed.size() > kUnpackedMax) return nullptr;
  auto out = std::make_shared<std::string>(size, '\0');
  int got = LZ4_decompress_safe_usingDict(packed.data(), out->data(),
                                          static_cast<int>(packed.size()), static_cast<int>(size),
                                          dictionary.data(), static_cast<int>(dictionary.size()));
  return got >= 0 && static_cast<uint64_t>(got) == size ? out : nullptr;
}

void Dictionaries::Add(Entry entry) {
  uint32_t count = size();
  FAIRWAY_ASSERT(count < kMax);
  entries_[count] = std::make_unique<const Entry>(std::move(entry));
  size_.store(count + 1, std::memory_order_release);
}

struct Packer::Loaded {
  explicit Loaded(const std::string& text) {
    LZ4_initStream(&stream, sizeof(stream));
    LZ4_loadDict(&stream, text.data(), static_cast<int>(text.size()));
  }
  LZ4_stream_t stream;  // points into the text, which stays
};

Packer::Packer(Dictionaries& dictionaries)
    : dictionaries_(dictionaries), saved_(dictionaries.size()) {
  for (uint32_t number = 1; number <= saved_; ++number) {
    latest_[dictionaries.Find(number)->resource] = number;
  }
}

Packer::~Packer() = default;

Packed Packer::Against(uint32_t number, std::string_view body) {
  if (loaded_.size() < number) loaded_.resize(number);
  std::unique_ptr<Loaded>& loaded = loaded_[number - 1];
  if (!loaded) loaded = std::make_unique<Loaded>(dictionaries_.Find(number)->text);
  LZ4_stream_t stream = loaded->stream;  // packing changes it
  Packed packed{Room(body), number};
  int size = LZ4_compress_fast_continue(&stream, body.data(), packed.bytes.data(),
                                        static_cast<int>(body.size()),
                                        static_cast<int>(packed.bytes.size()), kPackAcceleration);
  packed.bytes.resize(static_cast<size_t>(size));
  return packed;
}

uint32_t Packer::PoorMax(const Stem& stem) const {
  // Bodies that are never alike (secrets, say) stop asking soon, and those that are have their turn
  // while there are dictionaries: with 32 of them it takes 68 bodies, with 255 over 4,000.
  uint32_t count = dictionaries_.size();
  return (kPoorMax + count * count / 16) << std::min<uint32_t>(4 * stem.adopted, 16);
}

void Packer::Provide(Stem& stem, const ObjectKey& key, std::string_view body) {
  stem.poor = 0;
  for (uint32_t number = dictionaries_.size(); number > 0; --number) {
    if (dictionaries_.Find(number)->resource != key.resource) continue;
    if (!IsPackedWell(Against(number, body), body)) continue;
    stem.dictionary = latest_[key.resource] = number;
    return;
  }
  if (dictionaries_.size() == Dictionaries::kMax || IsPrivate(key.resource)) return;
  dictionaries_.Add({key.resource, std::string(body.substr(0, Dictionaries::kBytesMax))});
  stem.dictionary = latest_[key.resource] = dictionaries_.size();
  ++stem.adopted;
}

Packed Packer::Pack(const ObjectKey& key, std::string_view body) {
  if (!CanPack(body)) return {};
  Stem& stem = stems_[Crc32c(StemOf(key.name), Crc32c(key.resource)) % kStems];
  uint32_t& latest = latest_[key.resource];
  Packed best;
  for (uint32_t number : {stem.dictionary, latest}) {
    if (number == 0 || number == best.dictionary) continue;
    Packed packed = Against(number, body);
    if (IsPackedWell(packed, body)) {
      stem.dictionary = latest = number;
      return packed;
    }
    const bool smaller = !packed.bytes.empty() && packed.bytes.size() < best.bytes.size();
    if (best.bytes.empty() || smaller) best = std::move(packed);
  }
  if (best.dictionary == 0) best = PackAlone(body);
  if (++stem.poor >= PoorMax(stem)) Provide(stem, key, body);
  return best;
}

void Packer::ForUnsaved(
    const std::function<void(uint32_t number, const Dictionaries::Entry&)>& visit) {
  for (uint32_t number = saved_ + 1; number <= dictionaries_.size(); ++number) {
    visit(number, *dictionaries_.Find(number));
  }
}

}  // namespace fairway::store
