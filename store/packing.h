// How the bodies of objects stand in records: as LZ4 blocks (https://github.com/lz4/lz4, the block
// format), packed against a dictionary where one is alike. Jobs of one template differ in a name
// and a few texts, and each state of an object is nearly the one before: against a dictionary such
// a body takes a tenth of what it takes alone, and so does its way through log, memtable and tables
// (docs/decisions/0023-dictionaries.md).
//
// A dictionary is the body of an object that was stored once. It is saved in the batch of the first
// record that needs it, or before, and stays for ever; their number is bounded, and Secrets and
// ConfigMaps never become one.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/object_key.h"

namespace fairway::store {

// What stands for a body in its record.
struct Packed {
  std::string bytes;        // empty: the body itself
  uint32_t dictionary = 0;  // the number of the one that is needed to unpack it; 0 = none
};

// What stands for `body` without any dictionary. Pure.
Packed PackAlone(std::string_view body);
// Null when `packed` is not `size` bytes packed against `dictionary`. Pure.
std::shared_ptr<const std::string> Unpack(std::string_view packed, uint64_t size,
                                          std::string_view dictionary);

// The dictionaries of one store, numbered from 1. Only ever added to.
// Threads: Add() one at a time (who opens the store, then the writer); the rest any.
class Dictionaries {
 public:
  static constexpr uint32_t kMax = 256;
  static constexpr size_t kBytesMax = 16u << 10;  // of one text
  struct Entry {
    std::string resource;  // whose bodies it is like
    std::string text;
  };

  uint32_t size() const { return size_.load(std::memory_order_acquire); }
  // Null when there is none of that number. Stays as long as this does.
  const Entry* Find(uint64_t number) const {
    return number == 0 || number > size() ? nullptr : entries_[number - 1].get();
  }
  // Its number is size() then. Not when there are kMax.
  void Add(Entry entry);

 private:
  std::array<std::unique_ptr<const Entry>, kMax> entries_;
  std::atomic<uint32_t> size_{0};
};

// Packs what the writer writes, and decides what becomes a dictionary: a body whose like came often
// and was packed badly each time. The fewer dictionaries are left, the more often it has to come.
// Bodies are alike by resource and by the stem of the name (what generateName was); one whose
// stem is new tries the dictionary that served its resource last. So a body is packed at most
// twice.
//
// Thread: one, the writer's. Deterministic.
class Packer {
 public:
  explicit Packer(Dictionaries& dictionaries);
  ~Packer();
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;

  Packed Pack(const ObjectKey& key, std::string_view body);

  // The dictionaries that are not known to be saved. They belong into every batch until Saved().
  void ForUnsaved(const std::function<void(uint32_t number, const Dictionaries::Entry&)>& visit);
  void Saved() { saved_ = dictionaries_.size(); }

 private:
  struct Loaded;  // a dictionary that LZ4 has indexed
  // Objects whose names have the same stem, or what hashes alike.
  struct Stem {
    uint32_t dictionary = 0;
    uint32_t poor = 0;     // bodies that were packed badly since the last look for a dictionary
    uint32_t adopted = 0;  // dictionaries that came of them
  };
  static constexpr size_t kStems = 1024;  // a power of two

  Packed Against(uint32_t number, std::string_view body);
  uint32_t PoorMax(const Stem& stem) const;
  // A known dictionary for this body, or the body as a new one.
  void Provide(Stem& stem, const ObjectKey& key, std::string_view body);

  Dictionaries& dictionaries_;
  uint32_t saved_;
  std::vector<std::unique_ptr<Loaded>> loaded_;  // by number, from 1; when first needed
  std::array<Stem, kStems> stems_;
  std::map<std::string, uint32_t, std::less<>> latest_;  // by resource: what packed well last
};

}  // namespace fairway::store
